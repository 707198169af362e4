"""The consistency effect: four means, at the samples and half way to their neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from lab.analysis.consistency import consistency_curves, consistency_effect
from lab.neighbors import NeighborTable


def softmax_of(weights):
    def call(rows):
        e = np.exp(rows @ weights)
        return e / e.sum(axis=1, keepdims=True)

    return call


@pytest.fixture
def task():
    rng = np.random.default_rng(0)
    y_clean, y_given = rng.integers(3, size=(2, 50))
    return rng.normal(size=(50, 4)), y_given, y_clean, rng.normal(size=(50, 2)), rng.normal(size=(4, 3))


def test_the_four_means_are_those_of_the_papers_definition(task):
    x, y_given, y_clean, features, weights = task
    call, nearest = softmax_of(weights), NeighborTable.build(features, k_max=1).idx[:, 0]
    here = call(x)[np.arange(50), y_given]
    halfway = call((x + x[nearest]) / 2)[np.arange(50), y_given]
    right = y_given == y_clean
    expected = [here[right].mean(), here[~right].mean(), halfway[right].mean(), halfway[~right].mean()]
    effect = consistency_effect(call, x, y_given, y_clean, features)
    np.testing.assert_allclose(effect, expected, atol=1e-6)
    assert effect.em_inc == effect[3]


def test_labels_learnt_by_heart_agree_at_the_samples_and_not_between_them():
    x = np.arange(20.0)[:, None]
    y_clean, y_given = np.zeros(20, dtype=int), (np.arange(20) % 5 == 2).astype(int)

    def by_heart(rows):
        wrong = (np.abs(rows - 2) % 5 < 0.25) | (np.abs(rows - 2) % 5 > 4.75)
        return np.hstack([~wrong, wrong]).astype(float)

    effect = consistency_effect(by_heart, x, y_given, y_clean, x)
    assert tuple(effect) == (1, 1, 1, 0)


def test_a_curve_has_one_row_per_network(task):
    x, y_given, y_clean, features, weights = task
    checkpoints = (softmax_of(s * weights) for s in (0.0, 1.0, 3.0))
    curves = consistency_curves(checkpoints, x, y_given, y_clean, features)
    assert curves.shape == (3, 4)
    np.testing.assert_allclose(curves[0], 1 / 3, atol=1e-6)
    np.testing.assert_allclose(curves[2], consistency_effect(softmax_of(3 * weights), x, y_given, y_clean, features))
    assert consistency_curves([], x, y_given, y_clean, features).shape == (0, 4)


def test_without_a_wrong_label_its_means_are_nan(task):
    x, y_given, _, features, weights = task
    effect = consistency_effect(softmax_of(weights), x, y_given, y_given, features)
    assert np.isnan([effect.e_inc, effect.em_inc]).all()
    assert np.isfinite([effect.e_cor, effect.em_cor]).all()


def test_truth_that_does_not_fit_is_refused(task):
    x, y_given, y_clean, features, weights = task
    with pytest.raises(ValueError, match="y_clean must be 50 labels, one per row of x, got 49"):
        consistency_effect(softmax_of(weights), x, y_given, y_clean[:49], features)
