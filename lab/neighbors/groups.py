"""Exact neighbours of queries that come in groups lying close together, several times faster than one by one.

Let c be the mean of a group, r its radius, and D the distance from c to its k-th neighbour. By the triangle inequality
every one of the k nearest of every query of the group lies within D + 2r of c, which leaves few candidates. Where a
network is nearly affine on a small patch, the queries of a group also differ in few directions: in the subspace of
these, a distance to a candidate costs a few multiplications, and its error is known. Nothing is assumed of the
features: where they vary wildly there are more candidates and more directions, and the answer is the same, later.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float32, Int64, UInt64
from numpy import ndarray

from lab.core.checks import check_integer, check_labels, require
from lab.neighbors import group_kernels
from lab.neighbors.search import check_pair, comparable
from lab.neighbors.table import NeighborTable, check_k_max

SIDE = 6  # cells along the side of a grid's groups
AT_ONCE = 2048  # queries; bounds the memory
ROUNDING = 2e-7  # of float32, with a margin


def search_grid(reference: Any, features: Any, shape: tuple[int, int], *, k_max: int | None = None) -> NeighborTable:
    """The table of `NeighborTable.build(reference, features)`, for the cells of a regular grid under a smooth network.

    Args:
        reference: features `(n, d)`.
        features: features of the cells, `(rows * columns, d)`, row by row.
        shape: rows and columns of the grid.
        k_max: neighbours per cell; None is 101, or as many as there are.
    Raises: ValueError as `NeighborTable.build` does, or if `shape` does not fit `features`.
    """
    height, width = (check_integer("shape", side, 1) for side in shape)
    require(height * width == len(features), "shape", f"rows and columns of {len(features)} cells", tuple(shape))
    row, column = np.divmod(np.arange(height * width), width)
    groups_per_row = -(-width // SIDE)
    return search_groups(reference, features, (row // SIDE) * groups_per_row + column // SIDE, k_max=k_max)


def search_groups(reference: Any, queries: Any, group: Any, *, k_max: int | None = None) -> NeighborTable:
    """The table of `NeighborTable.build(reference, queries)`, faster where queries of one group lie close together.

    Args:
        reference: features `(n, d)`.
        queries: features `(m, d)`.
        group: `(m,)`, which group a query belongs to; groups of 20 to 100 are good, any answer alike.
        k_max: neighbours per query; None is 101, or as many as there are.
    Raises: ValueError as `NeighborTable.build` does, or if `group` is not one index >= 0 per query.
    """
    reference, queries = check_pair(reference, queries)
    group = check_labels("group", group)
    require(len(group) == len(queries), "group", f"{len(queries)} indices, one per query", len(group))
    k_max = check_k_max(k_max, len(reference))
    reference, queries, unit = comparable(reference, queries, "l2")
    idx = np.empty((len(queries), k_max), dtype=np.int32)
    dist = np.empty((len(queries), k_max), dtype=np.float32)
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group)
    starts = np.concatenate([[0], np.cumsum(sizes[sizes > 0])])
    while len(starts) > 1:
        n_groups = max(1, int(np.searchsorted(starts, starts[0] + AT_ONCE, side="right")) - 1)
        part, starts = starts[: n_groups + 1], starts[n_groups:]
        rows = order[part[0] : part[-1]]
        keys = _nearest_keys(reference, queries[rows], part - part[0], k_max)
        group_kernels.unpack(keys, rows, np.float32(unit), idx, dist)
    return NeighborTable(idx, dist, len(reference))


def _nearest_keys(
    reference: Float32[ndarray, "n d"],
    queries: Float32[ndarray, "m d"],
    starts: Int64[ndarray, " groups_and_1"],
    k: int,
) -> UInt64[ndarray, "m width"]:
    """One sortable number per neighbour, squared distance before row number; in order, the first k of a row count."""
    sizes = np.diff(starts)
    centre = np.add.reduceat(queries, starts[:-1], axis=0) / sizes[:, None].astype(np.float32)
    norm, centre_norm = np.square(reference).sum(axis=1), np.square(centre).sum(axis=1)
    score = centre @ (-2 * reference.T)
    score += norm  # |c - r|^2 - |c|^2
    slack = ROUNDING * reference.shape[1] * (centre_norm + norm.max())
    kth = np.partition(score, k - 1, axis=1)[:, k - 1] + centre_norm
    bound = np.sqrt(kth.clip(0) + slack)  # from the centre to its k-th neighbour
    keys = np.empty((len(queries), k + k // 4), dtype=np.uint64)
    group_kernels.list_keys(
        reference, queries, starts, int(sizes.max()), centre, score, bound, slack - centre_norm, k, keys
    )
    keys.sort(axis=1)
    return keys
