"""The compiled loops of the search by groups, private. Why they are right is said in groups.py."""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import njit

from lab.neighbors.kernels import squared_distance

SUBSPACE_ERROR = np.float32(1e-5)  # share of D^2 by which leaving out directions may change a squared distance
ROUNDING_ERROR = np.float32(1e-6)  # share of (D + 2r)^2 by which rounding may
TOO_ROUGH = np.float32(1e-4)  # share of the k-th neighbour's squared distance from which an error matters
NEAR = np.float32(0.05)  # below this share of it, a squared distance is measured directly
LARGEST = np.finfo(np.float32).max
LOW_HALF = np.uint64(2**32 - 1)
LAST = np.uint64(2**64 - 1)  # sorts behind every key


@njit(cache=True, nogil=True)
@no_type_check
def list_keys(reference, queries, starts, largest, centre, score, bound, shift, k, keys):
    """Fill a row of `keys` per query with all reference rows that can be among its k nearest.

    score + shift <= limit picks the rows within sqrt(limit) of a group's centre; bound is D of every group.
    """
    n, d = reference.shape
    candidates, kept = np.empty(n, np.int32), np.empty(n, np.int32)
    norm, estimates = np.empty(n, np.float32), np.empty(n, np.float32)
    directions = min(largest, d)
    basis, shadow = np.empty((directions, d), np.float32), np.empty((directions, n), np.float32)
    offset, away = np.empty((largest, d), np.float32), np.empty(largest, np.float32)
    along = np.empty((largest, directions), np.float32)
    for g in range(len(starts) - 1):
        first, size = starts[g], starts[g + 1] - starts[g]
        radius = _offsets(queries, first, centre[g], offset[:size], away)
        farthest = bound[g] + 2 * radius
        n_candidates = _at_most(score[g], farthest**2 + shift[g], candidates)
        tolerance = SUBSPACE_ERROR / 2 * bound[g] ** 2 / max(farthest, np.float32(1e-30))
        rank = _span(offset[:size], tolerance, basis, along)
        _project(reference, candidates[:n_candidates], centre[g], basis[:rank], norm, shadow)
        estimate = estimates[:n_candidates]
        error = SUBSPACE_ERROR * bound[g] ** 2 + ROUNDING_ERROR * farthest**2
        for i in range(size):
            query = queries[first + i]
            _estimate(norm, shadow, along[i, :rank], away[i], estimate)
            top = _threshold(estimate, k, keys.shape[1], (bound[g] + np.sqrt(away[i])) ** 2 + error)
            if error > TOO_ROUGH * top:
                _measure(query, reference, candidates, estimate)
                top = _threshold(estimate, k, keys.shape[1], top + 2 * error)
            chosen = kept[: _at_most(estimate, top, kept)]
            if len(chosen) > keys.shape[1]:  # more equal ones than fit
                chosen = _below_first(estimate, chosen, top)
            _write(query, reference, candidates, estimate, chosen, NEAR * top, keys[first + i])


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _offsets(queries, first, centre, offset, away):
    """Where a group's queries lie from their centre, and their squared distances from it. Returns: the radius."""
    largest = np.float32(0)
    for i in range(len(offset)):
        total = np.float32(0)
        for j in range(len(centre)):
            step = queries[first + i, j] - centre[j]
            offset[i, j] = step
            total += step * step
        away[i] = total
        largest = max(largest, total)
    return np.sqrt(largest)


