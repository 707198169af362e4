"""`lab bench theory`: the exact accuracy of K neighbours beside the nested sums of Eq. 4 with their parts remembered.

Bars: L=10, K=101 >= 100 times the nested sums as written; 10,000 samples x 20 noise levels x K=101 <= 6 CPU-s; all K=1..101
<= 3 times K=101 alone; 1,000 samples of L=1000, K=100 <= 2 CPU-s.

The nested sums are compiled too, and stand there twice, both with the paper's bounds m_i and M_i. *As written*, the peer
of the bar: Eq. 4 read aloud, a function that calls itself and remembers each inner sum for the number of neighbours left;
most of its time goes into the calls and the powers. *In loops*: what is left when somebody has rewritten the same sums by
hand, into a table from the inside out, each power by one multiplication; how far that closes the gap is printed beside it.
"""

from __future__ import annotations

from functools import partial
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Int
from numba import njit
from numpy import ndarray
from scipy.special import comb

from lab.analysis.plurality import TIES, plurality_accuracy, plurality_accuracy_all
from lab.bench.measure import cpu_seconds, medians
from lab.core.rng import numpy_rng
from lab.core.threads import threads

K, N_CLASSES, N_LEVELS, REPEATS = 101, 10, 20, 5


@njit(error_model="numpy")  # not cached: numba crashes when it reads back a function that calls itself
@no_type_check
def _inner_sum(q, i, left, most, choose, known):
    """The sums over labels i..L of Eq. 4, when `left` neighbours are left and no label may have more than `most`."""
    if i == len(q) - 1:  # the last label takes what is left, if it may
        return q[i] ** left if left <= most else 0.0
    if known[i, left] < 0:
        total = 0.0
        for n in range(max(0, left - (len(q) - 1 - i) * most), min(left, most) + 1):
            total += choose[left, n] * q[i] ** n * _inner_sum(q, i + 1, left - n, most, choose, known)
        known[i, left] = total
    return known[i, left]


