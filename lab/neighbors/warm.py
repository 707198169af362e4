"""Compile the kernels, or load them from the disk cache, before somebody waits for them."""

from __future__ import annotations

import numpy as np

from lab.neighbors.groups import search_grid
from lab.neighbors.table import NeighborTable


def warm_up() -> None:
    """Run every kernel once on a few numbers: about 10 s on the first start after an installation, then 0.5 s."""
    features = np.arange(12, dtype=np.float32).reshape(6, 2)
    search_grid(features, features, (2, 3))
    table = NeighborTable.build(features)
    table.votes(np.zeros(6, dtype=np.int64), 2)
    table.votes_at(np.zeros(6, dtype=np.int64), 2, 1)
    table.predict_all(np.zeros(6, dtype=np.int64), 2)
