"""Where the counting of votes is sampled: the numbers that depend on K alone, not on the votes' distribution.

The generating functions of plurality.py are polynomials with coefficients between 0 and 1. One coefficient is read from
their values at N points of the unit circle; N is chosen so that the coefficients that alias into it weigh < 1e-15.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Complex, Float, Int
from scipy.special import gammaln, roots_legendre

from lab.analysis.plurality_kernels import POINTS, SPARE, poisson

ALIASED = 1e-15  # what other coefficients may add to the one that is read
RAREST = 1e-4  # the least that Poisson(rate) may put on K: what is read is divided by it, rounding errors too
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

    @cached_property
    def blocks(self) -> tuple[Float[np.ndarray, "blocks rows"], Float[np.ndarray, "blocks ks parts"]]:
        """The powers, a few more of them, and the reading, cut into blocks of POINTS: real parts, then imaginary ones."""
        more = _circle(np.arange(len(self.powers) + SPARE), 2 * self.powers.shape[1])
        circle = _cut(np.stack([more.real, more.imag]))
        return circle.reshape(len(circle), -1), _cut(np.stack([self.reading.real, -self.reading.imag]))


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
    n_points, rate = _points_and_rate(ks)
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


def _points_and_rate(ks: np.ndarray) -> tuple[int, float]:
    """The fewest points, in whole blocks, with which some rate serves; and the largest such rate.

    A lower rate makes the coefficients above K weigh less, and those below it more, if there are any.
    """
    low, high = int(ks[0]), int(ks[-1])
    # the mean that is as likely to give `low` as `high`
    even = high if low == high else float(np.exp((gammaln(high + 1) - gammaln(low + 1)) / (high - low)))
    rates = even * np.linspace(1, 0.5, 51)
    totals = np.exp(ks * np.log(rates[:, None]) - rates[:, None] - gammaln(ks + 1)).min(axis=1)
    rates = rates[totals >= min(RAREST, totals[0])]
    n_points = 0
    while True:
        n_points += 2 * POINTS
        for rate in rates:
            if _aliased(ks, rate, n_points) <= ALIASED:
                return n_points, float(rate)


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


def _cut(parts: Float[np.ndarray, "2 rows points"]) -> Float[np.ndarray, "blocks rows parts"]:
    in_blocks = parts.reshape(*parts.shape[:2], -1, POINTS).transpose(2, 1, 0, 3)
    return np.ascontiguousarray(in_blocks).reshape(*in_blocks.shape[:2], -1)
