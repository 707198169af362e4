"""Reliability and calibration error against figures worked by hand, and against what they are meant to find."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.analysis.calibration import calibration
from lab.core.rng import numpy_rng
from lab.neighbors import NeighborTable
from lab.noise import Symmetric, corrupt


def test_four_rows_worked_by_hand():
    probs = [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.5, 0.5]]
    found = calibration(probs, [0, 1, 1, 0], n_bins=5)
    np.testing.assert_array_equal(found.count, [0, 0, 1, 2, 1])  # a bin owns its upper edge: .8 is in the fourth
    np.testing.assert_allclose(found.confidence, [np.nan, np.nan, 0.5, 0.75, 0.9])
    np.testing.assert_allclose(found.accuracy, [np.nan, np.nan, 1, 0.5, 1])
    assert found.ece == pytest.approx((0.5 + 2 * 0.25 + 0.1) / 4)
    assert found.overconfidence == pytest.approx(2.9 / 4 - 3 / 4)
    assert found.log_loss == pytest.approx(-np.log([0.9, 0.2, 0.7, 0.5]).mean())
    np.testing.assert_allclose(found.edges, [0, 0.2, 0.4, 0.6, 0.8, 1])


@given(seed=st.integers(0, 1000), n_bins=st.integers(1, 20), n_classes=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_bins_hold_all_rows_and_the_error_is_no_larger_than_one(seed, n_bins, n_classes):
    rng = np.random.default_rng(seed)
    probs, y = rng.dirichlet(np.full(n_classes, 0.3), size=50), rng.integers(n_classes, size=50)
    found = calibration(probs, y, n_bins=n_bins)
    assert found.count.sum() == 50
    assert abs(found.overconfidence) <= found.ece + 1e-12 <= 1 + 1e-12
    inside = (found.confidence > found.edges[:-1]) & (found.confidence <= found.edges[1:] + 1e-12)
    assert inside[found.count > 0].all()
    if n_bins == 1:
        assert found.ece == pytest.approx(abs(found.overconfidence))


def test_labels_drawn_from_the_probabilities_are_calibrated_and_sharpened_ones_are_overconfident():
    rng = numpy_rng(0)
    probs = rng.dirichlet(np.ones(3), size=40_000)
    y = (rng.random((40_000, 1)) > probs.cumsum(axis=1)).sum(axis=1)
    assert calibration(probs, y).ece < 0.01
    sharp = probs**3 / (probs**3).sum(axis=1, keepdims=True)
    assert calibration(sharp, y).ece == pytest.approx(calibration(sharp, y).overconfidence, abs=0.01)
    assert calibration(sharp, y).ece > 0.1


def test_a_histogram_of_neighbours_is_calibrated_to_given_labels_and_not_to_clean_ones():
    rng = numpy_rng(0)
    y = rng.integers(3, size=4000)
    x = rng.normal(size=(4000, 2)) + 6 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    given_labels = corrupt(y, Symmetric(0.4), rng=rng, n_classes=3).y_given
    shares = NeighborTable.build(x, k_max=60).votes_at(given_labels, 3, 60) / 60
    assert calibration(shares, given_labels).ece < 0.07  # the largest of 60 votes' shares is a little too large
    assert calibration(shares, y).ece > 0.3
    assert calibration(shares, y).overconfidence < -0.3


def test_a_share_of_zero_costs_much_and_not_everything():
    assert calibration([[1.0, 0.0]], [1]).log_loss == pytest.approx(-np.log(1e-12))


@pytest.mark.parametrize(
    ("probs", "y", "message"),
    [
        ([[0.5, 0.6]], [0], "each row sum of pred_probs must be 1"),
        ([[1.5, -0.5]], [0], "pred_probs must be probabilities >= 0"),
        ([[np.nan, 1]], [0], "pred_probs must be finite"),
        ([[0.5, 0.5]], [2], "y must be class indices below 2"),
        ([[0.5, 0.5]], [0, 1], "y must be one label for each of 1 rows"),
        (np.empty((0, 2)), np.empty(0, int), "y must be one label for each of 0 rows, at least one, got 0"),
    ],
)
def test_bad_input_is_answered_with_one_sentence(probs, y, message):
    with pytest.raises(ValueError, match=message):
        calibration(probs, y)
