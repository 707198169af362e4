"""Two components over one number per sample: the published fits, their guards, and posteriors that never turn back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import trapezoid
from sklearn.mixture import GaussianMixture

from lab.analysis.mixtures import fit_bmm, fit_gmm


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def two_betas(rng, n=4000):
    """Scores of which three tenths are wrong."""
    return np.concatenate([rng.beta(2, 8, size=n * 3 // 10), rng.beta(9, 2, size=n * 7 // 10)])


def published_bmm(x, n_iterations=10):
    """M-correction's expectation and moments, written out with scipy."""
    weights, alphas, betas = [0.5, 0.5], [1.0, 2.0], [2.0, 1.0]
    for _ in range(n_iterations):
        share = np.array([w * stats.beta.pdf(x, a, b) for w, a, b in zip(weights, alphas, betas, strict=True)])
        share = np.maximum(share, 1e-12)
        share /= share.sum(axis=0)
        for j in (0, 1):
            mean = np.average(x, weights=share[j])
            variance = np.average((x - mean) ** 2, weights=share[j])
            alphas[j] = mean * (mean * (1 - mean) / variance - 1)
            betas[j] = alphas[j] * (1 - mean) / mean
            weights[j] = share[j].mean()
    return weights, alphas, betas


def test_gaussians_are_scikit_learns_with_the_published_settings(rng):
    losses = np.concatenate([rng.normal(0.5, 0.2, size=700), rng.normal(3, 0.6, size=300)])
    fitted = fit_gmm(losses, rng=np.random.default_rng(1), high_is_clean=False)
    seed = int(np.random.default_rng(1).integers(2**31))
    unit = (losses - losses.min()) / (losses.max() - losses.min())
    theirs = GaussianMixture(2, max_iter=10, tol=1e-2, reg_covar=5e-4, random_state=seed).fit(unit[:, None])
    clean = theirs.means_[:, 0].argmin()
    p = theirs.predict_proba(unit[:, None])[:, clean]
    low, high = np.sort(theirs.means_[:, 0])
    between = (unit >= low) & (unit <= high)
    np.testing.assert_allclose(fitted.p_clean(losses)[between], p[between], atol=1e-9)
    assert ((fitted.p_clean(losses) > 0.5) == (np.arange(1000) < 700)).mean() > 0.99


