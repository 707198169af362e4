"""C_s from neighbours, from a softmax, and without clean labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.analysis.clean_distribution import (
    denoised_distribution,
    nearest_distribution,
    neighbour_counts,
    neighbour_distribution,
    softmax_distribution,
)
from lab.core.rng import numpy_rng
from lab.neighbors import NeighborTable
from lab.noise import Matrix, Uniform

SKEWED = np.array([[0.9, 0.1, 0.0], [0.0, 0.5, 0.5], [0.2, 0.0, 0.8]])


def line(k_max: int) -> tuple[NeighborTable, np.ndarray]:
    """Reference points 0..5 on a line with labels 0 0 1 1 2 2, and queries at their ends."""
    reference = np.arange(6.0)[:, None]
    return NeighborTable.build(reference, np.array([[-1.0], [6.0]]), k_max=k_max), np.array([0, 0, 1, 1, 2, 2])


def test_neighbours_are_counted_by_label() -> None:
    table, y = line(5)
    np.testing.assert_array_equal(neighbour_counts(table, y, 4, 3), [[2, 1, 0, 0], [0, 1, 2, 0]])
    np.testing.assert_allclose(neighbour_distribution(table, y, 3, 4), [[0.5, 0.5, 0], [0, 0.5, 0.5]])


def test_counts_equal_the_running_votes_of_the_table() -> None:
    rng = numpy_rng(0)
    y = rng.integers(5, size=80)
    table = NeighborTable.build(rng.normal(size=(80, 3)), rng.normal(size=(30, 3)), k_max=20)
    votes = table.votes(y, 5)
    for k in (1, 7, 20):
        np.testing.assert_array_equal(neighbour_counts(table, y, 5, k), votes[:, k - 1])


def test_a_softmax_in_single_precision_becomes_exact() -> None:
    probs = numpy_rng(1).dirichlet(np.ones(7), size=20).astype(np.float32)
    c = softmax_distribution(probs)
    assert c.dtype == np.float64
    np.testing.assert_allclose(c.sum(axis=1), 1, atol=1e-15)
    np.testing.assert_allclose(c, probs, atol=1e-6)


def test_noise_taken_out_of_a_noisy_distribution_leaves_the_clean_one() -> None:
    c = numpy_rng(2).dirichlet(np.ones(3), size=50)
    np.testing.assert_allclose(denoised_distribution(c @ SKEWED, SKEWED), c, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), st.integers(0, 1000))
def test_no_distribution_is_nearer_than_the_nearest(n_classes: int, seed: int) -> None:
    rng = numpy_rng(seed)
    x = rng.normal(size=(4, n_classes))
    found = nearest_distribution(x)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)
    assert (found >= 0).all()
    np.testing.assert_allclose(nearest_distribution(found), found, atol=1e-12)
    others = rng.dirichlet(np.full(n_classes, 0.5), size=(200, 1))
    distance = ((others - x) ** 2).sum(axis=2)
    assert (distance >= ((found - x) ** 2).sum(axis=1) - 1e-12).all()


def test_a_distribution_by_hand() -> None:
    np.testing.assert_allclose(nearest_distribution(np.array([[1.2, 0.4, -0.1]])), [[0.9, 0.1, 0.0]], atol=1e-15)


def test_wrong_arguments_are_named() -> None:
    table, y = line(3)
    c = np.full((2, 3), 1 / 3)
    for call, message in [
        (lambda: neighbour_counts(table, y, 3, 4), r"k must be an integer in \[1, 3\], got 4"),
        (lambda: neighbour_counts(table, y, 2, 1), "y must be class indices below 2, got 2"),
        (lambda: neighbour_counts(table, y[:5], 3, 1), "y must be 6 labels, one per reference row, got 5"),
        (lambda: softmax_distribution([[0.5, 0.4]]), "each row sum of pred_probs must be 1 within 0.001, got 0.9"),
        (lambda: denoised_distribution(c, np.eye(4)), r"T must be a matrix over 3 classes, got \(4, 4\)"),
        (
            lambda: denoised_distribution(c, Uniform(1.0).transition(3)),
            "the condition number of T must be at most 10000",
        ),
        (
            lambda: denoised_distribution(c, Matrix(1.0, np.ones((3, 3)) / 3).transition(3)),
            "the condition number of T must be",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
