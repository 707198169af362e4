"""The lab's own detector: a label must be believed by its neighbourhood at every scale, up to the size of its class.

Ten neighbours catch errors that are spread. They miss errors that sit together, because these confirm one another; only
a neighbourhood much larger than such a patch shows that it lies within another class. So the label's margin is taken
among 10, 20, 40, ... neighbours, and the worst of them counts most.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Float64, Int
from numpy import ndarray

from lab.analysis.detect_evidence import Evidence, Given, by_prediction, margin
from lab.neighbors import Neighborhoods, as_neighborhoods

FINEST = 10
DIRECT = 160  # neighbours searched among all rows; for wider views the rows are thinned, which sees as far for less
THINNED = 80  # neighbours among the thinned rows
STEEPNESS = 4.0  # of the soft minimum: 0 is the mean over the scales, infinity the worst of them
AT_ONCE = 2**22  # labels counted at a time


def judge(given: Given) -> Evidence:
    """Margins of the given label at every scale, drawn together by a soft minimum into [0, 1]; below 1/2 is an issue.

    Neighbours' shares and given probabilities are mixed first, with the weight under which they predict given labels
    best (both are held out). Without features, the margin of the probabilities is all there is.
    """
    if given.near is None:
        assert given.pred_probs is not None
        return by_prediction((1 + margin(given.pred_probs, given.y)) / 2, given.pred_probs, given.y)
    class_sizes = np.bincount(given.y, minlength=given.n_classes)
    ks = scales(len(given.y), int(class_sizes.max()))
    shares = shares_at(given.near, given.y, given.n_classes, ks, given.more["rng"])
    if given.pred_probs is not None:
        weight = np.float32(best_weight(given, ks, shares))
        shares = [weight * given.pred_probs.astype(np.float32) + (1 - weight) * share for share in shares]
    own_size = class_sizes[given.y]
    total, mean, n_seen = np.zeros(len(given.y)), np.zeros_like(shares[0], dtype=np.float64), np.zeros(len(given.y))
    for k, share in zip(ks, shares, strict=True):
        seen = (own_size >= k) | (k == ks[0])  # a class can not fill more neighbours than it has members
        total += seen * np.exp(-STEEPNESS * margin(share, given.y))
        mean += seen[:, None] * share
        n_seen += seen
    score = (1 - np.log(total / n_seen) / STEEPNESS) / 2
    return Evidence(score, mean / n_seen[:, None], score < 0.5)


def scales(n: int, largest_class: int) -> list[int]:
    """10, 20, 40, ... up to the size of the largest class; at least one, and never more than n - 1."""
    ks = [min(FINEST, n - 1)]
    while 2 * ks[-1] <= min(largest_class, n - 1):
        ks.append(2 * ks[-1])
    return ks


def shares_at(
    features: ndarray | Neighborhoods, y: Int[ndarray, " n"], n_classes: int, ks: list[int], rng: np.random.Generator
) -> list[Float32[ndarray, "n c"]]:
    """The share of every label among each row's k nearest other rows, for each of the ascending `ks`.

    Beyond 160 neighbours it is estimated from 80 among rows thinned at random, so that n^2 / 2 distances do for all.
    """
    near, direct = as_neighborhoods(features), [k for k in ks if k <= DIRECT]
    table = near.table(direct[-1])
    counts, done, found = np.zeros((len(y), n_classes), dtype=np.float32), 0, []
    for k in direct:
        counts = counts + count_labels(y[table.idx[:, done:k]], n_classes)
        done = k
        found.append(counts / np.float32(k))
    for k in ks[len(direct) :]:
        idx = near.thinned(max(THINNED + 1, round(len(y) * THINNED / k)), THINNED + 1, rng)
        found.append(count_labels(y[_without_own_row(idx)], n_classes) / np.float32(THINNED))
    return found


def _without_own_row(idx: Int[ndarray, "n k_and_1"]) -> Int[ndarray, "n k"]:
    """One neighbour fewer: the row itself where it is listed, else the last."""
    own = idx == np.arange(len(idx))[:, None]
    own[~own.any(axis=1), -1] = True
    return idx[~own].reshape(len(idx), -1)


def count_labels(labels: Int[ndarray, "n k"], n_classes: int) -> Float32[ndarray, "n c"]:
    """How often each label occurs in each row."""
    out = np.empty((len(labels), n_classes), dtype=np.float32)
    step = max(1, AT_ONCE // max(1, labels.shape[1]))
    for start in range(0, len(labels), step):
        some = labels[start : start + step]
        cells = np.arange(len(some))[:, None] * n_classes + some
        out[start : start + step] = np.bincount(cells.ravel(), minlength=len(some) * n_classes).reshape(len(some), -1)
    return out


def best_weight(given: Given, ks: list[int], shares: list[Float32[ndarray, "n c"]]) -> float:
    """The weight of the probabilities in a mixture with the best scale's shares that makes given labels likeliest.

    Source: stacking (Wolpert 1992), by expectation and maximisation over one weight.
    """
    assert given.pred_probs is not None
    rows = np.arange(len(given.y))
    smooth = [(k * s[rows, given.y] + 1 / given.n_classes) / (k + 1) for k, s in zip(ks, shares, strict=True)]
    by_share = max(smooth, key=lambda p: np.log(p).mean())
    by_model = given.pred_probs[rows, given.y].astype(np.float64).clip(1e-6)
    return mixing_weight(by_model, by_share.astype(np.float64))


def mixing_weight(first: Float64[ndarray, " n"], second: Float64[ndarray, " n"]) -> float:
    """w that maximises the mean of log(w first + (1 - w) second)."""
    weight = 0.5
    for _ in range(100):
        mixed = weight * first
        weight = float((mixed / (mixed + (1 - weight) * second)).mean())
    return weight


def average(given: Given) -> Evidence:
    """The mean share of the given label over the same scales: agreement averaged over several k."""
    assert given.near is not None
    ks = scales(len(given.y), int(np.bincount(given.y).max()))
    shares = np.stack(shares_at(given.near, given.y, given.n_classes, ks, given.more["rng"]))
    mean: ndarray = shares.mean(axis=0, dtype=np.float64)
    return by_prediction(mean[np.arange(len(given.y)), given.y], mean, given.y)
