"""The curves of a forecast: expected accuracy of every K as a series of the noise level."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from lab.analysis.plurality_noise import AccuracyCurve, accuracy_at, accuracy_curve, fitted_curve
from lab.experiments.progress import PlainReport
from lab.noise import Concentrated, MatrixNoise
from lab.noise.models import alternatives
from lab.specs.forecast import Forecast

TOLERANCE = 1e-7  # of a series, between the levels at which it is exact; a page prints 1e-3
MOST_NODES = 512
CleanOf = Callable[[int], Float[np.ndarray, "m c"]]


def curves_of(
    forecast: Forecast,
    clean_of: CleanOf,
    correct: Int[np.ndarray, " m"],
    report: PlainReport,
    *,
    tolerance: float = TOLERANCE,
) -> list[AccuracyCurve]:
    """A curve for each K of a forecast.

    Args:
        clean_of: C_s of the asked rows, by K.
        correct: their true labels.
    """
    work = np.cumsum(np.array(forecast.ks) ** 1.5)  # what a curve costs
    curves = []
    for k, before in zip(forecast.ks, np.concatenate([[0.0], work]) / work[-1], strict=False):
        report(before, f"expecting the vote of {k}")
        curves.append(curve(forecast, clean_of(k), correct, k, tolerance=tolerance))
    return curves


def curve(
    forecast: Forecast,
    c: Float[np.ndarray, "m c"],
    correct: Int[np.ndarray, " m"],
    k: int,
    *,
    n_nodes: int | None = None,
    tolerance: float = TOLERANCE,
) -> AccuracyCurve:
    """Expected accuracy of K as a series of the noise level, with as many terms as it needs."""
    noise, ties, high = forecast.noise, forecast.ties, forecast.highest

    def with_nodes(n_nodes: int) -> AccuracyCurve:
        if isinstance(noise, MatrixNoise):
            P = noise.corruption_matrix(c.shape[1])
            return accuracy_curve(c, P, k, correct, (0.0, high), ties=ties, n_nodes=n_nodes)
        assert isinstance(noise, Concentrated)
        dial = noise
        return fitted_curve(lambda rate: placed_accuracy(c, dial, rate, k, correct, ties), (0.0, high), n_nodes)

    n_nodes = n_nodes or 8 + 4 * math.isqrt(k)
    found = with_nodes(n_nodes)
    while found.error > tolerance and n_nodes < MOST_NODES:
        n_nodes *= 2
        found = with_nodes(n_nodes)
    return found


def placed_accuracy(c: Any, dial: Concentrated, rate: float, k: int, correct: Any, ties: str) -> float:
    """Expected accuracy if a share `rate` of the asked rows lies in the noisy place, with all neighbours, and the rest out.

    Source: DRO §3.4, which has the end of the dial: 1 - rate. Departs from it: wrong labels outside the place too.
    """
    flipped = np.empty_like(c)
    flipped[:, alternatives(dial.permutation, c.shape[1])] = c
    inside, outside = place_rates(rate, dial.concentration)
    lost, kept = (accuracy_at(share, c, flipped, k, correct, ties) for share in (inside, outside))
    return rate * lost + (1 - rate) * kept


def place_rates(rate: float, concentration: float) -> tuple[float, float]:
    """The expected share of wrong labels in the place of `Concentrated` noise, and elsewhere."""
    sure = concentration * rate  # wrong in the place; what is left goes to any other row of the class
    elsewhere = (rate - sure) / (1 - sure) if sure < 1 else 0.0
    return concentration + (1 - concentration) * elsewhere, elsewhere


def padded(curves: list[AccuracyCurve]) -> Float[np.ndarray, "ks terms"]:
    """The series of all curves, with zeros at their ends."""
    n_terms = max((len(curve.coefficients) for curve in curves), default=0)
    rows = [np.pad(curve.coefficients, (0, n_terms - len(curve.coefficients))) for curve in curves]
    return np.array(rows).reshape(len(curves), n_terms)
