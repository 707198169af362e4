"""Noise turned into accuracy: the paper's special cases, the curve over the noise level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.analysis.plurality import plurality_accuracy
from lab.analysis.plurality_noise import (
    accuracy_curve,
    expected_accuracy,
    flip_noise_accuracy,
    noisy_neighbour_distribution,
    one_hot,
    uniform_noise_accuracy,
    uniform_noise_distribution,
)
from lab.core.rng import numpy_rng
from lab.noise import Flip, Uniform


def clean_distributions(n: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Neighbourhoods that mostly, not always, agree with the correct label."""
    rng = numpy_rng(n_classes, "clean")
    y = rng.integers(n_classes, size=n)
    return 0.7 * one_hot(y, n_classes) + 0.3 * rng.dirichlet(np.full(n_classes, 0.2), size=n), y


def test_q_is_c_times_T_and_not_its_transpose() -> None:
    T = np.array([[0.9, 0.1, 0.0], [0.0, 0.5, 0.5], [0.2, 0.0, 0.8]])
    q = noisy_neighbour_distribution([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]], T)
    np.testing.assert_allclose(q, [[0, 0.5, 0.5], [0.45, 0.3, 0.25]], atol=1e-15)


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.8, 1.0])
def test_uniform_noise_on_one_hot_neighbours_is_eq_15(rate: float) -> None:
    q = noisy_neighbour_distribution(one_hot([2], 5), Uniform(rate).transition(5))[0]
    np.testing.assert_allclose(np.roll(q, -2), uniform_noise_distribution(rate, 5), atol=1e-15)
    assert uniform_noise_distribution(rate, 5)[0] == pytest.approx(1 - rate + rate / 5)
    y = np.arange(5)
    for ties in ("wrong", "random"):
        general = expected_accuracy(one_hot(y, 5), Uniform(rate).transition(5), 20, y, ties=ties)
        assert general == pytest.approx(uniform_noise_accuracy(rate, 20, 5, ties=ties), abs=1e-10)


@pytest.mark.parametrize("k", [1, 2, 11, 50, 51, 100])
@pytest.mark.parametrize("rate", [0.0, 0.2, 0.45, 0.5, 0.7])
@pytest.mark.parametrize("ties", ["wrong", "random", "optimistic"])
def test_flip_noise_on_one_hot_neighbours_is_eq_16(rate: float, k: int, ties: str) -> None:
    y = np.arange(4)
    general = expected_accuracy(one_hot(y, 4), Flip(rate).transition(4), k, y, ties=ties)
    assert general == pytest.approx(flip_noise_accuracy(rate, k, ties=ties), abs=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 12), st.integers(1, 60), st.sampled_from(["wrong", "random", "optimistic"]))
def test_more_uniform_noise_never_helps_below_the_breaking_rate(n_classes: int, k: int, ties: str) -> None:
    rates = np.linspace(0, 1, 25)  # uniform noise breaks the plurality at rate 1
    q = np.stack([uniform_noise_distribution(rate, n_classes) for rate in rates])
    accuracy = plurality_accuracy(q, k, np.zeros(25, int), ties=ties)
    assert (np.diff(accuracy) <= 1e-14).all()


@pytest.mark.parametrize("ties", ["wrong", "random"])
def test_the_curve_is_the_exact_accuracy_to_five_digits(ties: str) -> None:
    c, y = clean_distributions(20, 10)
    P = np.full((10, 10), 0.1)
    curve = accuracy_curve(c, P, 51, y, (0.0, 0.95), ties=ties)
    rates = np.linspace(0, 0.95, 33)
    exact = [expected_accuracy(c, Uniform(rate).transition(10), 51, y, ties=ties) for rate in rates]
    worst = np.abs(curve(rates) - exact).max()
    assert worst < 1e-5
    assert curve.error < 1e-5
    assert worst < 3 * curve.error + 1e-13
    assert len(curve.coefficients) == 24


def test_the_curve_of_few_neighbours_is_an_exact_polynomial() -> None:
    c, y = clean_distributions(10, 4)
    P = np.roll(np.eye(4), 1, axis=1)
    curve = accuracy_curve(c, P, 7, y)
    assert len(curve.coefficients) == 8
    assert curve.error < 1e-13
    assert curve(0.37) == pytest.approx(expected_accuracy(c, Flip(0.37).transition(4), 7, y), abs=1e-13)
    x = 2 * 0.37 - 1  # as a page computes it
    by_hand = sum(a * np.cos(i * np.arccos(x)) for i, a in enumerate(curve.coefficients))
    assert curve(0.37) == pytest.approx(by_hand, abs=1e-14)


def test_a_curve_with_too_few_nodes_says_so() -> None:
    c, y = clean_distributions(10, 10)
    curve = accuracy_curve(c, np.full((10, 10), 0.1), 101, y, n_nodes=8)
    exact = [expected_accuracy(c, Uniform(rate).transition(10), 101, y) for rate in np.linspace(0, 1, 41)]
    worst = np.abs(curve(np.linspace(0, 1, 41)) - exact).max()
    assert worst > 1e-3
    assert curve.error > worst / 3


def test_wrong_arguments_are_named() -> None:
    c, y = clean_distributions(4, 3)
    P = np.full((3, 3), 1 / 3)
    curve = accuracy_curve(c, P, 5, y, (0.1, 0.5))
    for call, message in [
        (lambda: noisy_neighbour_distribution(c, np.eye(4)), r"T must be a matrix over 3 classes, got \(4, 4\)"),
        (lambda: accuracy_curve(c, P, 5, y, (0.5, 0.5)), "rates must be a lowest and a higher level"),
        (lambda: accuracy_curve(c, P, 5, y, (0.0, 1.5)), r"rates must be a finite number in \[0, 1\], got 1.5"),
        (lambda: accuracy_curve(c, P * 2, 5, y), "corruption must be a matrix whose rows sum to 1"),
        (lambda: accuracy_curve(c, P, 5, y, n_nodes=1), "n_nodes must be an integer >= 2, got 1"),
        (lambda: curve(0.6), r"rate must be in \[0.1, 0.5\], got"),
        (lambda: flip_noise_accuracy(0.3, 4, ties="lowest"), "ties must be one of"),
        (lambda: expected_accuracy(np.empty((0, 3)), P, 5, np.empty(0, int)), "c must be at least one row"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
