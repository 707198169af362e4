"""Two components over one number per sample, a wrong one and a clean one: the cut-off that needs no clean labels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray
from scipy.special import betaln, expit
from scipy.stats import norm

from lab.core.checks import check_choice, require

EDGE = 1e-4  # values of a Beta density stay this far from 0 and 1
BINS = 100  # of the Beta mixture's posterior
SMALLEST_WEIGHT = 0.01  # of a component that counts as one
SMALLEST_GAP = 0.02  # between the means of two Betas

Pair = Float64[ndarray, "2"]  # the wrong component, then the clean one


@dataclass(frozen=True, eq=False, slots=True)
class Mixture:
    """Two weighted densities over a number per sample, and P(clean | number), which never turns back.

    Attributes:
        kind: "gmm", "bmm", or "median", the half of the samples that look cleaner, where no mixture fits.
        high_is_clean: whether large numbers speak for a right label (scores) or against it (losses).
        weights: shares of the wrong and of the clean component.
        first, second: means and standard deviations of two Gaussians, or alpha and beta of two Betas; of the numbers
            after `low` has become 0 and `high` 1. Of a median, the median itself and 0.
        note: a sentence if something else was fitted than what was asked for, else "".
    """

    kind: str
    high_is_clean: bool
    low: float
    high: float
    weights: Pair
    first: Pair
    second: Pair
    note: str = ""

    def p_clean(self, values: Any) -> Float64[ndarray, " m"]:
        """P(clean) of each number: monotone in it."""
        if self.kind == "median":
            values = np.asarray(values)
            clean = values >= self.first[1] if self.high_is_clean else values <= self.first[1]
            return clean.astype(np.float64)
        u = self._unit(values)
        if self.kind == "bmm":  # one number for each hundredth
            u = np.linspace(0, 1, BINS)[np.clip(BINS * u, 0, BINS - 1).astype(int)]
        with np.errstate(under="ignore"):
            return expit(np.subtract(*self._log_joint(self._held(u))[::-1]))

    def densities(self, values: Any) -> Float64[ndarray, "2 m"]:
        """Weighted densities of the wrong and of the clean component, for drawing over a histogram of area 1."""
        if self.kind == "median":
            return np.zeros((2, len(values)))
        with np.errstate(under="ignore"):
            return np.exp(self._log_joint(self._unit(values))) / (self.high - self.low)

    def threshold(self, p_clean: float = 0.5) -> float:
        """The number at which P(clean) reaches `p_clean`; nan if it does so nowhere between the ends."""
        values = np.linspace(self.low, self.high, 100_001)
        reached = self.p_clean(values) >= p_clean
        turns = np.flatnonzero(reached[1:] != reached[:-1])
        return float(values[turns[0] + (1 if self.high_is_clean else 0)]) if len(turns) else float("nan")

    def _unit(self, values: Any) -> Float64[ndarray, " m"]:
        return (np.asarray(values, dtype=np.float64) - self.low) / (self.high - self.low)

    def _log_joint(self, u: Float64[ndarray, " m"]) -> Float64[ndarray, "2 m"]:
        weight, first, second = self.weights[:, None], self.first[:, None], self.second[:, None]
        if self.kind == "gmm":
            return np.log(weight) + norm.logpdf(u, first, second)
        return np.log(weight) + log_beta_density(u, first, second)

    def _held(self, u: Float64[ndarray, " m"]) -> Float64[ndarray, " m"]:
        """`u`, held where the ratio of the densities would turn back.

        The ratio has at most one extremum, and not between the means of two Gaussians. A peak lies on the clean side, a
        trough on the wrong one.
        """
        if self.kind == "gmm":
            precision = self.second**-2.0
            steps = np.array([-1, 1]) @ (self.first * precision), -np.array([-1, 1]) @ precision
            is_peak, there = steps[1] < 0, -steps[0] / steps[1] if steps[1] else np.inf
        else:
            rise, fall = np.diff(self.first)[0], np.diff(self.second)[0]
            if rise * fall <= 0:
                return u
            is_peak, there = rise > 0, rise / (rise + fall)
        if not np.isfinite(there):
            return u
        return np.minimum(u, there) if is_peak == self.high_is_clean else np.maximum(u, there)


def fit_gmm(values: Any, *, rng: np.random.Generator, high_is_clean: bool = True) -> Mixture:
    """Two Gaussians, as DivideMix fits them to losses.

    Args:
        values: `(n,)`, one number per sample: losses in eval mode without augmentation, or scores.
        rng: starts the fit.
        high_is_clean: True for scores, False for losses.
    Raises: ValueError unless there are at least two different finite numbers.
    Source: DivideMix, co-divide, and its code: numbers scaled to [0, 1], at most 10 iterations, tolerance .01, 5e-4
        added to the variances. A sample is labelled where P(clean) > .5.
    Departs from it: P(clean) is held where the wider Gaussian would win beyond the other one; the half that looks
        cleaner is returned if the fit does not converge or a component has less than 1 %.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    values = check_values(values)
    low, high = float(values.min()), float(values.max())
    seed = int(rng.integers(2**31))
    model = GaussianMixture(2, max_iter=10, tol=1e-2, reg_covar=5e-4, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((values[:, None] - low) / (high - low))
    if not model.converged_ or model.weights_.min() < SMALLEST_WEIGHT:
        return _median_split(values, high_is_clean)
    order = np.argsort(model.means_[:, 0])
    order = order if high_is_clean else order[::-1]
    spread = np.sqrt(model.covariances_[order, 0, 0])
    return Mixture("gmm", high_is_clean, low, high, model.weights_[order], model.means_[order, 0], spread)


def fit_bmm(
    values: Any,
    *,
    rng: np.random.Generator,
    high_is_clean: bool = True,
    scale: str = "none",
    n_iterations: int = 10,
) -> Mixture:
    """Two Betas by expectation and weighted moments, as M-correction fits them to losses.

    Args:
        values: `(n,)`, one number per sample.
        rng: for the two Gaussians that are fitted if two Betas do not fit.
        high_is_clean: True for scores, False for losses.
        scale: "none" for numbers in [0, 1], such as INN scores; "percentiles" (M-correction's): the 5th becomes 0, the
            95th 1, and what lies outside has no part in the fit.
    Raises: ValueError unless there are at least two different finite numbers, or for scale="none" outside [0, 1].
    Source: M-correction, its code; INN App. D fits its scores with it and labels a sample where P(clean) >= .5.
    Departs from it: P(clean) is held at both ends, not the upper alone; two Gaussians are fitted, and `note` says so,
        if the means lie within .02 of each other or a component has less than 1 %.
    """
    check_choice("scale", scale, ("none", "percentiles"))
    values = check_values(values)
    if scale == "none":
        low, high, margin = 0.0, 1.0, EDGE
        fits = values.min() >= 0 and values.max() <= 1
        require(bool(fits), "values", "in [0, 1] unless scaled", (float(values.min()), float(values.max())))
    else:
        (low, high), margin = np.percentile(values, (5, 95)).tolist(), 1e-3
    if high > low:
        u = (values[(values >= low) & (values <= high)] - low) / (high - low)
        weights, alpha, beta = _beta_em(u.clip(margin, 1 - margin), n_iterations)
        means = alpha / (alpha + beta)
        if np.ptp(means) >= SMALLEST_GAP and weights.min() >= SMALLEST_WEIGHT:
            order = np.argsort(means) if high_is_clean else np.argsort(-means)
            return Mixture("bmm", high_is_clean, low, high, weights[order], alpha[order], beta[order])
    instead = fit_gmm(values, rng=rng, high_is_clean=high_is_clean)
    note = "Two Beta distributions do not tell these numbers apart; "
    note += "two Gaussians were fitted instead." if instead.kind == "gmm" else instead.note
    return Mixture(
        instead.kind, high_is_clean, instead.low, instead.high, instead.weights, instead.first, instead.second, note
    )


def _beta_em(u: Float64[ndarray, " m"], n_iterations: int) -> tuple[Pair, Pair, Pair]:
    """Weights, alphas and betas after so many rounds, from the published start."""
    weights, alpha, beta = np.full(2, 0.5), np.array([1.0, 2.0]), np.array([2.0, 1.0])
    for _ in range(n_iterations):
        share = weights[:, None] * np.exp(log_beta_density(u, alpha[:, None], beta[:, None]))
        share = np.maximum(share, 1e-12)
        share /= share.sum(axis=0)
        total = share.sum(axis=1)
        mean = share @ u / total
        variance = np.maximum((share * (u - mean[:, None]) ** 2).sum(axis=1) / total, 1e-8)
        precision = np.maximum(mean * (1 - mean) / variance - 1, 1e-2)
        weights, alpha, beta = total / len(u), mean * precision, (1 - mean) * precision
    return weights, alpha, beta


def log_beta_density(
    u: Float64[ndarray, " m"], alpha: Float[ndarray, "k 1"], beta: Float[ndarray, "k 1"]
) -> Float64[ndarray, "k m"]:
    """Logarithm of the Beta density, 1e-4 away from its ends."""
    u = u.clip(EDGE, 1 - EDGE)
    return (alpha - 1) * np.log(u) + (beta - 1) * np.log1p(-u) - betaln(alpha, beta)


def _median_split(values: Float64[ndarray, " n"], high_is_clean: bool) -> Mixture:
    note = "No mixture of two fits these numbers; the half that looks cleaner is taken."
    low, high, middle = float(values.min()), float(values.max()), np.full(2, np.median(values))
    return Mixture("median", high_is_clean, low, high, np.full(2, 0.5), middle, np.zeros(2), note)


def check_values(values: Any) -> Float64[ndarray, " n"]:
    """Finite numbers, not all the same, as float64."""
    values = np.asarray(values, dtype=np.float64)
    require(values.ndim == 1 and len(values) >= 2, "values", "at least 2 numbers, one per sample", values.shape)
    require(bool(np.isfinite(values).all()), "values", "finite", f"{(~np.isfinite(values)).sum()} that are not")
    rule = "of at least two different sizes (equal ones can not be told apart)"
    require(bool(values.min() < values.max()), "values", rule, f"{len(values)} times {values[0]:g}")
    return values
