"""The compiled loops behind plurality.py: one row = one sample.

A *slot* is one way for the correct label to win: a number of votes `a` and, if ties are drawn at random, one node of the
integral over the draw. Its running product over the rivals is a complex number at each contour point: a slot with n votes
is multiplied by each rival's F(n) = sum of p(m) z**m over m < n, which walks upward in n beside the slots. The points come
in blocks, few enough for a block's products to stay in the processor's fastest memory while all rivals are met; rows of
complex numbers hold the real parts of a block first.

The loops are marked @no_type_check: numba can not cache what the tests' type checker wraps. They stand in one file: numba
compiles anew when the file of a function changes, but not when a file of what it calls does.
"""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from numba import njit

POINTS = 40  # of a block: whole vector registers, and its rows fit in 32 kB up to K = 100
SPARE = 5  # rows behind the last, which a stride of four may touch
NEGLIGIBLE = 1e-16  # a slot that can not add more than this is left out
ENDED = 1e-17  # a rival's probability of one more vote, beyond which its factor no longer changes
FAR = 12.0  # standard deviations below the mean: exp(-72)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def poisson(n, rate):
    """P(Poisson(rate) = n) to a few units in the last place, by the saddle point where a factorial would overflow."""
    if n < 16:
        p = math.exp(-rate)
        for i in range(1, n + 1):
            p *= rate / i
        return p
    stirling = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * n * n)) / (n * n)) / (n * n)) / n
    off = (rate - n) / n
    return math.exp(-n * (off - math.log1p(off)) - stirling) / math.sqrt(2 * math.pi * n)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _first_count(rate):
    """Below this many votes nothing is counted; 0 until exp(-rate) would come near underflow."""
    return 0 if rate < 300 else int(rate - FAR * math.sqrt(rate))


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _fill_poisson(rate, out):
    out[:] = 0
    start = _first_count(rate)
    if start >= len(out):
        return
    p = poisson(start, rate)
    for n in range(start, len(out)):
        out[n] = p
        p *= rate / (n + 1)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def win_probabilities(own, rivals, low, rate, circle, reading, totals, sizes, nodes, weights, out):
    """P(the correct label wins) for each row and each K from `low`.

    `own` and the absolute values of `rivals` are probabilities; a rival's sign says whether a tie with it is lost (+) or
    won (-). If `sizes` holds quadrature rules, ties are drawn at random and all signs are +.
    `circle[block]` holds the rows z**a of the block's points and `reading[block, K - low]` reads K's coefficient from
    them, real parts first.
    """
    high, random = low + len(totals) - 1, len(sizes) > 0
    top = high // 2
    n_slots = 0
    for a in range(1, top + 1):
        n_slots += _rule(_exact_size(high, a, rivals.shape[1]), sizes)[1]
    first = np.zeros(top + 2, dtype=np.int64)
    share, weight = np.zeros(n_slots), np.zeros(n_slots)
    products, pending = np.zeros((n_slots + SPARE) * 2 * POINTS), np.zeros((n_slots + 1) * 2 * POINTS)
    is_pending = np.zeros(n_slots + 1, dtype=np.bool_)
    sums, factor = np.empty(2 * POINTS), np.empty(2 * POINTS)
    votes, others, bound = np.empty(high + 1), np.empty(high + 1), np.empty((3, top + 1))
    met, pmf = np.empty((rivals.shape[1], 3), dtype=np.int64), np.empty((rivals.shape[1], top + 1 + SPARE))
    inverse = 1 / np.arange(1, top + 2 + SPARE)
    for row in range(len(own)):
        rest = np.abs(rivals[row]).sum()
        _fill_poisson(rate * own[row], votes)
        _fill_poisson(rate * rest, others)
        _majority(own[row], low, top, votes, others, totals, out[row])
        if own[row] == 0 or rest == 0:
            out[row] = own[row] > 0
            continue
        _bounds(rivals[row], rate, random, bound)
        fewest, last = _slots(own[row], rivals.shape[1], low, votes, others, totals, bound, sizes, nodes, weights, first,
                              share, weight)  # fmt: skip
        if last == 0:
            continue
        n_met = _rivals_votes(rivals[row], rate, last, inverse, met, pmf)
        for block in range(len(circle)):
            _open(first, fewest, last, weight, circle[block], products, is_pending)
            for i in range(n_met):
                _meet(pmf[i], met[i], random, fewest, last, first, share, circle[block], sums, factor, products, pending,
                     is_pending)  # fmt: skip
            _read(first[last + 1], products, pending, is_pending, sums, reading[block], out[row])
        for i in range(len(totals)):
            out[row, i] = min(max(out[row, i], 0.0), 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _majority(own, low, top, votes, others, totals, out):
    """P(more than `top` votes of K), K = low...: `top` is half of the largest K, so these win for sure."""
    p = 0.0
    for a in range(top + 1, low + 1):
        p += votes[a] * others[low - a]
    p /= totals[0]
    out[0] = p
    for i in range(1, len(out)):
        before = low + i - 1  # one more neighbour lifts `top` votes above it
        if before >= top:
            p += own * votes[top] * others[before - top] / totals[i - 1]
        out[i] = p


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _bounds(rivals, rate, random, bound):
    """For each number of votes a: P(strongest rival <= a); if ties are random also P(all rivals <= a) and their odds."""
    strongest, top = np.abs(rivals).max(), bound.shape[1] - 1
    _fill_poisson(rate * strongest, bound[0])
    bound[0] = np.cumsum(bound[0])
    if not random:
        return
    bound[1], bound[2] = 1, 0
    pmf = np.empty(top + 1)
    for value in rivals:
        if value == 0:
            continue
        _fill_poisson(rate * value, pmf)
        below = 0.0
        for a in range(top + 1):
            bound[2, a] += pmf[a] / below if below > 0 else (np.inf if pmf[a] > 0 else 0.0)
            below += pmf[a]
            bound[1, a] *= min(below, 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _slots(own, n_rivals, low, votes, others, totals, bound, sizes, nodes, weights, first, share, weight):
    """Find the slots that matter; those of a votes are first[a]:first[a + 1]. Returns the least a that has one, and the last.

    Without any, both are 0. The numbers of votes that have slots are consecutive.
    """
    high, s, fewest, last, rarest = low + len(totals) - 1, 0, 0, 0, totals.min()
    for a in range(1, len(first) - 1):
        first[a] = s
        k = min(max(int(a / own), low), high)  # the K for which a votes are likeliest
        given_k = votes[a] * others[k - a] / totals[k - low]
        reach = votes[a] / rarest
        if a * (n_rivals + 1) < low or given_k < NEGLIGIBLE or reach * bound[0, a] < NEGLIGIBLE:
            continue
        exact = _exact_size(high, a, n_rivals)
        enough = _enough_nodes(reach * bound[1, a], bound[2, a], exact) if len(sizes) else 1
        offset, size = _rule(enough, sizes)
        for i in range(size):
            weight[s] = votes[a] * weights[offset + i] if len(sizes) else votes[a]
            share[s] = nodes[offset + i] if len(sizes) else 0.0
            s += 1
        fewest, last = fewest or a, a
    first[-1] = s
    return fewest, last


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _exact_size(high, a, n_rivals):
    """Nodes that integrate 1 / (number of tied) exactly: at most high // a labels have a votes each."""
    return (min(high // a, n_rivals + 1) + 1) // 2


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _enough_nodes(scale, odds, exact):
    """Nodes whose error, scale * odds**2n * n!**4 / ((2n + 1) (2n)!**3), is negligible: the odds bound each derivative."""
    if not odds < np.inf:
        return exact
    error = scale
    for n in range(1, exact):
        error *= (odds * n * n / (2 * n * (2 * n - 1))) ** 2 / (2 * n * (2 * n - 1))
        if error / (2 * n + 1) < NEGLIGIBLE:
            return n
    return exact


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _rule(size, sizes):
    """Offset and size of the smallest rule with at least `size` nodes; one slot and no rule if ties are not random."""
    offset = 0
    for candidate in sizes:
        if candidate >= size:
            return offset, candidate
        offset += candidate
    return 0, 1


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _rivals_votes(rivals, rate, last, inverse, met, pmf):
    """The vote probabilities p(n) of each distinct rival; returns how many there are.

    Equal rivals stand side by side and are met together. `met`: how many are equal, whether a tie with them is won, and
    from which n on F(n) no longer changes.
    """
    i = n_met = 0
    while i < len(rivals):
        value, count = rivals[i], 1
        while i + count < len(rivals) and rivals[i + count] == value:
            count += 1
        i += count
        if value != 0:
            met[n_met] = count, int(value < 0), _votes(rate * abs(value), last, inverse, pmf[n_met])
            n_met += 1
    return n_met


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _votes(mean, last, inverse, pmf):
    """p(n) up to `last`, or to where it has ended, and a few more; returns that n."""
    n, ended, stop = _first_count(mean), last + 1, last + SPARE
    pmf[: min(n, stop)] = 0
    p = poisson(n, mean)
    while n < stop:
        if p <= ENDED and mean < n < ended:
            ended, stop = n, n + SPARE - 1
        pmf[n] = p
        p *= mean * inverse[n]
        n += 1
    return ended


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _open(first, fewest, last, weight, powers, products, is_pending):
    """Slot s of a votes starts as weight * z**a; what lies behind the slots is nothing."""
    for a in range(fewest, last + 1):
        for s in range(first[a], first[a + 1]):
            here, there = np.uint64(s * 2 * POINTS), np.uint64(a * 2 * POINTS)
            for i in range(np.uint64(2 * POINTS)):
                products[here + i] = weight[s] * powers[there + i]
    end = first[last + 1]
    products[end * 2 * POINTS : (end + SPARE) * 2 * POINTS] = 0
    is_pending[: end + 1] = False


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _meet(pmf, met, random, fewest, last, first, share, powers, sums, factor, products, pending, is_pending):
    """Multiply every slot, those from `fewest` to `last` votes, by what one rival, or several equal ones, makes of it."""
    count, tie_won, ended = met
    if random or count > 1:
        n = _one_by_one(pmf, met, random, fewest, last, first, share, powers, sums, factor, products)
        slot = first[n]
    else:
        n = fewest + tie_won
        _sum(pmf, min(n, ended), powers, sums)
        slot = 0
        while n < ended and slot < first[last + 1]:
            _stride(pmf, n, powers, sums, products, slot)
            n, slot = n + 4, slot + 4
    if slot < first[last + 1]:  # from this slot upward the factor is the same: it is left for the end
        factor[:] = sums
        if not is_pending[slot]:
            is_pending[slot] = True
            begin = slot * 2 * POINTS
            pending[begin : begin + POINTS] = 1
            pending[begin + POINTS : begin + 2 * POINTS] = 0
        _multiply(pending, slot, factor, count)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _one_by_one(pmf, met, random, fewest, last, first, share, powers, sums, factor, products):
    """The slots whose factor is a part of a tie, or a power; returns the number of votes from which it stays the same."""
    count, tie_won, ended = met
    n = min(fewest, ended)
    _sum(pmf, n, powers, sums)
    n = fewest
    while n <= last and n < ended:
        here = np.uint64(n * 2 * POINTS)
        for slot in range(first[n], first[n + 1]):
            part = pmf[n] * (share[slot] if random else tie_won)
            for i in range(np.uint64(2 * POINTS)):
                factor[i] = sums[i] + part * powers[here + i]
            _multiply(products, slot, factor, count)
        for i in range(np.uint64(2 * POINTS)):
            sums[i] += pmf[n] * powers[here + i]
        n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _sum(pmf, stop, powers, sums):
    """F(stop)."""
    sums[:] = 0
    width, n = np.uint64(2 * POINTS), 0
    while n + 4 <= stop:
        z0 = np.uint64(n) * width
        z1, z2, z3 = z0 + width, z0 + width + width, z0 + width + width + width
        p, q, r, s = pmf[n], pmf[n + 1], pmf[n + 2], pmf[n + 3]
        for i in range(width):
            sums[i] += (p * powers[z0 + i] + q * powers[z1 + i]) + (r * powers[z2 + i] + s * powers[z3 + i])
        n += 4
    while n < stop:
        here = np.uint64(n) * width
        for i in range(width):
            sums[i] += pmf[n] * powers[here + i]
        n += 1


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _stride(pmf, n, powers, sums, products, slot):
    """Four slots, with n to n + 3 votes, are multiplied by F, which starts as F(n) and ends as F(n + 4).

    Written out, and with unsigned places, because only so does it compile to vectors without a check of every place.
    """
    half, row = np.uint64(POINTS), np.uint64(2 * POINTS)
    to0, z0 = np.uint64(slot) * row, np.uint64(n) * row
    to1, to2, to3 = to0 + row, to0 + row + row, to0 + row + row + row
    z1, z2, z3 = z0 + row, z0 + row + row, z0 + row + row + row
    p, q, r, s = pmf[n], pmf[n + 1], pmf[n + 2], pmf[n + 3]
    for i in range(half):
        x, y = sums[i], sums[half + i]
        a, b = products[to0 + i], products[to0 + half + i]
        products[to0 + i] = a * x - b * y
        products[to0 + half + i] = a * y + b * x
        x += p * powers[z0 + i]
        y += p * powers[z0 + half + i]
        a, b = products[to1 + i], products[to1 + half + i]
        products[to1 + i] = a * x - b * y
        products[to1 + half + i] = a * y + b * x
        x += q * powers[z1 + i]
        y += q * powers[z1 + half + i]
        a, b = products[to2 + i], products[to2 + half + i]
        products[to2 + i] = a * x - b * y
        products[to2 + half + i] = a * y + b * x
        x += r * powers[z2 + i]
        y += r * powers[z2 + half + i]
        a, b = products[to3 + i], products[to3 + half + i]
        products[to3 + i] = a * x - b * y
        products[to3 + half + i] = a * y + b * x
        sums[i] = x + s * powers[z3 + i]
        sums[half + i] = y + s * powers[z3 + half + i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _multiply(rows, row, factor, count):
    """Multiply one row by `factor` to the power `count`, by squaring, which spends the factor."""
    half, here = np.uint64(POINTS), np.uint64(row * 2 * POINTS)
    while True:
        if count & 1:
            for i in range(half):
                a, b, x, y = rows[here + i], rows[here + half + i], factor[i], factor[half + i]
                rows[here + i] = a * x - b * y
                rows[here + half + i] = a * y + b * x
        count >>= 1
        if count == 0:
            return
        for i in range(half):
            x, y = factor[i], factor[half + i]
            factor[i] = x * x - y * y
            factor[half + i] = 2 * x * y


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
@no_type_check
def _read(n_slots, products, pending, is_pending, sums, reading, out):
    """Add up the slots from the last, each with what is pending from it upward, and add each K's coefficient to `out`."""
    sums[:] = 0
    half = np.uint64(POINTS)
    for slot in range(n_slots - 1, -1, -1):
        here = np.uint64(slot * 2 * POINTS)
        for i in range(np.uint64(2 * POINTS)):
            sums[i] += products[here + i]
        if is_pending[slot]:
            for i in range(half):
                a, b, x, y = sums[i], sums[half + i], pending[here + i], pending[here + half + i]
                sums[i] = a * x - b * y
                sums[half + i] = a * y + b * x
    for k in range(len(out)):
        p = 0.0
        for i in range(np.uint64(2 * POINTS)):
            p += sums[i] * reading[k, i]
        out[k] += p
