"""Votes drawn at random: what they must equal exactly, and within their own standard error."""

from __future__ import annotations

import numpy as np
import pytest

from lab.analysis.plurality import TIES, plurality_accuracy
from lab.analysis.plurality_sampling import conditional_accuracy, monte_carlo_accuracy
from lab.core.rng import numpy_rng
from lab.noise import Flip, Uniform


def test_the_same_generator_gives_the_same_draws() -> None:
    q = [[0.5, 0.3, 0.2]]
    first, again, other = (monte_carlo_accuracy(q, 9, [0], rng=numpy_rng(s), draws=500).mean for s in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("ties", TIES)
def test_neighbours_of_one_clean_class_are_the_theorem_itself(ties: str) -> None:
    """All K neighbours share one clean label: then nothing is left to approximate."""
    T = Uniform(0.8).transition(5)
    counts = 12 * np.eye(5, dtype=int)
    sampled = conditional_accuracy(counts, T, np.arange(5), rng=numpy_rng(3), draws=6000, ties=ties)
    exact = plurality_accuracy(T, 12, np.arange(5), ties=ties)
    assert (np.abs(sampled.mean - exact) <= 3 * sampled.error).all()
    assert (sampled.error > 0).all()
    assert (sampled.error < 0.5 / np.sqrt(5999)).all()


def test_without_noise_the_clean_votes_decide() -> None:
    counts = np.array([[3, 2, 0], [2, 2, 1], [1, 0, 4]])
    for ties, won in [("wrong", [1, 0, 0]), ("random", [1, 0.5, 0]), ("optimistic", [1, 1, 0]), ("lowest", [1, 1, 0])]:
        sampled = conditional_accuracy(counts, np.eye(3), [0, 0, 0], rng=numpy_rng(0), draws=20, ties=ties)
        np.testing.assert_array_equal(sampled.mean, won)
        np.testing.assert_array_equal(sampled.error, 0)


def test_two_clean_classes_by_hand() -> None:
    """Two neighbours of class 0 and one of class 1, each flipped with 0.3: class 0 wins with 0.7² 1 + 2 0.7 0.3 0.3."""
    exact = 0.7**2 + 2 * 0.7 * 0.3 * 0.3
    sampled = conditional_accuracy([[2, 1]], Flip(0.3).transition(2), [0], rng=numpy_rng(5), draws=20_000)
    assert abs(sampled.mean[0] - exact) <= 3 * sampled.error[0]
    theorem = plurality_accuracy([[(2 * 0.7 + 0.3) / 3, (2 * 0.3 + 0.7) / 3]], 3, [0])[0]
    assert abs(theorem - exact) > 4 * sampled.error[0]  # the approximation that the theorem makes is visible here


def test_samples_alike_share_their_draws() -> None:
    counts = np.array([[4, 3], [4, 3], [3, 4]])
    sampled = conditional_accuracy(counts, Flip(0.4).transition(2), [0, 0, 1], rng=numpy_rng(1), draws=300)
    assert sampled.mean[0] == sampled.mean[1]


def test_wrong_arguments_are_named() -> None:
    T, rng = np.eye(2), numpy_rng(0)
    for call, message in [
        (lambda: conditional_accuracy([[1.5, 1]], T, [0], rng=rng), "counts must be integers, got"),
        (lambda: conditional_accuracy([[-1, 3]], T, [0], rng=rng), "counts must be >= 0, got -1"),
        (lambda: conditional_accuracy([[0, 0]], T, [0], rng=rng), "each row of counts must be at least one neighbour"),
        (lambda: conditional_accuracy([[1, 1, 1]], T, [0], rng=rng), "T must be a matrix over 3 classes"),
        (lambda: conditional_accuracy([[1, 1]], T, [0], rng=rng, draws=1), "draws must be an integer >= 2, got 1"),
        (lambda: monte_carlo_accuracy([[0.5, 0.5]], 0, [0], rng=rng), "k must be an integer >= 1, got 0"),
        (lambda: monte_carlo_accuracy([[0.5, 0.6]], 3, [0], rng=rng), "each row sum of q must be 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
