"""An approximate graph of who is near whom among many rows, and how much of the exact one it has.

Rows are grouped around centres (k-means); each group is searched, by one matrix product, among the rows of the groups
whose centres are nearest to its own. What that saves grows with the number of rows (`lab bench neighbors`); below some
600 rows all groups are near enough, and the graph is exact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Int32, Int64
from numpy import ndarray

from lab.core.checks import check_choice, check_integer
from lab.core.threads import threads
from lab.neighbors import kernels
from lab.neighbors.scaling import z_scored
from lab.neighbors.search import METRICS, allowed_threads, always_blas, check_pair, comparable, nearest
from lab.neighbors.table import NeighborTable, check_k_max, plain_distances

ROUNDS = 6  # of k-means
PER_CENTRE = 64  # rows that k-means looks at
SAME = np.float32(1 + 2e-5)  # squared distances as close as this count as equal


class ApproximateGraph(NamedTuple):
    """recall: share of the exact neighbours that the table lists, ties counted as found, among `n_checked` rows."""

    table: NeighborTable
    recall: float
    n_checked: int


def approximate_self_graph(
    reference: Any,
    *,
    rng: np.random.Generator,
    k_max: int = 10,
    metric: str = "l2",
    z_score: bool = False,
    effort: int = 24,
    n_checked: int = 500,
) -> ApproximateGraph:
    """`NeighborTable.build(reference)` in less time, not quite exact; distances are, and no row is its own neighbour.

    Args:
        reference: features `(n, d)`; also `metric` and `z_score` as in `NeighborTable.build`.
        rng: where the centres start, and which rows are checked.
        k_max: neighbours per row, at most n - 1.
        effort: how many groups' worth of rows each group is compared with; more is slower and nearer to exact.
        n_checked: rows whose neighbours are also searched exactly, to measure the recall.
    Raises: ValueError as `NeighborTable.build` does, or if `effort` or `n_checked` is not a positive integer.
    """
    check_choice("metric", metric, METRICS)
    effort, n_checked = check_integer("effort", effort, 1), check_integer("n_checked", n_checked, 1)
    reference, _ = check_pair(reference, None)
    n = len(reference)
    k_max = check_k_max(k_max, n - 1)
    if z_score:
        reference, _ = z_scored(reference, reference)
    rows, _, unit = comparable(reference, reference, metric)
    n_groups = max(1, round(n**0.5))
    wanted = min(n, max(-(-effort * n // n_groups), 4 * (k_max + 1)))
    idx, d2 = _search(rows, *_groups(rows, n_groups, rng), wanted, k_max)
    checked = rng.permutation(n)[:n_checked].astype(np.int32)
    exact = nearest(rows, rows[checked], k_max, own=checked)[1]
    found = d2[checked] <= exact[:, -1:] * SAME
    return ApproximateGraph(NeighborTable(idx, plain_distances(d2, metric, unit), n), float(found.mean()), len(checked))


def _groups(
    rows: Float32[ndarray, "n d"], n_groups: int, rng: np.random.Generator
) -> tuple[Int64[ndarray, " n"], Int64[ndarray, "g g"]]:
    """The group of each row, and for each group all of them by the distance of their centres."""
    import faiss

    seed = int(rng.integers(2**31 - 1))
    with threads(allowed_threads()):
        means = faiss.Kmeans(
            rows.shape[1],
            n_groups,
            niter=ROUNDS,
            seed=seed,
            min_points_per_centroid=1,
            max_points_per_centroid=PER_CENTRE,
        )
        means.train(rows)
        centres = np.asarray(means.centroids)
        group = faiss.knn(rows, centres, 1)[1][:, 0]
        order = faiss.knn(centres, centres, n_groups)[1]
    return group, order


def _search(
    rows: Float32[ndarray, "n d"], group: Int64[ndarray, " n"], order: Int64[ndarray, "g g"], wanted: int, k: int
) -> tuple[Int32[ndarray, "n k"], Float32[ndarray, "n k"]]:
    """Each group's rows among at least `wanted` rows of the groups next to it."""
    import faiss

    idx, d2 = np.empty((len(rows), k), dtype=np.int32), np.empty((len(rows), k), dtype=np.float32)
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group, minlength=len(order)))[:-1])
    sizes = np.array([len(rows_of_it) for rows_of_it in members])
    with threads(allowed_threads()), always_blas():
        for g in np.flatnonzero(sizes):
            n_near = int(np.searchsorted(np.cumsum(sizes[order[g]]), wanted)) + 1
            near = np.sort(np.concatenate([members[other] for other in {g, *order[g, :n_near].tolist()}]))
            own = np.searchsorted(near, members[g]).astype(np.int32)
            candidates, queries = rows[near], rows[members[g]]
            distance, found = faiss.knn(queries, candidates, min(k + 2, len(near)))
            part = np.empty((len(queries), k), dtype=np.int32), np.empty((len(queries), k), dtype=np.float32)
            kernels.settle_lists(found, distance, queries, candidates, own, *part, True)
            idx[members[g]], d2[members[g]] = near[part[0]], part[1]
    return idx, d2
