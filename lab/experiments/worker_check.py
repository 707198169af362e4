"""How exact a forecast is at one noise level, way by way."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from lab.analysis.clean_distribution import neighbour_counts
from lab.analysis.concentrated_forecast import forecast_by_region, regional_transitions
from lab.analysis.knn_experiment import exactness
from lab.analysis.plurality_noise import expected_accuracy
from lab.core.rng import numpy_rng
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_curves import placed_accuracy
from lab.experiments.worker_forecast import clean_distribution, stand_of, vote
from lab.experiments.worker_neighbors import Ground, Space
from lab.experiments.worker_no_data import ways_without_data
from lab.noise import Concentrated, MatrixNoise, corrupt
from lab.specs.forecast import Forecast, ForecastCheck

BUDGET = 50_000  # votes simulated for one K, shared among its distinct neighbourhoods
FEWEST, MOST = 50, 4000  # for each of them


def run_check(check: ForecastCheck, report: PlainReport) -> Run:
    """Every way to the accuracy of K neighbours at one level, in `metrics["rows"]`, one for each K.

    `drawn` is what the page's curve says. Noise by class: `theorem` takes C_s from the neighbours, `simulated` draws
    votes from it, `conditional` draws the noise alone and keeps the neighbours' clean labels; both with their standard
    error. Noise with a place: `by_region` knows which asked rows lie in it. Array `measured`: (seeds, K), real votes.
    Raises: ValueError in one sentence if the data is not there, or the noise does not fit it.
    """
    start = perf_counter()
    forecast, noise = check.forecast, check.forecast.noise
    if not forecast.has_data:
        rows = ways_without_data(check, report)
        return Run(check, {"rows": rows}, {}, perf_counter() - start)
    report(0.02, "finding the neighbours")
    stand = stand_of(forecast, report)
    place = stand.space if isinstance(noise, Concentrated) else None
    find = ways_by_class if isinstance(noise, MatrixNoise) else ways_by_place
    rows = find(check, stand, place, report)
    report(0.9, "asking real neighbours")
    metrics: dict[str, Any] = {"rows": rows}
    arrays = {}
    if forecast.seeds:
        votes = vote(forecast, stand, check.level, place)
        arrays["measured"] = votes.measured
        metrics["wrong"] = float(votes.wrong.mean())
        if place is not None:
            metrics["outside"] = float(votes.outside.mean())
    return Run(check, metrics, arrays, perf_counter() - start)


Place = Space | None  # features of training and asked rows, where noise needs them


def ways_by_class(check: ForecastCheck, stand: Ground, _: Place, report: PlainReport) -> list[dict[str, Any]]:
    """Theory and simulation for noise that depends on the class alone."""
    forecast, correct, noise = check.forecast, stand.asked.y, check.forecast.noise_at(check.level)
    assert isinstance(noise, MatrixNoise)
    T = noise.transition(stand.n_classes)
    rows: list[dict[str, Any]] = []
    for i, k in enumerate(forecast.ks):
        report(0.1 + 0.8 * i / len(forecast.ks), f"simulating the vote of {k}")
        counts = neighbour_counts(stand.table, stand.rows.y, stand.n_classes, k)
        n_distinct = len(np.unique(np.column_stack([counts, correct]), axis=0))
        found = exactness(
            stand.table,
            stand.rows.y,
            correct,
            T,
            k,
            rng=numpy_rng(0, "check"),
            ties=forecast.ties,
            draws=int(np.clip(BUDGET // n_distinct, FEWEST, MOST)),
            repeats=1,  # the real votes of the page are those of the forecast's own seeds
        )
        drawn = expected_accuracy(clean_distribution(forecast, stand, k), T, k, correct, ties=forecast.ties)
        means = {"simulated": list(found.simulated), "conditional": list(found.conditional)}
        rows.append({"k": k, "drawn": drawn, "theorem": found.theorem, **means})
    return rows


def ways_by_place(check: ForecastCheck, stand: Ground, place: Place, report: PlainReport) -> list[dict[str, Any]]:
    """Two forecasts for noise with a place; the second knows where it lies, so that it is a mean over the draws."""
    forecast, noise, correct = check.forecast, check.forecast.noise, stand.asked.y
    assert isinstance(noise, Concentrated)
    assert place is not None
    report(0.1, "looking who lies in the noisy places")
    regions = [regions_of(forecast, stand, check.level, seed, place) for seed in forecast.seeds]
    rows: list[dict[str, Any]] = []
    for i, k in enumerate(forecast.ks):
        report(0.4 + 0.5 * i / len(forecast.ks), f"expecting the vote of {k}")
        c = clean_distribution(forecast, stand, k)
        drawn = placed_accuracy(c, noise, check.level, k, correct, forecast.ties)
        known = [forecast_by_region(c, *region, k, correct, ties=forecast.ties) for region in regions]
        rows.append({"k": k, "drawn": drawn, "by_region": float(np.mean(known)) if known else None})
    return rows


def regions_of(
    forecast: Forecast, stand: Ground, level: float, seed: int, place: Space
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which asked rows lie in the noisy places of one draw, and T there and elsewhere."""
    y, (x, queries) = stand.rows.y, place
    rng = numpy_rng(seed, "noise")
    labels = corrupt(y, forecast.noise_at(level), rng=rng, n_classes=stand.n_classes, features=x)
    assert labels.region is not None
    inside = labels.region.contains(x.astype(np.float64), y)
    in_T, out_T = regional_transitions(y, labels.y_given, inside, stand.n_classes)
    return labels.region.contains(queries.astype(np.float64), stand.asked.y), in_T, out_T
