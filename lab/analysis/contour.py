"""Where the counting of votes is sampled: the numbers that depend on K alone, not on the votes' distribution.

The generating functions of plurality.py are polynomials with coefficients between 0 and 1. One coefficient is read from
their values at N points of the unit circle; N is chosen so that the coefficients that alias into it weigh < 1e-15.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Complex, Float, Int
from scipy.special import gammaln, roots_legendre

from lab.analysis.plurality_kernels import poisson

ALIASED = 1e-15  # what other coefficients may add to the one that is read
LANES = 8  # N in whole vector registers of 4 points, on half of the circle
REACH = 3.65  # how far sqrt(K) may spread over one contour: at its ends Poisson(rate) still puts 1e-4 on K


@dataclass(frozen=True, eq=False)
class Contour:
    """The upper half circle for every K from `low` to `high`; the lower half is its mirror image."""

    low: int
    high: int
    rate: float  # mean of the Poisson total that stands in for K
    powers: Complex[np.ndarray, "votes points"]  # row a is z**a, up to half of `high`
    reading: Complex[np.ndarray, "ks points"]  # row K - low reads the coefficient of z**K, given that the total is K
    totals: Float[np.ndarray, " ks"]  # P(Poisson(rate) = K)


@dataclass(frozen=True, eq=False)
class Quadratures:
    """Gauss-Legendre rules on [0, 1], one after the other, smallest first."""

    sizes: Int[np.ndarray, " rules"]
    nodes: Float[np.ndarray, " n"]
    weights: Float[np.ndarray, " n"]


@lru_cache(maxsize=64)
def contour(low: int, high: int) -> Contour:
    """The contour of all K in [low, high]."""
    ks = np.arange(low, high + 1)
    # the mean that is as likely to give `low` as `high`
    rate = float(high if low == high else np.exp((gammaln(high + 1) - gammaln(low + 1)) / (high - low)))
    n_points = _n_points(ks, rate)
    totals = np.array([poisson(k, rate) for k in ks])
    reading = 2 / n_points * _circle(ks, n_points).conj() / totals[:, None]
    return Contour(low, high, rate, _circle(np.arange(high // 2 + 1), n_points), reading, totals)


def contours(k_max: int) -> list[Contour]:
    """Few contours that together cover K = 1..k_max."""
    found, high = [], k_max
    while high >= 1:
        low = max(1, int(np.ceil(max(0.0, np.sqrt(high) - REACH) ** 2)))
        found.append(contour(low, high))
        high = low - 1
    return found[::-1]


@lru_cache(maxsize=16)
def quadratures(largest: int) -> Quadratures:
    """Rules of a few sizes; the last is exact for what a rule of `largest` nodes is exact for."""
    sizes = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16]
    while sizes[-1] < largest:
        sizes.append(sizes[-1] * 3 // 2)
    rules = [roots_legendre(size) for size in sizes]
    nodes = np.concatenate([(x + 1) / 2 for x, _ in rules])
    return Quadratures(np.array(sizes), nodes, np.concatenate([w / 2 for _, w in rules]))


def _n_points(ks: np.ndarray, rate: float) -> int:
    n_points = LANES
    while _aliased(ks, rate, n_points) > ALIASED:
        n_points += LANES
    return n_points


def _aliased(ks: np.ndarray, rate: float, n_points: int) -> float:
    """Largest weight of the other coefficients, relative to P(total = K)."""
    shift = n_points * np.array([-2, -1, 1, 2])[:, None]
    other = ks + shift
    log_ratio = shift * np.log(rate) - gammaln(np.maximum(other, 0) + 1) + gammaln(ks + 1)
    return float(np.where(other >= 0, np.exp(np.minimum(log_ratio, 0)), 0).sum(axis=0).max())


def _circle(powers: np.ndarray, n_points: int) -> np.ndarray:
    """z**power at the midpoints of the upper half circle; whole turns are taken off in integers, which loses nothing."""
    odd = 2 * np.arange(n_points // 2) + 1
    return np.exp(1j * np.pi / n_points * (powers[:, None] * odd % (2 * n_points)))
