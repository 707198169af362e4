"""Who is asked about whom: training rows, the rows a vote is held for, and the neighbours of each, on the inputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Int

from lab.core.rng import numpy_rng
from lab.data.rows import stratified
from lab.data.vision import data_root
from lab.experiments.worker_rows import Rows, choose_rows, flat, needs_files, open_rows, pick
from lab.neighbors.scaling import z_scored
from lab.neighbors.table import NeighborTable
from lab.noise import Clean
from lab.specs.datasets import DATASETS
from lab.specs.labels import DataSource, LabelStudy


@dataclass(frozen=True, eq=False)
class Ground:
    """What a forecast stands on. Labels are the true ones; of data of one's own the given ones, taken as true."""

    source: DataSource
    rows: Rows
    asked: Rows
    own: Int[np.ndarray, " m"] | None  # the training row that each asked row is; None where they are test rows
    table: NeighborTable  # of the asked rows among the training rows

    @property
    def n_classes(self) -> int:
        """L."""
        return len(self.rows.classes)


def ground(source: DataSource, k_max: int, n_test: int) -> Ground:
    """Rows and neighbours; those of the latest few questions are kept.

    Raises: ValueError if the data is not there or has too few rows for `k_max`.
    """
    needs = needs_files(LabelStudy(dataset=source, noise=Clean()))
    return _ground(source, k_max, n_test, str(data_root()) if needs else "")


@lru_cache(maxsize=4)
def _ground(source: DataSource, k_max: int, n_test: int, root: str) -> Ground:
    rows = choose_rows(LabelStudy(dataset=source, noise=Clean()), open_rows(source, root))
    test = open_rows(source, root, "test")
    from_test = len(test.y) > 0
    whole = test if from_test else rows
    chosen = stratified(whole.y, min(n_test, len(whole.y)), rng=numpy_rng(0, "asked"))
    asked, own = pick(whole, chosen), None if from_test else chosen
    table = NeighborTable.build(*features(source, rows, asked), k_max=k_max, own=own)
    return Ground(source, rows, asked, own, table)


def features(
    source: DataSource, rows: Rows, asked: Rows
) -> tuple[Float32[np.ndarray, "n d"], Float32[np.ndarray, "m d"]]:
    """The space in which neighbours are looked for: pixels as they are, columns of a table on one scale."""
    known = DATASETS.get(source.name)
    is_table = rows.x.ndim == 2 if known is None else known.image is None
    x, queries = flat(rows.x), flat(asked.x)
    return z_scored(x, queries) if is_table else (x, queries)
