"""Real votes beside the theory."""

from __future__ import annotations

import numpy as np
import pytest

from lab.analysis.knn_experiment import exactness, measured_accuracy
from lab.analysis.plurality_noise import expected_accuracy
from lab.core.rng import numpy_rng
from lab.neighbors import NeighborTable
from lab.noise import Flip, Uniform


def blobs(n: int, n_classes: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points around the corners of a simplex, in five dimensions."""
    rng = numpy_rng(seed, "blobs")
    y = rng.integers(n_classes, size=n)
    return np.eye(5)[y] + spread * rng.normal(size=(n, 5)), y


def test_a_vote_by_hand_under_every_tie_rule() -> None:
    """Neighbours of the left end carry 0 1 1 0, of the right end 2 0 1 1: at K = 2 and K = 4 the left ties."""
    table = NeighborTable.build(np.arange(6.0)[:, None], np.array([[-1.0], [9.0]]), k_max=4)
    y = np.array([0, 1, 1, 0, 1, 2])
    y[3] = 0
    measured = {
        ties: measured_accuracy(table, y, [0, 1], 3, [1, 2, 4], ties=ties).tolist()
        for ties in ("wrong", "random", "lowest", "optimistic", "nearest")
    }
    assert measured == {
        "wrong": [0.5, 0.0, 0.5],
        "random": [0.5, 0.5, 0.75],
        "lowest": [0.5, 1.0, 1.0],
        "optimistic": [0.5, 1.0, 1.0],
        "nearest": [0.5, 0.5, 1.0],
    }


def test_perfectly_separated_classes_are_the_theorem_and_nothing_is_approximated() -> None:
    x, y = blobs(600, 3, 0.05, 0)
    test_x, correct = blobs(60, 3, 0.05, 1)
    table = NeighborTable.build(x, test_x, k_max=15)
    T = Flip(0.4).transition(3)
    found = exactness(table, y, correct, T, 10, rng=numpy_rng(2), draws=3000)
    assert found.theorem == pytest.approx(0.633103, abs=1e-6)
    for mean, error in (found.simulated, found.conditional):
        assert abs(mean - found.theorem) <= 3 * error
        assert error == pytest.approx(np.sqrt(0.633 * 0.367 / 3000 / 3), rel=0.1)  # three classes, drawn apart


def test_given_the_neighbours_clean_labels_the_forecast_is_nearer_to_real_votes() -> None:
    """Classes that overlap: of 11 neighbours some are of another class, always the same ones."""
    x, y = blobs(900, 3, 0.45, 3)
    test_x, correct = blobs(300, 3, 0.45, 4)
    table = NeighborTable.build(x, test_x, k_max=11)
    found = exactness(table, y, correct, Uniform(0.3).transition(3), 11, rng=numpy_rng(5), draws=400, repeats=30)
    measured, error = found.measured.mean(), found.measured.std(ddof=1) / np.sqrt(30)
    assert abs(found.simulated.mean - found.theorem) <= 3 * found.simulated.error
    assert abs(found.conditional.mean - measured) <= 3 * np.hypot(error, found.conditional.error)
    assert abs(found.theorem - measured) > 2 * abs(found.conditional.mean - measured)


def test_the_theorem_of_the_four_ways_is_the_expected_accuracy() -> None:
    x, y = blobs(200, 3, 0.5, 6)
    table = NeighborTable.build(x[:150], x[150:], k_max=7)
    T = Uniform(0.5).transition(3)
    found = exactness(table, y[:150], y[150:], T, 7, rng=numpy_rng(0), ties="random", draws=50, repeats=1)
    c = table.votes(y[:150], 3)[:, 6] / 7
    assert found.theorem == pytest.approx(expected_accuracy(c, T, 7, y[150:], ties="random"), abs=1e-12)


def test_real_votes_follow_the_rows_of_T() -> None:
    """Class 0 keeps its labels, half of class 1 becomes 2, all of class 2 becomes 0."""
    x, y = blobs(600, 3, 0.05, 0)
    test_x, correct = blobs(90, 3, 0.05, 1)
    T = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0]])
    found = exactness(
        NeighborTable.build(x, test_x, k_max=1), y, correct, T, 1, rng=numpy_rng(0), draws=400, repeats=20
    )
    right = np.array([1.0, 0.5, 0.0])[correct].mean()
    assert found.theorem == pytest.approx(right)
    assert found.conditional.mean == pytest.approx(right, abs=3 * found.conditional.error)
    assert found.measured.mean() == pytest.approx(right, abs=0.03)


def test_the_same_generator_gives_the_same_answer() -> None:
    x, y = blobs(100, 2, 0.5, 7)
    table = NeighborTable.build(x[:80], x[80:], k_max=3)
    one, two = (
        exactness(table, y[:80], y[80:], Flip(0.2).transition(2), 3, rng=numpy_rng(1), draws=20) for _ in range(2)
    )
    assert one.conditional == two.conditional
    np.testing.assert_array_equal(one.measured, two.measured)


def test_wrong_arguments_are_named() -> None:
    table, y, rng = (
        NeighborTable.build(np.arange(4.0)[:, None], np.zeros((1, 1)), k_max=2),
        np.zeros(4, int),
        numpy_rng(0),
    )
    for call, message in [
        (lambda: measured_accuracy(table, y, [0], 2, [1], ties="coin"), "ties must be one of 'wrong'"),
        (lambda: measured_accuracy(table, y, [0, 0], 2, [1]), "correct must be one label for each of 1 rows"),
        (lambda: exactness(table, y, [0], np.eye(2), 3, rng=rng), r"k must be an integer in \[1, 2\], got 3"),
        (lambda: exactness(table, y, [0], np.eye(2), 1, rng=rng, repeats=0), "repeats must be an integer >= 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
