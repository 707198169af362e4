"""Rows and who is near them, for many questions about the same rows: every search is made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from lab.core.checks import check_integer
from lab.neighbors.search import check_features
from lab.neighbors.table import NeighborTable

THOROUGH = (
    20_000  # rows up to which even ties that rounding decides are settled; beyond, thousands of equal rows stall it
)


class Neighborhoods:
    """Features with the searches that they have been through; whatever takes features for neighbours takes this too.

    Args:
        features: `(n, d)`.
        ahead: neighbours that the first search looks for, so that longer lists serve shorter ones; as many as there are
            if fewer.
    Attributes:
        tick: called often while a search runs, with the rows that were searched for since the last time; it may raise to
            stop. Longer computations over the same rows may call it with 0.
    Raises: ValueError as `lab.neighbors.search.check_features` does.
    """

    def __init__(self, features: Any, *, ahead: int = 1) -> None:
        self.features = check_features("features", features)
        self._ahead = check_integer("ahead", ahead, 1)
        self.tick: Callable[[int], object] = lambda rows: None
        self._tables: dict[str, NeighborTable] = {}
        self._thinned: dict[tuple[int, int], Int[ndarray, "n k"]] = {}

    def __len__(self) -> int:
        return len(self.features)

    def table(self, k: int, metric: str = "l2") -> NeighborTable:
        """The k nearest other rows of each row; fewer only where there are not so many rows."""
        k = min(check_integer("k", k, 1), max(1, len(self) - 1))
        known = self._tables.get(metric)
        if known is None or known.k_max < k:
            wide = max(k, min(self._ahead, len(self) - 1)) if metric == "l2" else k
            known = self._tables[metric] = self._search(None, self.features, k_max=wide, metric=metric)
        return known if known.k_max == k else NeighborTable(known.idx[:, :k], known.dist[:, :k], known.n_reference)

    def thinned(self, size: int, k: int, rng: np.random.Generator) -> Int[ndarray, "n k"]:
        """Row numbers of the k nearest among `size` rows drawn at random, once; a row may be in its own list."""
        if (size, k) not in self._thinned:
            kept = np.sort(rng.choice(len(self), size=size, replace=False))
            found = self._search(self.features[kept], self.features, k_max=k).idx
            self._thinned[size, k] = kept[found].astype(np.int32)
        return self._thinned[size, k]

    def _search(self, reference: ndarray | None, features: ndarray, **how: Any) -> NeighborTable:
        thorough = len(self) <= THOROUGH
        first, queries = (features, None) if reference is None else (reference, features)
        return NeighborTable.build(first, queries, tick=self.tick, thorough=thorough, **how)


def as_neighborhoods(features: Any) -> Neighborhoods:
    """Features that may have been searched already, as `Neighborhoods`."""
    return features if isinstance(features, Neighborhoods) else Neighborhoods(features)
