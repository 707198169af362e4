"""Another way to the neighbours, for comparison: float64, direct differences, a full sort."""

from __future__ import annotations

import numpy as np


def all_distances(reference, queries, own=False):
    reference, queries = np.asarray(reference, np.float64), np.asarray(queries, np.float64)
    dist = np.sqrt(((queries[:, None] - reference[None]) ** 2).sum(axis=2))
    if own:
        np.fill_diagonal(dist, np.inf)
    return dist


def assert_exact(table, reference, queries, own=False, tolerance=1e-5):
    """The table lists the rows that brute force lists; a row may stand for another that is as far away.

    tolerance: what counts as equally far, as a share of the distance to the last neighbour; besides, coordinates
        are float32, so that nothing is known to better than some 1e-7 of the largest distance.
    Returns: the share of entries that name the very same row.
    """
    dist = all_distances(reference, queries, own)
    order = np.argsort(dist, axis=1, kind="stable")[:, : table.k_max]
    expected = np.take_along_axis(dist, order, axis=1)
    listed = np.take_along_axis(dist, table.idx.astype(np.int64), axis=1)
    allowed = tolerance * expected[:, -1:] + 4e-7 * dist.max(axis=1, keepdims=True, where=np.isfinite(dist), initial=0)
    assert (np.abs(listed - expected) <= allowed).all()
    assert (np.abs(table.dist - listed) <= 10 * allowed).all()
    assert (np.diff(table.dist, axis=1) >= 0).all()
    assert all(len(set(row)) == table.k_max for row in table.idx.tolist())
    return (table.idx == order).mean()
