"""Theorem 1 alone: no data, any number of classes.

Six K up to 101 take 0.1 s on one slow core, for 10 classes or 1,000.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from lab.analysis.alike import alike_distribution, breaking_level, one_for_all
from lab.analysis.knn_experiment import weighted_mean
from lab.analysis.plurality_noise import accuracy_at
from lab.analysis.plurality_sampling import monte_carlo_accuracy
from lab.core.rng import numpy_rng
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_curves import curves_of, padded
from lab.noise import Concentrated, Flip, MatrixNoise, effective_rate
from lab.specs.forecast import Forecast, ForecastCheck
from lab.specs.no_data import NoData

TOLERANCE = 1e-11  # of a series; a single row is so cheap that it may be as good as Theorem 1 itself
BUDGET, FEWEST = 4000, 50  # votes simulated for one K, shared among the classes, and for each of them


class Stand(NamedTuple):
    """Samples that stand for those of all classes."""

    c: Float[np.ndarray, "m c"]
    corrupted: Float[np.ndarray, "m c"]  # c P: the labels around them at level 1
    correct: Int[np.ndarray, " m"]
    ties: str


def run_without_data(forecast: Forecast, report: PlainReport) -> Run:
    """The curves of a forecast on `NoData`, with the arrays and metrics that they have on data, as far as there are any."""
    start = perf_counter()
    stand = stand_for_all(forecast)
    ruled = replace(forecast, ties=stand.ties)
    curves = curves_of(ruled, lambda k: stand.c, stand.correct, report, tolerance=TOLERANCE)
    by_class = isinstance(forecast.noise, MatrixNoise)
    metrics: dict[str, Any] = {
        "classes": list(_no_data(forecast).classes),
        "effective_factor": effective_rate(corruption_of(forecast)),
        "breaking_rate": breaking_level(stand.c, stand.corrupted, stand.correct) if by_class else None,
        "series_error": [curve.error for curve in curves],
    }
    return Run(forecast, metrics, {"coefficients": padded(curves)}, perf_counter() - start)


def stand_for_all(forecast: Forecast) -> Stand:
    """As few samples as have the accuracy of all."""
    data, P = _no_data(forecast), corruption_of(forecast)
    c = alike_distribution(data.n_classes, data.purity, others=data.others)
    correct, ties = one_for_all(c, P, forecast.ties)
    return Stand(c[correct], c[correct] @ P, correct, ties)


def corruption_of(forecast: Forecast) -> Float[np.ndarray, "c c"]:
    """P, which noise with a place has too: inside it, labels turn to one other class."""
    noise = forecast.noise
    if isinstance(noise, Concentrated):
        noise = Flip(1.0, noise.permutation)
    assert isinstance(noise, MatrixNoise)
    return noise.corruption_matrix(_no_data(forecast).n_classes)


def ways_without_data(check: ForecastCheck, report: PlainReport) -> list[dict[str, Any]]:
    """Theory and simulation at one level, for each K."""
    stand = stand_for_all(check.forecast)
    q = (1 - check.level) * stand.c + check.level * stand.corrupted
    weight = np.full(len(q), 1 / len(q))
    rows: list[dict[str, Any]] = []
    for i, k in enumerate(check.forecast.ks):
        report(i / len(check.forecast.ks), f"simulating the vote of {k}")
        drawn = accuracy_at(check.level, stand.c, stand.corrupted, k, stand.correct, stand.ties)
        rng, draws = numpy_rng(0, "check"), max(BUDGET // len(q), FEWEST)
        votes = monte_carlo_accuracy(q, k, stand.correct, rng=rng, draws=draws, ties=stand.ties)
        rows.append({"k": k, "drawn": drawn, "theorem": drawn, "simulated": list(weighted_mean(votes, weight))})
    return rows


def _no_data(forecast: Forecast) -> NoData:
    assert isinstance(forecast.dataset, NoData)
    return forecast.dataset
