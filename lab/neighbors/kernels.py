"""The compiled loops, private. Marked @no_type_check: numba can not cache what the tests' type checker wraps."""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import njit

VOTE = np.int64(2**32)  # what one neighbour adds to its label's score; a lead within a tie is less than that

# Below this share of |query|^2, |q|^2 + |r|^2 - 2 q.r has lost so many digits that the difference is taken directly.
CANCELLATION = 1e-2


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def squared_distance(a, b):
    total = np.float32(0)
    for j in range(a.shape[0]):
        total += (a[j] - b[j]) ** 2
    return total


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def squared_norm(a):
    total = np.float32(0)
    for j in range(a.shape[0]):
        total += a[j] ** 2
    return total


@njit(cache=True, nogil=True)
@no_type_check
def tidy_lists(found, d2, queries, reference, own, idx, out):
    """The best of each query's list into idx and out: own row dropped, close ones measured, by (distance, index).

    found, d2: what a search found, some more than wanted; with own >= 0 query i is itself reference row own + i.
    """
    rows, distances = np.empty(found.shape[1], np.int64), np.empty(found.shape[1], np.float32)
    for i in range(len(found)):
        query = queries[i]
        close = CANCELLATION * squared_norm(query)
        filled = 0
        for j in range(found.shape[1]):
            row, distance = found[i, j], d2[i, j]
            if row == own + i and own >= 0:
                continue
            if distance < close:
                distance = squared_distance(query, reference[row])
            at = filled
            while at > 0 and (distances[at - 1] > distance or (distances[at - 1] == distance and rows[at - 1] > row)):
                distances[at] = distances[at - 1]
                rows[at] = rows[at - 1]
                at -= 1
            distances[at] = distance
            rows[at] = row
            filled += 1
        idx[i] = rows[: idx.shape[1]]
        out[i] = distances[: idx.shape[1]]


@njit(cache=True, nogil=True)
@no_type_check
def running_counts(idx, y, out):
    """out[i, j, c] = how many of the first j + 1 neighbours of query i carry label c."""
    n, k = idx.shape
    n_classes = out.shape[2]
    for i in range(n):
        for c in range(n_classes):
            out[i, 0, c] = 0
        for j in range(k):
            if j > 0:
                for c in range(n_classes):
                    out[i, j, c] = out[i, j - 1, c]
            out[i, j, y[idx[i, j]]] += 1


@njit(cache=True, nogil=True)
@no_type_check
def running_labels(idx, y, bonus, nearest, out):
    """out[i, j] = the label most frequent among the first j + 1 neighbours of query i.

    bonus: (1 or n, n_classes) in [0, VOTE), less than one vote: of tied labels the one with the largest wins.
    nearest: the label that occurred first wins instead; bonus is then all zero.
    """
    n, k = idx.shape
    score = np.empty(bonus.shape[1], np.int64)
    for i in range(n):
        score[:] = bonus[i % len(bonus)]
        best, best_score = y[0], np.int64(-1)
        for j in range(k):
            label = y[idx[i, j]]
            new = score[label] + VOTE
            if nearest and new == VOTE:
                new -= j
            score[label] = new
            if new > best_score:
                best, best_score = label, new
            out[i, j] = best
