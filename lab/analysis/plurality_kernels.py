"""The compiled loops behind plurality.py: one row = one sample.

A *slot* is one way for the correct label to win: a number of votes `a` and, if ties are drawn at random, one node of the
integral over the draw. Its running product over the rivals is one row of complex numbers, one for each contour point.
All rows lie in two flat arrays, real and imaginary parts: first the slots' products, then the sums F(n) of the
rival being met, what is pending for each slot, and the factors of ties drawn at random.

The loops are marked @no_type_check: numba can not cache what the tests' type checker wraps.
"""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from numba import njit

NEGLIGIBLE = 1e-18  # a slot that can not add more than this is left out
ENDED = 1e-18  # a rival's probability of one more vote, beyond which its factor no longer changes
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
def win_probabilities(own, rivals, low, rate, z_re, z_im, read_re, read_im, totals, sizes, nodes, weights, out):
    """P(the correct label wins) for each row and each K from `low`.

    `own` and the absolute values of `rivals` are probabilities; a rival's sign says whether a tie with it is lost (+) or
    won (-). If `sizes` holds quadrature rules, ties are drawn at random and all signs are +.
    """
    n_ks, points = read_re.shape
    high, top = low + n_ks - 1, len(z_re) - 1
    n_slots = 0
    for a in range(1, top + 1):
        n_slots += _rule(_exact_size(high, a, rivals.shape[1]), sizes)[1]
    table, pending, factors = n_slots + 1, n_slots + top + 4, 2 * n_slots + top + 5  # first rows; slots start at row 0
    n_rows = 3 * n_slots + top + 6 if len(sizes) else factors
    re, im, lines = np.empty(n_rows * points), np.empty(n_rows * points), np.empty((4, points))
    is_pending = np.zeros(n_slots + 1, dtype=np.bool_)
    first = np.zeros(top + 2, dtype=np.int64)
    share = np.zeros(n_slots + 1)
    votes, others = np.empty(high + 1), np.empty(high + 1)
    bound = np.empty((3, top + 1))
    for row in range(len(own)):
        rest = np.abs(rivals[row]).sum()
        _fill_poisson(rate * own[row], votes)
        _fill_poisson(rate * rest, others)
        _majority(own[row], low, top, votes, others, totals, out[row])
        if own[row] == 0 or rest == 0:
            out[row] = own[row] > 0
            continue
        _bounds(rivals[row], rate, len(sizes) > 0, bound)
        last = _slots(own[row], rivals.shape[1], low, votes, others, totals, bound, z_re, z_im, sizes, nodes, weights,
                      first, share, re, im, is_pending)  # fmt: skip
        if last == 0:
            continue
        i = 0
        while i < rivals.shape[1]:  # equal rivals stand side by side and are met together
            value, count = rivals[row, i], 1
            while i + count < rivals.shape[1] and rivals[row, i + count] == value:
                count += 1
            i += count
            if value != 0:
                _meet(rate * abs(value), count, value < 0, len(sizes) > 0, last, first, share, z_re, z_im, re, im,
                      table, pending, factors, is_pending)  # fmt: skip
        _read(first[last + 1], re, im, pending, is_pending, lines, read_re, read_im, out[row])


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
def _slots(own, n_rivals, low, votes, others, totals, bound, z_re, z_im, sizes, nodes, weights, first, share, re,
           im, is_pending):  # fmt: skip
    """Open the slots that matter; slot s (row s) starts as weight * z**a. Returns the largest a that has one, or 0."""
    high, s, last, rarest = low + len(totals) - 1, 0, 0, totals.min()
    for a in range(1, len(z_re)):
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
            weight = votes[a] * weights[offset + i] if len(sizes) else votes[a]
            share[s] = nodes[offset + i] if len(sizes) else 0.0
            _scaled_row(re, s, weight, z_re, a)
            _scaled_row(im, s, weight, z_im, a)
            is_pending[s] = False
            s += 1
        last = a
    first[len(z_re)] = s
    is_pending[s] = False
    return last


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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _meet(rate, count, tie_won, random, last, first, share, z_re, z_im, re, im, table, pending, factors, is_pending):
    """Row n of the table is F(n) = sum of p(m) z**m over m < n; a slot with n votes is multiplied by row n."""
    points, start = z_re.shape[1], _first_count(rate)
    p, n = poisson(start, rate), start
    fewest = last + 1 - first[last + 1]  # slots have consecutive numbers of votes
    _scaled_row(re, table + n, 0.0, z_re, n)
    _scaled_row(im, table + n, 0.0, z_im, n)
    while n + 4 <= fewest and (n <= rate or p > ENDED):
        p = _fourth_row(re, im, table + n, p, rate, z_re, z_im, n)
        n += 4
    while n <= last and (n <= rate or p > ENDED):
        _next_row(re, table + n, p, z_re, n)
        _next_row(im, table + n, p, z_im, n)
        n += 1
        p *= rate / n
    begin, end = first[start], first[n]
    if end < first[last + 1]:
        _postpone(re, im, points, table + n, table + len(z_re) + 1, pending, end, is_pending, count)
    if begin == end:
        return
    if random:
        for k in range(start, n):
            for s in range(first[k], first[k + 1]):
                _part_of_tie(re, factors + s, table + k, points, share[s])
                _part_of_tie(im, factors + s, table + k, points, share[s])
        _multiply(re, im, points, begin, factors + begin, end - begin, count)
    else:
        _multiply(re, im, points, begin, table + max(start, fewest) + tie_won, end - begin, count)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _scaled_row(part, row, scale, z, n):
    points = np.uint64(z.shape[1])
    here = np.uint64(row) * points
    for i in range(points):
        part[here + i] = scale * z[n, i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _next_row(part, row, p, z, n):
    """F(n + 1) = F(n) + p z**n."""
    points = np.uint64(z.shape[1])
    here = np.uint64(row) * points
    there = here + points
    for i in range(points):
        part[there + i] = part[here + i] + p * z[n, i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _fourth_row(re, im, row, p, rate, z_re, z_im, n):
    """F(n + 4) from F(n), where no slot needs the rows between; returns p(n + 4)."""
    points = np.uint64(z_re.shape[1])
    here = np.uint64(row) * points
    there = here + 4 * points
    q = p * rate / (n + 1)
    r = q * rate / (n + 2)
    s = r * rate / (n + 3)
    for i in range(points):
        re[there + i] = re[here + i] + (p * z_re[n, i] + q * z_re[n + 1, i]) + (r * z_re[n + 2, i] + s * z_re[n + 3, i])
    for i in range(points):
        im[there + i] = im[here + i] + (p * z_im[n, i] + q * z_im[n + 1, i]) + (r * z_im[n + 2, i] + s * z_im[n + 3, i])
    return s * rate / (n + 4)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _part_of_tie(part, row, table_row, points, share):
    """F(n) + share * p(n) z**n, from F(n) and F(n + 1)."""
    points = np.uint64(points)
    to, here = np.uint64(row) * points, np.uint64(table_row) * points
    for i in range(points):
        part[to + i] = (1 - share) * part[here + i] + share * part[here + points + i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _multiply(re, im, points, row, factor_row, n_rows, count):
    """Multiply rows by other rows to the power `count`, by squaring; the factors are lost if count > 1.

    Unsigned numbers, here and above, because an index that might be negative is not vectorised.
    """
    to, by = np.uint64(row * points), np.uint64(factor_row * points)
    size = np.uint64(n_rows * points)
    while True:
        if count & 1:
            for i in range(size):
                a, b, x, y = re[to + i], im[to + i], re[by + i], im[by + i]
                re[to + i] = a * x - b * y
                im[to + i] = a * y + b * x
        count >>= 1
        if count == 0:
            return
        for i in range(size):
            x, y = re[by + i], im[by + i]
            re[by + i] = x * x - y * y
            im[by + i] = 2 * x * y


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _postpone(re, im, points, factor_row, spare, pending, slot, is_pending, count):
    """From this slot upward the factor is the same: it is multiplied in once, when the slots are added up."""
    points = np.uint64(points)
    here, there, late = np.uint64(factor_row) * points, np.uint64(spare) * points, np.uint64(pending + slot) * points
    if not is_pending[slot]:
        is_pending[slot] = True
        for i in range(points):
            re[late + i], im[late + i] = 1, 0
    for i in range(points):
        re[there + i], im[there + i] = re[here + i], im[here + i]
    _multiply(re, im, points, pending + slot, spare, 1, count)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _read(n_slots, re, im, pending, is_pending, lines, read_re, read_im, out):
    """Add up the slots and read the coefficient of every K. `lines`: what the slots so far have pending, and the sum."""
    points = np.uint64(lines.shape[1])
    lines[0], lines[1:] = 1, 0
    for slot in range(n_slots):
        row, late = np.uint64(slot) * points, np.uint64(pending + slot) * points
        if is_pending[slot]:
            for i in range(points):
                a, b, x, y = re[late + i], im[late + i], lines[0, i], lines[1, i]
                lines[0, i] = a * x - b * y
                lines[1, i] = a * y + b * x
        for i in range(points):
            a, b, x, y = re[row + i], im[row + i], lines[0, i], lines[1, i]
            lines[2, i] += a * x - b * y
            lines[3, i] += a * y + b * x
    for k in range(len(out)):
        p = 0.0
        for i in range(points):
            p += lines[2, i] * read_re[k, i] - lines[3, i] * read_im[k, i]
        out[k] = min(max(out[k] + p, 0.0), 1.0)
