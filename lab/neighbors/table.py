"""The neighbours of every query, and what they vote for every k up to k_max, from one search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int, Int32, Integer, UInt
from numpy import ndarray

from lab.core.checks import check_choice, check_integer, check_labels, require
from lab.neighbors import kernels
from lab.neighbors.scaling import z_scored
from lab.neighbors.search import METRICS, check_pair, comparable, nearest

DEFAULT_K_MAX = 101
TIES = ("nearest", "lowest", "random")


@dataclass(frozen=True, eq=False, slots=True)
class NeighborTable:
    """The k_max nearest reference rows of every query, nearest first; equally near rows in order of index.

    Attributes:
        idx: row numbers of the reference.
        dist: plain (not squared) L2 distances, or 1 - cos in [0, 2] for the cosine metric.
        n_reference: rows of the reference, so that the labels of another set are refused.
    """

    idx: Int[ndarray, "n k_max"]
    dist: Float32[ndarray, "n k_max"]
    n_reference: int

    @classmethod
    def build(
        cls,
        reference: Any,
        queries: Any = None,
        *,
        k_max: int | None = None,
        metric: str = "l2",
        z_score: bool = False,
        own: Any = None,
        device: Any = "cpu",
        tick: Callable[[int], object] | None = None,
        thorough: bool = True,
    ) -> NeighborTable:
        """Exact search.

        Args:
            reference: features `(n, d)`; any real numbers up to 1e38, computed with in float32.
            queries: features `(m, d)`; None searches for the reference rows themselves, none being its own
                neighbour (identical rows are each other's neighbours at distance 0).
            k_max: neighbours per query; None is 101, or as many as there are.
            metric: "l2", or "cosine", for which a row of zeros is at right angles to all but its like.
            z_score: first bring every feature to mean 0 and standard deviation 1 over the reference; one that is
                constant there becomes 0. Without it the features are compared as they are, as in the paper.
            own: `(m,)`, the reference row that each query is, which is then not its neighbour; -1 for none.
            device: "cpu" searches with faiss, anything else with torch on that device.
            tick: called often, with the number of queries answered since the last time; it may raise to stop.
            thorough: False leaves it to rounding which of nearly equal distances count as the k-th; faster where many
                rows are alike.
        Raises: ValueError if an array is not 2-D, finite and of matching width, if k_max exceeds the rows there are
            (one fewer in a self-search), or if `own` is not one row number per query.
        """
        check_choice("metric", metric, METRICS)
        self_search = queries is None
        reference, queries = check_pair(reference, queries)
        own = _own_rows(own, len(reference), len(queries), self_search)
        k_max = check_k_max(k_max, len(reference) - (own is not None))
        if z_score:
            reference, queries = z_scored(reference, queries)
        reference, queries, unit = comparable(reference, queries, metric)
        idx, d2 = nearest(reference, queries, k_max, own=own, device=device, tick=tick, thorough=thorough)
        return cls(idx, plain_distances(d2, metric, unit), len(reference))

    @property
    def k_max(self) -> int:
        """The largest k this table can answer."""
        return self.idx.shape[1]

    def votes(self, y: Any, n_classes: int) -> UInt[ndarray, "n k_max c"]:
        """How many of the first k neighbours carry each label, for every k; `[:, k - 1]` holds the votes of k.

        Takes n * k_max * n_classes bytes (twice that if k_max > 255); `votes_at` takes no more than its answer.

        Args:
            y: labels of the reference rows, `(n_reference,)`, each in [0, n_classes).
        Raises: ValueError if `y` is not that.
        """
        y = self._labels(y, n_classes)
        out = np.empty((*self.idx.shape, n_classes), dtype=np.min_scalar_type(self.k_max))
        kernels.running_counts(self._rows(), y, out)
        return out

    def votes_at(self, y: Any, n_classes: int, k: int) -> UInt[ndarray, "n c"]:
        """The votes of one k: `votes(y, n_classes)[:, k - 1]`; arguments and errors as there."""
        k = check_integer("k", k, 1, self.k_max)
        y = self._labels(y, n_classes)
        out = np.empty((len(self.idx), n_classes), dtype=np.min_scalar_type(self.k_max))
        kernels.counts(self._rows(), y, k, out)
        return out

    def with_self(self) -> NeighborTable:
        """The table of a self-search with every row in front of its own list, one neighbour longer.

        Raises: ValueError if the table is not that of a self-search.
        """
        n = len(self.idx)
        require(n == self.n_reference, "table", f"a self-search of {self.n_reference} rows", f"{n} queries")
        own = np.arange(n, dtype=self.idx.dtype)[:, None]
        require(not (self.idx == own).any(), "table", "without the rows themselves", "one that lists them")
        dist = np.concatenate([np.zeros((n, 1), dtype=np.float32), self.dist], axis=1)
        return NeighborTable(np.concatenate([own, self.idx], axis=1), dist, n)

    def predict(
        self, y: Any, k: int, *, ties: str = "nearest", rng: np.random.Generator | None = None
    ) -> Int[ndarray, " n"]:
        """The plurality label among the first k neighbours; arguments as in `predict_all`."""
        k = check_integer("k", k, 1, self.k_max)
        y = check_labels("y", y)
        first_k = NeighborTable(self.idx[:, :k], self.dist[:, :k], self.n_reference)
        return first_k.predict_all(y, int(y.max(initial=0)) + 1, ties=ties, rng=rng)[:, -1].astype(np.int64)

    def predict_all(
        self, y: Any, n_classes: int, *, ties: str = "nearest", rng: np.random.Generator | None = None
    ) -> Integer[ndarray, "n k_max"]:
        """The plurality label for every k in one pass; column k - 1 is the answer of k.

        Args:
            y: labels of the reference rows, `(n_reference,)`, each in [0, n_classes).
            ties: which of the tied labels wins: "nearest", the one whose first occurrence is closest; "lowest";
                or "random": each query draws from `rng` its own order of preference, for all k.
        Returns: labels in the smallest unsigned integers that hold them.
        Raises: ValueError if `y` or `ties` is not that, or if "random" comes without an `rng`.
        """
        y = self._labels(y, n_classes)
        check_choice("ties", ties, TIES)
        require(ties != "random" or rng is not None, "rng", "a numpy Generator for random ties", rng)
        if ties == "lowest":
            bonus = np.arange(n_classes, dtype=np.int64)[None, ::-1]
        elif rng is not None and ties == "random":
            bonus = rng.integers(kernels.VOTE, size=(len(self.idx), n_classes))
        else:
            bonus = np.zeros((1, n_classes), dtype=np.int64)
        out = np.empty(self.idx.shape, dtype=y.dtype)
        kernels.running_labels(self._rows(), y, np.ascontiguousarray(bonus), ties == "nearest", out)
        return out

    def _rows(self) -> Int32[ndarray, "n k_max"]:
        """`idx` in the one layout that the kernels are compiled for, however the table was made."""
        return np.ascontiguousarray(self.idx, dtype=np.int32)

    def _labels(self, y: Any, n_classes: int) -> UInt[ndarray, " n_reference"]:
        """The checked labels in as few bytes as they need, so that they stay in the fastest cache."""
        n_classes = check_integer("n_classes", n_classes, 1)
        y = check_labels("y", y, n_classes)
        require(len(y) == self.n_reference, "y", f"{self.n_reference} labels, one per reference row", len(y))
        return y.astype(np.min_scalar_type(n_classes - 1))


def _own_rows(own: Any, n_reference: int, n_queries: int, self_search: bool) -> Int32[ndarray, " m"] | None:
    """The row that each query is: all of them in a self-search, or as told."""
    if self_search:
        require(own is None, "own", "left out in a self-search, where it is known", own)
        return np.arange(n_reference, dtype=np.int32)
    if own is None:
        return None
    own = np.asarray(own)
    require(own.shape == (n_queries,), "own", f"{n_queries} row numbers, one per query", own.shape)
    require(own.size == 0 or np.issubdtype(own.dtype, np.integer), "own", "integers", own.dtype)
    for row in (int(own.min(initial=-1)), int(own.max(initial=-1))):
        require(-1 <= row < n_reference, "own", f"in [-1, {n_reference - 1}]", row)
    return own.astype(np.int32)


def plain_distances(d2: Float32[ndarray, "n k"], metric: str, unit: float) -> Float32[ndarray, "n k"]:
    """Squared distances between `comparable` rows as the caller knows them: 1 - cos, or L2 in the caller's unit."""
    return d2 / 2 if metric == "cosine" else np.sqrt(d2) * np.float32(unit)


def check_k_max(k_max: int | None, n_others: int) -> int:
    if k_max is None:
        return min(DEFAULT_K_MAX, n_others)
    return check_integer("k_max", k_max, 1, n_others)