@njit(cache=True, nogil=True)
@no_type_check
def _at_most(values, limit, where):
    """Positions of the values <= limit, and how many; without a branch, which the processor would guess wrong often."""
    count = 0
    for m in range(len(values)):
        where[count] = m
        count += values[m] <= limit
    return count


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _span(rest, tolerance, basis, along):
    """Directions that span all rows but for remainders shorter than `tolerance`, and the rows' coordinates in them.

    Gram-Schmidt, always on the row of which most is left; `rest` is consumed. Returns: the number of directions.
    """
    for rank in range(len(basis)):
        farthest, length2 = 0, np.float32(0)
        for i in range(len(rest)):
            left = np.float32(0)
            for j in range(rest.shape[1]):
                left += rest[i, j] ** 2
            if left > length2:
                farthest, length2 = i, left
        if length2 <= tolerance**2:
            return rank
        scale = 1 / np.sqrt(length2)
        for j in range(rest.shape[1]):
            basis[rank, j] = rest[farthest, j] * scale
        for i in range(len(rest)):
            part = np.float32(0)
            for j in range(rest.shape[1]):
                part += rest[i, j] * basis[rank, j]
            along[i, rank] = part
            for j in range(rest.shape[1]):
                rest[i, j] -= part * basis[rank, j]
    return len(basis)


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _project(reference, candidates, centre, basis, norm, shadow):
    """Squared distances of the candidates from the centre, and their coordinates in the basis."""
    step = np.empty_like(centre)
    for m in range(len(candidates)):
        row, total = candidates[m], np.float32(0)
        for j in range(len(centre)):
            step[j] = reference[row, j] - centre[j]
            total += step[j] * step[j]
        norm[m] = total
        for a in range(len(basis)):
            part = np.float32(0)
            for j in range(len(centre)):
                part += step[j] * basis[a, j]
            shadow[a, m] = part


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _estimate(norm, shadow, along, away, estimate):
    for m in range(len(estimate)):
        estimate[m] = norm[m] + away
    for a in range(len(along)):
        row, twice = shadow[a], 2 * along[a]
        for m in range(len(estimate)):
            estimate[m] -= twice * row[m]


@njit(cache=True, nogil=True)
@no_type_check
def _measure(query, reference, candidates, estimate):
    for m in range(len(estimate)):
        estimate[m] = squared_distance(query, reference[candidates[m]])


@njit(cache=True, nogil=True)
@no_type_check
def _threshold(values, k, most, guess):
    """A limit that at least k values and, unless too many are equal, at most `most` values do not exceed."""
    low, high, n = np.float32(-1), np.float32(guess), _count(values, guess)
    if n < k:
        high, n = LARGEST, len(values)
    while n > most:
        middle = (low + high) / 2
        if middle <= low or middle >= high:
            break
        count = _count(values, middle)
        if count < k:
            low = middle
        else:
            high, n = middle, count
    return high


@njit(cache=True, nogil=True)
@no_type_check
def _count(values, limit):
    count = np.int32(0)
    for m in range(len(values)):
        count += values[m] <= limit
    return count


@njit(cache=True, nogil=True)
@no_type_check
def _below_first(values, positions, limit):
    """The same positions, in the same order but for those of values at the limit, which come last."""
    out, n = np.empty_like(positions), 0
    for at_limit in (False, True):
        for m in positions:
            if (values[m] >= limit) == at_limit:
                out[n] = m
                n += 1
    return out


@njit(cache=True, nogil=True)
@no_type_check
def _write(query, reference, candidates, estimate, chosen, near, keys):
    n = min(len(chosen), len(keys))
    for i in range(n):
        row, d2 = candidates[chosen[i]], estimate[chosen[i]]
        if d2 < near:
            d2 = squared_distance(query, reference[row])
        bits = np.float32(d2).view(np.uint32)  # of non-negative floats, in the order of the floats
        keys[i] = (np.uint64(bits) << np.uint64(32)) | np.uint64(row)
    for i in range(n, len(keys)):
        keys[i] = LAST


@njit(cache=True, nogil=True)
@no_type_check
def unpack(keys, rows, unit, idx, dist):
    """Write the first keys of each row to rows `rows` of idx and dist."""
    for i in range(len(rows)):
        key, numbers, lengths = keys[i], idx[rows[i]], dist[rows[i]]
        for j in range(len(numbers)):
            numbers[j] = key[j] & LOW_HALF
        for j in range(len(numbers)):
            lengths[j] = np.sqrt(np.uint32(key[j] >> np.uint64(32)).view(np.float32)) * unit
