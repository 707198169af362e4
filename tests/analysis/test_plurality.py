"""Theorem 1 is exact: against fractions, printed values, simulation, and itself computed another way."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb, factorial, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.analysis.plurality import TIES, plurality_accuracy, plurality_accuracy_all
from lab.analysis.plurality_sampling import monte_carlo_accuracy
from lab.core.rng import numpy_rng

# science.md §3.7, one-hot C; L = 2 stands for flip noise. (L, K, rate, ties lost, ties drawn), in exact decimals
# where they end, otherwise to eight digits.
GOLDEN = [
    ("flip", 1, 0.2, 0.8, 0.8),
    ("flip", 2, 0.4, 0.36, 0.6),
    ("flip", 10, 0.4, 0.633103, 0.733432),
    ("flip", 11, 0.4, 0.753498, 0.753498),
    ("flip", 20, 0.45, 0.591361, 0.671036),
    ("flip", 50, 0.4, 0.902193, 0.922424),
    ("flip", 51, 0.5, 0.5, 0.5),
    (4, 3, 0.5, 0.683594, 0.742188),
    (4, 5, 0.8, 0.394240, 0.509440),
    (4, 7, 0.5, 0.869632, 0.902176),
    (10, 1, 0.8, 0.28, 0.28),
    (10, 10, 0.6, 0.86101, 0.89668),
    (10, 20, 0.8, 0.70933, 0.76390),
    (10, 50, 0.8, 0.95222, 0.96253),
    (10, 50, 0.9, 0.62186, 0.67088),
    (10, 100, 0.9, 0.84387, 0.86590),
]


def noisy_one_hot(kind: str | int, rate: float) -> np.ndarray:
    """One row of q: flip noise among three classes, or uniform noise among `kind` classes."""
    if kind == "flip":
        return np.array([[1 - rate, rate, 0.0]])
    return ((1 - rate) * np.eye(int(kind))[0] + rate / int(kind))[None]


def share_of_win(votes: tuple[int, ...], correct: int, ties: str) -> Fraction:
    """How much of one outcome the correct label wins, straight from the rules."""
    best = max(votes)
    tied = [label for label, n in enumerate(votes) if n == best]
    if correct not in tied:
        return Fraction(0)
    return {
        "wrong": Fraction(len(tied) == 1),
        "random": Fraction(1, len(tied)),
        "lowest": Fraction(tied[0] == correct),
        "optimistic": Fraction(1),
    }[ties]


def by_enumeration(q: list[Fraction], k: int, correct: int) -> dict[str, Fraction]:
    """Every outcome of Eq. 2 in exact fractions, for every tie rule."""
    found = dict.fromkeys(TIES, Fraction(0))
    for head in product(range(k + 1), repeat=len(q) - 1):
        if sum(head) > k:
            continue
        votes = (*head, k - sum(head))
        p = Fraction(factorial(k), prod(map(factorial, votes))) * prod(x**n for x, n in zip(q, votes, strict=True))
        for ties in TIES if p else ():
            found[ties] += p * share_of_win(votes, correct, ties)
    return found


def fractions_of(kind: str, n_classes: int, seed: int) -> list[Fraction]:
    """An exact distribution: random, with ties, with zeros, sharp, one-hot or uniform."""
    weights = numpy_rng(seed, kind).integers(1, 50, size=n_classes)
    if kind == "tied":
        weights[1:] = weights[0]
        weights[-1] = 7
    if kind == "zeros":
        weights[: n_classes // 2] = 0
    if kind == "sharp":
        weights[seed % n_classes] = 100_000
    if kind == "one-hot":
        weights[:] = np.arange(n_classes) == seed % n_classes
    return [Fraction(int(w), int(weights.sum())) for w in weights]


KINDS = ("random", "tied", "zeros", "sharp", "one-hot")


def assert_equals_enumeration(kind: str, n_classes: int, k: int) -> None:
    q = fractions_of(kind, n_classes, seed=k)
    for correct in range(n_classes):
        exact = by_enumeration(q, k, correct)
        for ties in TIES:
            ours = plurality_accuracy([[float(x) for x in q]], k, [correct], ties=ties)[0]
            assert abs(ours - float(exact[ties])) < 1e-12, (kind, n_classes, k, correct, ties)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n_classes", "k"), [(2, 1), (2, 12), (3, 2), (3, 7), (3, 8), (4, 6), (5, 5)])
def test_it_equals_enumeration_in_exact_fractions(kind: str, n_classes: int, k: int) -> None:
    assert_equals_enumeration(kind, n_classes, k)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_classes", [2, 3, 4, 5])
@pytest.mark.parametrize("k", range(1, 13))
def test_it_equals_enumeration_for_every_small_case(kind: str, n_classes: int, k: int) -> None:
    assert_equals_enumeration(kind, n_classes, k)


@pytest.mark.parametrize(("kind", "k", "rate", "wrong", "drawn"), GOLDEN)
def test_printed_values(kind: str | int, k: int, rate: float, wrong: float, drawn: float) -> None:
    digits = 5e-6 if kind == 10 and k > 1 else 1e-6  # ten classes are printed with five digits
    q = noisy_one_hot(kind, rate)
    assert plurality_accuracy(q, k, [0])[0] == pytest.approx(wrong, abs=digits)
    assert plurality_accuracy(q, k, [0], ties="random")[0] == pytest.approx(drawn, abs=digits)


def every_class(q: np.ndarray, k: int, ties: str) -> np.ndarray:
    """Q with each class in turn as the correct one."""
    n_classes = len(q)
    return plurality_accuracy(np.tile(q, (n_classes, 1)), k, np.arange(n_classes), ties=ties)


@pytest.mark.parametrize("ties", ["random", "lowest"])
@pytest.mark.parametrize(("n_classes", "k"), [(2, 1), (3, 60), (10, 101), (10, 1000), (50, 300), (120, 100)])
def test_exactly_one_class_wins(n_classes: int, k: int, ties: str) -> None:
    q = numpy_rng(n_classes * k).dirichlet(np.ones(n_classes))
    assert every_class(q, k, ties).sum() == pytest.approx(1, abs=1e-12)


def test_the_tie_rules_are_ordered_and_equal_where_no_tie_is_possible() -> None:
    q, y = random_rows(60, 6)
    wrong, drawn, lowest, optimistic = (plurality_accuracy(q, 20, y, ties=ties) for ties in TIES)
    assert (wrong < drawn).all()
    assert (drawn < optimistic).all()
    assert ((wrong - 1e-15 <= lowest) & (lowest <= optimistic + 1e-15)).all()
    two = plurality_accuracy(q[:, :2] / q[:, :2].sum(axis=1, keepdims=True), 21, np.zeros(60, int))
    np.testing.assert_array_equal(
        two, plurality_accuracy(q[:, :2] / q[:, :2].sum(axis=1, keepdims=True), 21, np.zeros(60, int), ties="random")
    )


def random_rows(n: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = numpy_rng(n_classes, "rows")
    return rng.dirichlet(np.full(n_classes, 0.7), size=n), rng.integers(n_classes, size=n)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("n_classes", [2, 10, 40])
def test_all_k_at_once_equal_one_k_at_a_time(n_classes: int, ties: str) -> None:
    q, y = random_rows(25, n_classes)
    every = plurality_accuracy_all(q, 120, y, ties=ties)
    assert every.shape == (25, 120)
    for k in (1, 2, 3, 7, 8, 9, 30, 52, 53, 90, 119, 120):
        np.testing.assert_allclose(every[:, k - 1], plurality_accuracy(q, k, y, ties=ties), atol=1e-11, rtol=0)


def test_all_k_up_to_a_thousand() -> None:
    q, y = random_rows(3, 10)
    every = plurality_accuracy_all(q, 1000, y)
    for k in (1, 99, 500, 777, 1000):
        np.testing.assert_allclose(every[:, k - 1], plurality_accuracy(q, k, y), atol=1e-11, rtol=0)


def by_integers(weights: list[int], k: int, ties_win: bool = False) -> float:
    """Eq. 2 for q = weights / sum, class 0 correct, in whole numbers: a convolution of binomials for each n_1."""
    won = 0
    for own in range(1, k + 1):
        at_most, rest = own - (not ties_win), k - own
        ways = [1] + [0] * rest  # ways[n]: weighted arrangements of n votes among the rivals so far
        for weight in weights[1:]:
            ways = [
                sum(comb(n, m) * weight**m * ways[n - m] for m in range(min(n, at_most) + 1)) for n in range(rest + 1)
            ]
        won += comb(k, own) * weights[0] ** own * ways[rest]
    return float(Fraction(won, sum(weights) ** k))


@pytest.mark.parametrize("weights", [[3, 2, 2, 1], [50, 49, 1], [1, 1, 1, 1, 1], [2, 5, 1], [1000, 1, 1]])
def test_it_equals_whole_numbers_at_60_neighbours(weights: list[int]) -> None:
    q = [np.array(weights) / sum(weights)]
    for ties in ("wrong", "optimistic"):
        exact = by_integers(weights, 60, ties == "optimistic")
        assert plurality_accuracy(q, 60, [0], ties=ties)[0] == pytest.approx(exact, abs=1e-13)


def by_long_doubles(q: np.ndarray, k: int) -> float:
    """Eq. 2 with class 0 correct, as plain convolutions of Poisson probabilities in extended precision."""
    from scipy.special import gammaln

    n = np.arange(k + 1, dtype=np.longdouble)
    log_factorial = np.concatenate([[0], np.log(n[1:]).cumsum()])
    rate = np.longdouble(k) * q.astype(np.longdouble) / q.astype(np.longdouble).sum()
    pmf = np.exp(n[:, None] * np.log(rate) - rate - log_factorial[:, None])  # (k + 1, L)
    total = np.exp(k * np.log(np.longdouble(k)) - np.longdouble(k) - log_factorial[k])
    assert abs(float(log_factorial[k]) - gammaln(k + 1)) < 1e-9
    won = np.longdouble(0)
    for own in range(1, k + 1):
        if pmf[own, 0] / total < 1e-22:
            continue
        ways = np.zeros(k - own + 1, dtype=np.longdouble)
        ways[0] = 1
        for column in pmf[:own, 1:].T:
            # a tail below 1e-30 of the mode is left out, unless it comes first
            ways = np.convolve(ways, column[column > 1e-30 * column.max()] if column[0] > 1e-25 else column)
            ways = ways[: k - own + 1]
        won += pmf[own, 0] * (ways[k - own] if len(ways) > k - own else 0)
    return float(won / total)


@pytest.mark.parametrize(("n_classes", "k"), [(10, 101), (4, 400)])
def test_it_equals_convolutions_in_extended_precision(n_classes: int, k: int) -> None:
    q = np.sort(numpy_rng(k).dirichlet(np.full(n_classes, 5.0)))[::-1]
    assert plurality_accuracy([q], k, [0])[0] == pytest.approx(by_long_doubles(q, k), abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("n_classes", "k"), [(10, 1000), (100, 300), (1000, 100)])
def test_it_equals_convolutions_in_extended_precision_when_large(n_classes: int, k: int) -> None:
    q = np.sort(numpy_rng(k).dirichlet(np.full(n_classes, 5.0)))[::-1]
    assert plurality_accuracy([q], k, [0])[0] == pytest.approx(by_long_doubles(q, k), abs=1e-12)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize(("n_classes", "k"), [(10, 101), (1000, 100)])
def test_simulation_agrees_within_three_standard_errors(n_classes: int, k: int, ties: str) -> None:
    rng = numpy_rng(k, ties)
    q = rng.dirichlet(np.ones(n_classes), size=2)
    correct = q.argmax(axis=1)
    exact = plurality_accuracy(q, k, correct, ties=ties)
    sampled = monte_carlo_accuracy(q, k, correct, rng=rng, draws=2000, ties=ties)
    assert (np.abs(sampled.mean - exact) <= 3 * np.sqrt(exact * (1 - exact) / 2000)).all()


def test_extremes() -> None:
    assert plurality_accuracy([[1.0, 0.0], [0.0, 1.0]], 1000, [0, 0]).tolist() == [1, 0]
    np.testing.assert_array_equal(plurality_accuracy_all([[1.0, 0.0], [0.0, 1.0]], 60, [0, 0]), [[1] * 60, [0] * 60])
    assert plurality_accuracy([[1.0]], 5, [0]).tolist() == [1]
    assert plurality_accuracy([[0.3, 0.7]], 1, [0])[0] == pytest.approx(0.3, abs=1e-15)
    sharp = plurality_accuracy([[1 - 1e-12, 1e-12], [1e-12, 1 - 1e-12]], 1000, [0, 0])
    np.testing.assert_allclose(sharp, [1, 0], atol=1e-12)
    assert plurality_accuracy(np.empty((0, 3)), 5, np.empty(0, int)).shape == (0,)
    uniform = np.full((1, 1000), 1e-3)
    one = plurality_accuracy(uniform, 1000, [0], ties="random")[0]
    assert one == pytest.approx(1e-3, abs=1e-15)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 12),
    st.integers(1, 60),
    st.sampled_from(["wrong", "random", "optimistic"]),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_classes_does_not_matter(n_classes: int, k: int, ties: str, shuffler: object) -> None:
    q = numpy_rng(n_classes * 100 + k).dirichlet(np.ones(n_classes))
    order = numpy_rng(k, "order").permutation(n_classes)
    here = plurality_accuracy([q], k, [0], ties=ties)
    there = plurality_accuracy([q[order]], k, [int(np.flatnonzero(order == 0)[0])], ties=ties)
    np.testing.assert_allclose(here, there, atol=1e-14, rtol=0)


def test_equal_rows_are_computed_once_and_answered_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.analysis import plurality

    seen = []
    compute = plurality.win_probabilities
    monkeypatch.setattr(plurality, "win_probabilities", lambda own, *rest: (seen.append(len(own)), compute(own, *rest)))
    q, y = random_rows(5, 4)
    again = numpy_rng(0).integers(5, size=200)
    many = plurality_accuracy(q[again], 11, y[again])
    assert seen == [5]
    np.testing.assert_array_equal(many, plurality_accuracy(q, 11, y)[again])
    halves = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.5, 0.5, 0.0], [0.5, 0.25, 0.25]])
    plurality_accuracy(halves, 11, [0, 1, 0, 1])
    assert seen[-1] == 3  # short fractions differ in few bits; the hash must still tell them apart


GOOD = [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("q", "k", "correct", "options", "message"),
    [
        ([[1.5, -0.5]], 3, [0], {}, "q must be probabilities >= 0, got -0.5"),
        ([[0.5, 0.4]], 3, [0], {}, "each row sum of q must be 1 within 1e-09, got 0.9"),
        ([[0.5, np.nan]], 3, [0], {}, r"q must be finite, got \[nan\]"),
        ([0.5, 0.5], 3, [0], {}, r"q must be two-dimensional \(samples, classes\), got \(2,\)"),
        (GOOD, 0, [0], {}, "k must be an integer >= 1, got 0"),
        (GOOD, 3, [2], {}, "correct must be class indices below 2, got 2"),
        (GOOD, 3, [-1], {}, "correct must be class indices >= 0, got -1"),
        (GOOD, 3, [0, 1], {}, r"correct must be one label for each of 1 rows, got \(2,\)"),
        (GOOD, 3, [0.0], {}, "correct must be integers, got dtype"),
        (GOOD, 3, [0], {"ties": "coin"}, "ties must be one of 'wrong', 'random', 'lowest', 'optimistic', got 'coin'"),
    ],
)
def test_wrong_arguments_are_named(q: object, k: object, correct: object, options: dict, message: str) -> None:
    for call in (plurality_accuracy, plurality_accuracy_all):
        with pytest.raises(ValueError, match=message.replace("k must", "k(_max)? must")):
            call(q, k, correct, **options)


def test_rows_within_the_tolerance_are_divided_by_their_sum() -> None:
    q = np.array([[0.6, 0.3, 0.1]])
    np.testing.assert_allclose(
        plurality_accuracy(q * (1 + 5e-10), 50, [0]), plurality_accuracy(q, 50, [0]), atol=1e-15, rtol=0
    )
