"""The compiled loops, private. Marked @no_type_check: numba can not cache what the tests' type checker wraps."""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import njit

VOTE = np.int64(2**32)  # what one neighbour adds to its label's score; a lead within a tie is less than that

# Below this share of |query|^2, |q|^2 + |r|^2 - 2 q.r has lost so many digits that the difference is taken directly.
CANCELLATION = np.float32(1e-2)
EPSILON = np.float32(2.0**-23)
EQUAL = np.float32(1 - 2e-5)  # squared distances as close as this count as equal


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
def settle_lists(found, d2, queries, reference, own, idx, out, thorough):
    """Turn what a float32 matrix search found into the nearest rows, by (distance, index), own row left out.

    found, d2: some more than wanted, nearest first. Close ones are measured again; where even the last found is not
    clearly farther than the last wanted, rounding may have kept a nearer row from the list, and all rows are measured
    if `thorough`.
    own: the reference row that each query is itself, or -1.
    """
    n, d = reference.shape
    rounding = EPSILON * (4 + np.float32(np.sqrt(d)))
    for i in range(len(found)):
        query, rows, distances = queries[i], idx[i], out[i]
        norm, last, filled = squared_norm(query), d2[i, -1], 0
        own_row = own[i]
        for j in range(found.shape[1]):
            row, distance = found[i, j], d2[i, j]
            if distance < CANCELLATION * norm:
                distance = squared_distance(query, reference[row])
            if row != own_row:
                filled = _insert(row, distance, rows, distances, filled)
        unseen = max(last - rounding * (norm + last), np.float32(0))
        if thorough and found.shape[1] < n and distances[-1] * EQUAL > unseen:
            filled = 0
            for row in range(n):
                if row != own_row:
                    filled = _insert(row, squared_distance(query, reference[row]), rows, distances, filled)


@njit(cache=True, nogil=True)
@no_type_check
def _insert(row, distance, rows, distances, filled):
    """Insert into lists that are full with as many as they have room for. Returns: how many they hold now."""
    at = filled
    if filled == len(rows):
        at -= 1
        if distance > distances[at] or (distance == distances[at] and row > rows[at]):
            return filled
    while at > 0 and (distances[at - 1] > distance or (distances[at - 1] == distance and rows[at - 1] > row)):
        distances[at] = distances[at - 1]
        rows[at] = rows[at - 1]
        at -= 1
    distances[at] = distance
    rows[at] = row
    return min(filled + 1, len(rows))


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
def counts(idx, y, k, out):
    """out[i, c] = how many of the first k neighbours of query i carry label c."""
    for i in range(len(idx)):
        for c in range(out.shape[1]):
            out[i, c] = 0
        for j in range(k):
            out[i, y[idx[i, j]]] += 1


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
