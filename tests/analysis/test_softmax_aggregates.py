"""Medians and central halves per true class."""

from __future__ import annotations

import numpy as np
import pytest

from lab.analysis.softmax_aggregates import aligned, pooled_aggregate, softmax_aggregates
from lab.core.rng import numpy_rng
from lab.noise import Flip, Uniform

# class 0 five times, class 1 once, class 2 never; answers for class 0 are 0.1, 0.2, 0.3, 0.4, 0.9
PROBS = np.array([[0.1, 0.9, 0], [0.9, 0.1, 0], [0.3, 0.2, 0.5], [0.4, 0.3, 0.3], [0.2, 0.6, 0.2], [0.0, 0.25, 0.75]])
Y = np.array([0, 0, 0, 0, 0, 1])


def test_medians_and_central_halves_by_hand() -> None:
    found = softmax_aggregates(PROBS, Y)
    np.testing.assert_allclose(found.median[0], [0.3, 0.3, 0.2])
    np.testing.assert_allclose(found.low[0], [0.2, 0.2, 0.0])
    np.testing.assert_allclose(found.high[0], [0.4, 0.6, 0.3])
    np.testing.assert_allclose(found.mean[0], [0.38, 0.42, 0.2])
    np.testing.assert_allclose([found.median[1], found.low[1], found.high[1]], np.tile([0, 0.25, 0.75], (3, 1)))
    assert np.isnan([found.median[2], found.low[2], found.high[2], found.mean[2]]).all()
    assert found.counts.tolist() == [5, 1, 0]


def test_half_of_the_samples_lie_in_the_central_half() -> None:
    y = np.repeat(np.arange(4), 102)
    probs = numpy_rng(0).dirichlet(np.ones(4), size=len(y))
    found = softmax_aggregates(probs, y)
    inside = (probs >= found.low[y]) & (probs <= found.high[y])
    for c in range(4):
        np.testing.assert_array_equal(inside[y == c].sum(axis=0), 50)


def test_samples_can_be_told_apart_by_region() -> None:
    region = np.array([True, False, True, False, False, True])
    found, others = softmax_aggregates(PROBS, Y, among=region), softmax_aggregates(PROBS, Y, among=~region)
    np.testing.assert_allclose(found.median[0], [0.2, 0.55, 0.25])
    assert found.counts.tolist() == [2, 1, 0]
    assert others.counts.tolist() == [3, 0, 0]
    assert np.isnan(others.median[1]).all()


def test_in_one_diagram_the_true_class_comes_first() -> None:
    np.testing.assert_allclose(aligned(np.array([[0.1, 0.2, 0.7]]), np.array([1])), [[0.2, 0.7, 0.1]])
    found = pooled_aggregate(PROBS, Y, among=np.array([True, False, False, False, False, True]))
    np.testing.assert_allclose(found.median, [[0.175, 0.825, 0]])
    assert found.counts.tolist() == [2]


@pytest.mark.parametrize(
    ("noise", "bars"), [(Uniform(0.3), [0.775, 0.075, 0.075, 0.075]), (Flip(0.4), [0.6, 0.4, 0, 0])]
)
def test_the_bars_that_theory_draws_are_eq_15_and_the_flip(noise: Uniform | Flip, bars: list[float]) -> None:
    T = noise.transition(4)
    np.testing.assert_allclose(aligned(T, np.arange(4)).mean(axis=0), bars)
    y = np.arange(40) % 4
    np.testing.assert_allclose(pooled_aggregate(T[y], y).median, [bars])


def test_wrong_arguments_are_named() -> None:
    for call, message in [
        (lambda: softmax_aggregates(PROBS * 2, Y), "each row sum of pred_probs must be 1 within 0.001"),
        (lambda: softmax_aggregates(PROBS, Y[:5]), "correct must be one label for each of 6 rows"),
        (lambda: softmax_aggregates(PROBS, Y + 2), "correct must be class indices below 3, got 3"),
        (lambda: softmax_aggregates(PROBS, Y, among=np.ones(3, bool)), "among must be one for each of 6 rows"),
        (lambda: pooled_aggregate(PROBS, Y, among=np.ones(3, bool)), "among must be one for each of 6 rows"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