def test_betas_are_the_published_rounds_of_expectation_and_moments(rng):
    scores = two_betas(rng)
    fitted = fit_bmm(scores, rng=rng)
    weights, alphas, betas = published_bmm(scores.clip(1e-4, 1 - 1e-4))
    for ours, theirs in ((fitted.weights, weights), (fitted.first, alphas), (fitted.second, betas)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    longer = fit_bmm(scores, rng=rng, n_iterations=100)
    np.testing.assert_allclose(longer.weights, [0.3, 0.7], atol=0.03)
    np.testing.assert_allclose(longer.first / (longer.first + longer.second), [0.2, 9 / 11], atol=0.02)


def test_a_beta_posterior_is_looked_up_in_hundredths(rng):
    fitted = fit_bmm(two_betas(rng), rng=rng)
    grid = np.linspace(0, 1, 100)
    wrong, clean = (
        w * stats.beta.pdf(grid.clip(1e-4, 1 - 1e-4), a, b)
        for w, a, b in zip(fitted.weights, fitted.first, fitted.second, strict=True)
    )
    expected = np.maximum.accumulate(clean / (clean + wrong))
    for value in (0.0, 0.315, 0.5, 0.7349, 0.999, 1.0):
        np.testing.assert_allclose(fitted.p_clean([value]), expected[min(int(100 * value), 99)], atol=1e-4)


def test_losses_are_trimmed_and_scaled_by_their_percentiles(rng):
    losses = 5 * (1 - two_betas(rng))
    losses[:20] = 1000.0
    fitted = fit_bmm(losses, rng=rng, high_is_clean=False, scale="percentiles")
    assert fitted.kind == "bmm"
    assert (fitted.low, fitted.high) == tuple(np.percentile(losses, (5, 95)))
    assert fitted.p_clean([1000.0])[0] == fitted.p_clean([fitted.high])[0] < 0.01
    assert fitted.p_clean([-3.0])[0] > 0.95


@pytest.mark.parametrize("fit", [fit_gmm, fit_bmm])
def test_scores_and_losses_are_mirror_images(fit, rng):
    scores = two_betas(rng)
    up = fit(scores, rng=np.random.default_rng(0)).p_clean(scores)
    down = fit(1 - scores, rng=np.random.default_rng(0), high_is_clean=False).p_clean(1 - scores)
    np.testing.assert_allclose(up, down, atol=0.05)  # hundredths are cut from the other side


@given(
    seed=st.integers(0, 10_000),
    shapes=st.tuples(*[st.floats(0.3, 20)] * 4),
    share=st.floats(0.02, 0.98),
    high_is_clean=st.booleans(),
    fit=st.sampled_from([fit_gmm, fit_bmm]),
)
@settings(max_examples=120, deadline=None)
def test_the_posterior_is_a_probability_that_never_turns_back(seed, shapes, share, high_is_clean, fit):
    rng = np.random.default_rng(seed)
    n = int(200 * share)
    values = np.concatenate([rng.beta(*shapes[:2], size=n), rng.beta(*shapes[2:], size=200 - n)])
    fitted = fit(values, rng=rng, high_is_clean=high_is_clean)
    p = fitted.p_clean(np.linspace(-0.5, 1.5, 4001))
    assert ((p >= 0) & (p <= 1)).all()
    steps = np.diff(p if high_is_clean else p[::-1])
    assert (steps >= -1e-12).all()
    assert abs(fitted.weights.sum() - 1) < 1e-6


def test_a_very_high_score_is_clean_although_the_wider_component_would_claim_it(rng):
    scores = np.concatenate([rng.normal(0, 3, size=500), rng.normal(2, 0.2, size=500)])
    fitted = fit_gmm(scores, rng=rng)
    assert fitted.p_clean([scores.max()])[0] == fitted.p_clean(np.linspace(-9, 9, 500)).max()


@pytest.mark.parametrize("fit", [fit_gmm, fit_bmm])
def test_densities_have_the_area_of_their_weights(fit, rng):
    fitted = fit(two_betas(rng), rng=rng)
    grid = np.linspace(-1, 2, 30_001) if fitted.kind == "gmm" else np.linspace(1e-4, 1 - 1e-4, 30_001)
    np.testing.assert_allclose(trapezoid(fitted.densities(grid), grid, axis=1), fitted.weights, atol=1e-3)


@pytest.mark.parametrize("fit", [fit_gmm, fit_bmm])
@pytest.mark.parametrize("high_is_clean", [True, False])
def test_the_threshold_is_where_the_posterior_crosses(fit, high_is_clean, rng):
    fitted = fit(two_betas(rng), rng=rng, high_is_clean=high_is_clean)
    cut = fitted.threshold()
    step = 1e-4 if high_is_clean else -1e-4
    assert fitted.p_clean([cut])[0] >= 0.5 > fitted.p_clean([cut - step])[0]
    assert np.isnan(fitted.threshold(1.1))


def test_where_betas_do_not_tell_apart_gaussians_are_fitted_and_the_note_says_so(rng):
    values = np.clip(rng.normal(0.5, 0.005, size=1000), 0, 1)
    fitted = fit_bmm(values, rng=rng)
    assert fitted.kind != "bmm"
    assert "Beta" in fitted.note


def test_a_handful_of_outliers_is_no_component(rng):
    values = np.full(1000, 0.9)
    values[:3] = [0.0, 0.1, 0.2]
    fitted = fit_gmm(values, rng=rng)
    assert fitted.kind == "median"
    assert fitted.note.startswith("No mixture of two fits")
    np.testing.assert_array_equal(fitted.p_clean(values), np.r_[np.zeros(3), np.ones(997)])
    np.testing.assert_array_equal(fitted.densities(values[:5]), np.zeros((2, 5)))
    losses = fit_gmm(-values, rng=rng, high_is_clean=False)
    np.testing.assert_array_equal(losses.p_clean(-values), np.r_[np.zeros(3), np.ones(997)])
    assert fit_bmm(values, rng=rng, scale="percentiles").kind == "median"


@pytest.mark.parametrize("fit", [fit_gmm, fit_bmm])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full(30, 0.25), r"values must be of at least two different sizes .*, got '30 times 0.25'"),
        ([0.1, np.nan, 0.3], "values must be finite, got '1 that are not'"),
        ([0.1], r"values must be at least 2 numbers, one per sample, got \(1,\)"),
        ([[0.1, 0.2]], r"values must be at least 2 numbers, one per sample, got \(1, 2\)"),
    ],
)
def test_numbers_that_can_not_be_told_apart_are_refused_with_one_sentence(fit, values, message, rng):
    with pytest.raises(ValueError, match=message):
        fit(values, rng=rng)


def test_betas_need_numbers_between_0_and_1_unless_scaled(rng):
    with pytest.raises(ValueError, match=r"values must be in \[0, 1\] unless scaled, got \(0.5, 7.0\)"):
        fit_bmm([0.5, 7.0], rng=rng)
    with pytest.raises(ValueError, match="scale must be one of 'none', 'percentiles', got 'minmax'"):
        fit_bmm([0.5, 0.7], rng=rng, scale="minmax")
