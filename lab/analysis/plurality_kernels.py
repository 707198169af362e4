"""The compiled loops behind plurality.py: one row = one sample.

A *slot* is one way for the correct label to win: a number of votes `a` and, if ties are drawn at random, one node of the
integral over the draw. Its running product over the rivals is one line of complex numbers, one for each contour point.

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
def win_probabilities(own, rivals, low, rate, powers, reading, totals, sizes, nodes, weights, out):
    """P(the correct label wins) for each row and each K from `low`.

    `own` and the absolute values of `rivals` are probabilities; a rival's sign says whether a tie with it is lost (+) or
    won (-). If `sizes` holds quadrature rules, ties are drawn at random and all signs are +.
    """
    n_ks, points = reading.shape
    high, top = low + n_ks - 1, len(powers) - 1
    n_slots = 0
    for a in range(1, top + 1):
        n_slots += _rule(_exact_size(high, a, rivals.shape[1]), sizes)[1]
    product = np.empty((n_slots + 1, points), dtype=np.complex128)
    pending = np.empty((n_slots + 1, points), dtype=np.complex128)
    line = np.empty((2, points), dtype=np.complex128)
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
        last = _slots(own[row], rivals.shape[1], low, votes, others, totals, bound, powers, sizes, nodes, weights,
                      first, share, product, is_pending)  # fmt: skip
        if last == 0:
            continue
        _meet_rivals(rivals[row], rate, len(sizes) > 0, last, first, share, powers, product, pending, is_pending, line)
        _read(first[last + 1], product, pending, is_pending, line, reading, out[row])


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
def _slots(own, n_rivals, low, votes, others, totals, bound, powers, sizes, nodes, weights, first, share, product,
           is_pending):  # fmt: skip
    """Open the slots that matter; `product` starts as weight * z**a. Returns the largest a that has one, or 0."""
    high, s, last, rarest = low + len(totals) - 1, 0, 0, totals.min()
    for a in range(1, len(powers)):
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
            for point in range(powers.shape[1]):
                product[s, point] = weight * powers[a, point]
            is_pending[s] = False
            s += 1
        last = a
    first[len(powers)] = s
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


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _meet_rivals(rivals, rate, random, last, first, share, powers, product, pending, is_pending, line):
    """Multiply each slot by every rival's factor; equal rivals stand side by side and are met together."""
    i = 0
    while i < len(rivals):
        value, count = rivals[i], 1
        while i + count < len(rivals) and rivals[i + count] == value:
            count += 1
        i += count
        if value != 0:
            _meet(rate * abs(value), count, value < 0, random, last, first, share, powers, product, pending,
                  is_pending, line)  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _meet(rate, count, tie_won, random, last, first, share, powers, product, pending, is_pending, line):
    """Line 0 is F(n) = sum of p(m) z**m over m < n, walked upward; a slot with n votes is multiplied by it."""
    start = _first_count(rate)
    p, n = poisson(start, rate), start
    line[0] = 0
    while n <= last and (n <= rate or p > ENDED):
        s, end = first[n], first[n + 1]
        if random and end > s:
            for slot in range(s, end):
                _add(line, 1, share[slot] * p, powers, n)
                _multiply(product, slot, line, count)
            _add(line, 0, p, powers, n)
        elif end > s:
            if not tie_won and count == 1:
                _multiply_then_add(product, s, line, p, powers, n)
            elif tie_won:
                _add(line, 0, p, powers, n)
                _add(line, 1, 0.0, powers, n)
                _multiply(product, s, line, count)
            else:
                _add(line, 1, 0.0, powers, n)
                _multiply(product, s, line, count)
                _add(line, 0, p, powers, n)
        else:
            _add(line, 0, p, powers, n)
        n += 1
        p *= rate / n
    if n <= last and first[n] < first[last + 1]:
        _postpone(pending, is_pending, first[n], line, count)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _add(line, target, p, powers, n):
    for point in range(line.shape[1]):
        f, z = line[0, point], powers[n, point]
        line[target, point] = complex(f.real + p * z.real, f.imag + p * z.imag)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _multiply_then_add(product, slot, line, p, powers, n):
    for point in range(line.shape[1]):
        f, z = line[0, point], powers[n, point]
        product[slot, point] *= f
        line[0, point] = complex(f.real + p * z.real, f.imag + p * z.imag)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _multiply(product, slot, line, count):
    """Times line 1 to the power `count`, by squaring; line 1 is lost."""
    while True:
        if count & 1:
            for point in range(line.shape[1]):
                product[slot, point] *= line[1, point]
        count >>= 1
        if count == 0:
            return
        for point in range(line.shape[1]):
            line[1, point] *= line[1, point]


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _postpone(pending, is_pending, slot, line, count):
    """From this slot upward the factor is the same: it is multiplied in once, when the slots are added up."""
    if not is_pending[slot]:
        is_pending[slot] = True
        pending[slot] = 1
    line[1] = line[0]
    _multiply(pending, slot, line, count)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
@no_type_check
def _read(n_slots, product, pending, is_pending, line, reading, out):
    """Add up the slots and read the coefficient of every K."""
    line[0], line[1] = 0, 1
    for slot in range(n_slots):
        if is_pending[slot]:
            for point in range(line.shape[1]):
                line[1, point] *= pending[slot, point]
        for point in range(line.shape[1]):
            line[0, point] += product[slot, point] * line[1, point]
    for i in range(len(out)):
        p = 0.0
        for point in range(line.shape[1]):
            p += line[0, point].real * reading[i, point].real - line[0, point].imag * reading[i, point].imag
        out[i] = min(max(out[i] + p, 0.0), 1.0)