@njit(error_model="numpy")
@no_type_check
def nested_sums_as_written(rows, k, choose):
    """Q of DRO Eqs. 4-7 for rows whose first label is the correct one; `choose[n, m]` are binomial coefficients."""
    found, n_classes = np.zeros(len(rows)), rows.shape[1]
    known = np.empty((n_classes, k + 1))
    for row in range(len(rows)):
        for own in range((k + n_classes - 1 + n_classes - 1) // n_classes, k + 1):
            known[:] = -1
            rest = _inner_sum(rows[row], 1, k - own, own - 1, choose, known)
            found[row] += choose[k, own] * rows[row, 0] ** own * rest
    return found


@njit(cache=True, error_model="numpy")
@no_type_check
def nested_sums(q, k, choose):
    """The same for one row, in loops."""
    n_classes = len(q)
    found = 0.0
    inner, outer = np.empty(k + 1), np.empty(k + 1)
    for own in range((k + n_classes - 1 + n_classes - 1) // n_classes, k + 1):
        most, rest = own - 1, k - own
        for left in range(rest + 1):  # the last label takes what is left, if it may
            inner[left] = q[n_classes - 1] ** left if left <= most else 0.0
        for i in range(n_classes - 2, 0, -1):
            for left in range(rest if i == 1 else 0, rest + 1):  # the first sum is needed once
                low, high = max(0, left - (n_classes - 1 - i) * most), min(left, most)
                total, term = 0.0, q[i] ** low
                for n in range(low, high + 1):
                    total += choose[left, n] * term * inner[left - n]
                    term *= q[i]
                outer[left] = total
            inner, outer = outer, inner
        found += choose[k, own] * q[0] ** own * inner[rest]
    return found


@njit(cache=True)
@no_type_check
def nested_sums_in_loops(q, k, choose):
    """`nested_sums` of many rows."""
    found = np.empty(len(q))
    for row in range(len(q)):
        found[row] = nested_sums(q[row], k, choose)
    return found


def main(quick: bool = False) -> None:
    """Print each figure beside its peer's and its bar; `quick` shrinks the tasks, which says little about the bars."""
    shrink = 20 if quick else 1
    print(f"L={N_CLASSES}, C ~ Dirichlet(0.1), uniform noise; CPU-s on one thread, median of {REPEATS}")
    with threads(1):
        _against_nested_sums(2000 // shrink, 10)
        _levels(10_000 // shrink)
        _every_k(2000 // shrink)
        _many_classes(1000 // shrink)


def rows(n: int, n_classes: int, concentration: float) -> tuple[Float[ndarray, "n c"], Int[ndarray, " n"]]:
    """q under uniform noise of rates between 0.05 and 0.9, and the label that was likeliest before it."""
    rng = numpy_rng(0, "theory")
    c = rng.dirichlet(np.full(n_classes, concentration), size=n)
    rate = rng.uniform(0.05, 0.9, size=(n, 1))
    return (1 - rate) * c + rate / n_classes, c.argmax(axis=1)


def _against_nested_sums(n: int, n_peer: int) -> None:
    peers = {"as written": nested_sums_as_written, "in loops": nested_sums_in_loops}
    for k in (11, 51, K):
        q, y = rows(n, N_CLASSES, 0.1)
        rest = np.array([np.delete(row, label) for row, label in zip(q, y, strict=True)])
        correct_first = np.ascontiguousarray(np.column_stack([q[np.arange(n), y], rest])[:n_peer])
        choose = comb(np.arange(k + 1)[:, None], np.arange(k + 1)[None])
        calls = {name: partial(peer, correct_first, k, choose) for name, peer in peers.items()}
        exact = plurality_accuracy(q, k, y)[:n_peer]
        off = max(np.abs(call() - exact).max() for call in calls.values())
        times = medians(calls | {"ours": partial(plurality_accuracy, q, k, y)}, REPEATS)
        ours = times["ours"] / n * 1e6
        print(f"  K={k:3d}: {ours:6.1f} us a sample; off {off:.0e}; nested sums", end="")
        for name in peers:
            peer, bar = times[name] / n_peer * 1e6, " (bar 100)" if k == K and name == "as written" else ""
            print(f"{',' if name == 'in loops' else ''} {name} {peer:.1f} us, ratio {peer / ours:.0f}{bar}", end="")
        print()
    q, y = rows(n, N_CLASSES, 0.1)
    times = medians({ties: partial(plurality_accuracy, q, K, y, ties=ties) for ties in TIES}, REPEATS)
    print(f"  K={K}, ties " + ", ".join(f"{ties} {times[ties] / n * 1e6:.1f} us" for ties in TIES))


def _levels(n: int) -> None:
    c = numpy_rng(0, "levels").dirichlet(np.full(N_CLASSES, 0.1), size=n)
    y = np.tile(c.argmax(axis=1), N_LEVELS)
    q = np.concatenate([(1 - rate) * c + rate / N_CLASSES for rate in np.linspace(0.05, 0.9, N_LEVELS)])
    seconds = cpu_seconds(partial(plurality_accuracy, q, K, y))
    print(f"  {n:,} samples x {N_LEVELS} levels, K={K}: {seconds:.2f} CPU-s (bar 6)")


def _every_k(n: int) -> None:
    q, y = rows(n, N_CLASSES, 0.1)
    times = medians(
        {"every": partial(plurality_accuracy_all, q, K, y), "one": partial(plurality_accuracy, q, K, y)}, REPEATS
    )
    every, one = (times[name] / n * 1e6 for name in ("every", "one"))
    print(f"  all K=1..{K}: {every:.1f} us a sample, {every / one:.2f} times K={K} alone (bar 3)")


def _many_classes(n: int) -> None:
    for name, concentration in (("C of few classes", 0.003), ("all classes differ", 1.0)):
        q, y = rows(n, 1000, concentration)
        seconds = cpu_seconds(partial(plurality_accuracy, q, 100, y))
        print(f"  {n:,} samples, L=1000, K=100, {name}: {seconds:.2f} CPU-s (bar 2)")
