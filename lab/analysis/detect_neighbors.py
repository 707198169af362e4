"""Detectors that ask the neighbours: does the given label occur among the nearest rows?"""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.analysis.detect_evidence import Evidence, Given, by_prediction
from lab.analysis.detect_scales import count_labels
from lab.core.checks import check_integer
from lab.neighbors import NeighborTable

ROUNDS = 21  # of SimiFeat's votes


def agreement(given: Given) -> Evidence:
    """The share of the k nearest other rows with the given label."""
    table = _table(given)
    shares = count_labels(given.y[table.idx], given.n_classes).astype(np.float64) / table.k_max
    return by_prediction(shares[np.arange(len(given.y)), given.y], shares, given.y)


def weighted_agreement(given: Given) -> Evidence:
    """The same, a neighbour counting (d_k - d) / (d_k - d_1): the nearest 1, the k-th 0.

    Source: Dudani 1976. Departs from it: where all are as far away, all count alike, as his rule has it for one row.
    """
    table = _table(given)
    dist = table.dist.astype(np.float64)
    reach = dist[:, -1:] - dist[:, :1]
    weights = np.divide(dist[:, -1:] - dist, reach, out=np.ones_like(dist), where=reach > 0)
    cells = np.arange(len(given.y))[:, None] * given.n_classes + given.y[table.idx]
    sums = np.bincount(cells.ravel(), weights=weights.ravel(), minlength=len(given.y) * given.n_classes)
    total = sums.reshape(len(given.y), -1)
    shares = total / total.sum(axis=1, keepdims=True)
    return by_prediction(shares[np.arange(len(given.y)), given.y], shares, given.y)


def similar_features_vote(given: Given) -> Evidence:
    """How often, over random halves of the data, the k nearest by angle vote for the given label.

    Source: SimiFeat-V (Zhu et al. 2022): k = 10, cosine similarity, the majority of 21 rounds. Departs from it: a round
    is a random half of the rows, not a fresh augmentation; the mean share of the given label orders equal votes.
    """
    assert given.near is not None
    n, rng = len(given.y), given.more["rng"]
    k = min(_k(given), max(1, n // 2 - 1))
    table = given.near.table(4 * k, metric="cosine")
    labels, rows = given.y[table.idx], np.arange(n)
    hits, shares = np.zeros(n), np.zeros((n, given.n_classes))
    for _ in range(ROUNDS):
        given.near.tick(0)
        present = np.zeros(n, dtype=bool)
        present[rng.permutation(n)[: n - n // 2]] = True
        listed = present[table.idx]
        first_k = listed & (listed.cumsum(axis=1) <= k)
        votes = count_labels(np.where(first_k, labels, given.n_classes), given.n_classes + 1)[:, :-1]
        hits += votes[rows, given.y] >= votes.max(axis=1)
        shares += votes / np.maximum(votes.sum(axis=1, keepdims=True), 1)
    mean = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
    return Evidence((hits + mean[rows, given.y]) / (ROUNDS + 1), mean, hits <= ROUNDS / 2)


def _k(given: Given) -> int:
    return check_integer("n_neighbors", given.more.get("n_neighbors", 10), 1)


def _table(given: Given) -> NeighborTable:
    """The k nearest other rows; all of them if there are fewer than k."""
    assert given.near is not None
    return given.near.table(_k(given))


def inn(given: Given) -> Evidence:
    """The INN score of `predict_proba` on the rows `x`."""
    from lab.analysis.inn import inn_scores

    names = ("n_neighbors", "n_segments", "precision", "batch_size")
    options: dict[str, Any] = {name: given.more[name] for name in names if name in given.more}
    return Evidence(inn_scores(given.more["predict_proba"], given.more["x"], given.y, given.features, **options))
