import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from lab.core.rng import numpy_rng
from lab.noise import InstanceDependent, corrupt
from lab.noise.instance import margins

FIVE_SIGMA = 5.7e-7  # both sides of a normal distribution


@pytest.fixture
def clean_model(rng):
    """Labels and the probabilities of a model that is mostly right."""
    y = rng.integers(0, 3, 5000)
    logits = rng.normal(size=(5000, 3)) + 3 * np.eye(3)[y]
    return y, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_the_margin_is_to_the_best_other_class():
    probs = np.array([[0.5, 0.2, 0.3], [0.5, 0.2, 0.3]])
    margin, runner_up = margins(probs, np.array([0, 1]))
    np.testing.assert_allclose(margin, [0.2, -0.3])
    np.testing.assert_array_equal(runner_up, [2, 0])


@settings(max_examples=20, deadline=None)
@given(rate=st.floats(0, 1), temperature=st.floats(0.001, 100), seed=st.integers(0, 1000))
def test_the_mean_flip_rate_is_the_rate_at_any_temperature(rate, temperature, seed):
    rng = numpy_rng(seed, "probs")
    y = rng.integers(0, 4, 2000)
    probs = rng.dirichlet(np.ones(4), size=2000)
    labels = corrupt(
        y, InstanceDependent(rate, temperature), rng=numpy_rng(seed, "noise"), n_classes=4, pred_probs=probs
    )
    flips = int(labels.changed.sum())
    tails = binom.cdf(flips, y.size, rate), binom.sf(flips - 1, y.size, rate)
    assert min(tails) > FIVE_SIGMA / 2  # of rare flips a single one is far from normal
    np.testing.assert_array_equal(labels.y_given[labels.changed], margins(probs, y)[1][labels.changed])
    assert labels.T is None


def test_exact_modes_are_exact(clean_model, rng):
    y, probs = clean_model
    labels = corrupt(y, InstanceDependent(0.3), rng=rng, mode="exact", pred_probs=probs)
    assert labels.changed.sum() == 1500
    each = corrupt(y, InstanceDependent(0.3), rng=rng, mode="exact_per_class", pred_probs=probs)
    np.testing.assert_array_equal(np.bincount(y[each.changed]), (np.bincount(y) * 0.3).astype(int))


def test_a_cold_draw_takes_the_hardest_samples_and_a_hot_one_any(clean_model, rng):
    y, probs = clean_model
    margin, _ = margins(probs, y)
    cold = corrupt(y, InstanceDependent(0.2, 1e-4), rng=rng, pred_probs=probs).changed
    assert (cold == (margin < np.quantile(margin, 0.2))).mean() > 0.99
    hot = corrupt(y, InstanceDependent(0.2, 1e3), rng=rng, pred_probs=probs).changed
    assert abs(np.corrcoef(hot, margin)[0, 1]) < 0.06  # 4 sigma


@pytest.mark.parametrize(
    ("probs", "message"),
    [
        (None, "pred_probs must be given for instance-dependent noise, got None"),
        (np.full((2, 3), 1 / 3), "pred_probs must be of 2 columns, got 3"),
        (np.array([[0.5, 0.5], [0.5, 0.6]]), "pred_probs must be rows that sum to 1, got row 1 with sum 1.1"),
        (np.array([[0.5, 0.5], [-0.5, 1.5]]), "pred_probs must be >= 0, got .*-0.5"),
    ],
)
def test_wrong_probabilities_are_refused(probs, message, rng):
    with pytest.raises(ValueError, match=message):
        corrupt(np.array([0, 1]), InstanceDependent(0.1), rng=rng, pred_probs=probs)
