"""What Theorem 1 expects of neighbours at every noise level, and what real neighbours do at some.

Digits with six K up to 101 take 3 s on one slow core, half of it for the largest K.
"""

from __future__ import annotations

import math
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from lab.analysis.clean_distribution import denoised_distribution, neighbour_distribution
from lab.analysis.knn_experiment import measured_accuracy
from lab.analysis.plurality_noise import AccuracyCurve, one_hot
from lab.core.checks import require
from lab.core.rng import numpy_rng
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_curves import curve, curves_of, padded
from lab.experiments.worker_neighbors import Ground, Space, ground, network_ground
from lab.experiments.worker_no_data import run_without_data
from lab.noise import Concentrated, MatrixNoise, breaking_rate, corrupt, effective_rate
from lab.specs.forecast import Forecast
from lab.specs.labels import DataSource

GRID_KS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 70, 100)  # among which an effective K is looked for


def run_forecast(forecast: Forecast, report: PlainReport) -> Run:
    """The curves of a forecast and the real votes beside them.

    Returns: arrays `coefficients` (K, terms), the Chebyshev series of each K over [0, highest], padded with 0; `measured`
        (levels, seeds, K), accuracy of real votes, and `wrong` (levels, seeds), their share of wrong labels; for noise
        with a place `outside` (levels, seeds), the share of asked rows outside the noisy places.
    Raises: ValueError in one sentence if the data is not there, or the noise does not fit it.
    """
    if not forecast.has_data:
        return run_without_data(forecast, report)
    start = perf_counter()
    report(0.02, "finding the neighbours")
    stand = stand_of(forecast, report)
    curves = curves_of(
        forecast,
        lambda k: clean_distribution(forecast, stand, k),
        stand.asked.y,
        lambda done, words: report(0.1 + 0.6 * done, words),
    )
    grid = grid_of(forecast, stand)
    votes = []
    place = stand.space if isinstance(forecast.noise, Concentrated) else None
    for i, level in enumerate(forecast.levels if forecast.seeds else ()):
        report(0.7 + 0.3 * i / len(forecast.levels), f"asking real neighbours at {level:.0%} noise")
        votes.append(vote(forecast, stand, level, place))
    found = arrays(curves, votes) | {"grid_coefficients": padded(grid)}
    return Run(forecast, describe(forecast, stand, curves), found, perf_counter() - start)


def stand_of(forecast: Forecast, report: PlainReport) -> Ground:
    """Rows and neighbours of a forecast, with as many of them as any of its K needs."""
    k_max = max(*forecast.ks, GRID_KS[-1])
    if forecast.network is None:
        assert isinstance(forecast.dataset, DataSource)  # without data there is nobody to ask
        stand = ground(forecast.dataset, k_max, forecast.n_test)
    else:
        stand = network_ground(forecast.network, k_max, forecast.n_test, report)
    require(forecast.ks[-1] <= stand.table.k_max, "K", f"at most {stand.table.k_max}", forecast.ks[-1])
    return stand


def grid_of(forecast: Forecast, stand: Ground) -> list[AccuracyCurve]:
    """Curves of many K, to find the one that a network's accuracies amount to; good to 0.001."""
    if not isinstance(forecast.noise, MatrixNoise):
        return []  # where noise has a place, K hardly matters
    known = [k for k in GRID_KS if k <= stand.table.k_max]
    return [
        curve(
            forecast,
            clean_distribution(forecast, stand, k),
            stand.asked.y,
            k,
            n_nodes=8 + 2 * math.isqrt(k),
            tolerance=1.0,
        )
        for k in known
    ]


def clean_distribution(forecast: Forecast, stand: Ground, k: int) -> Float[np.ndarray, "m c"]:
    """C_s of every asked row, by the forecast's own choice."""
    if forecast.clean_from == "onehot":
        return one_hot(stand.asked.y, stand.n_classes)
    if forecast.clean_from == "softmax":
        assert forecast.network is not None
        noise = forecast.network.noise
        assert isinstance(noise, MatrixNoise)
        return denoised_distribution(stand.softmax, noise.transition(stand.n_classes))
    return neighbour_distribution(stand.table, stand.rows.y, stand.n_classes, k)


class Votes(NamedTuple):
    """Real votes at one level, a draw of the noise in each row."""

    measured: Float[np.ndarray, "seeds ks"]
    wrong: Float[np.ndarray, " seeds"]
    outside: Float[np.ndarray, " seeds"]  # nan where noise has no place


def vote(forecast: Forecast, stand: Ground, level: float, place: Space | None) -> Votes:
    """Put noise on the training labels and hold the vote, for each seed.

    Args:
        place: features of training and asked rows, for noise with a place.
    """
    found = []
    for seed in forecast.seeds:
        x, queries = place or (None, None)
        labels = corrupt(
            stand.rows.y,
            forecast.noise_at(level),
            rng=numpy_rng(seed, "noise"),
            n_classes=stand.n_classes,
            features=x,
        )
        accuracy = measured_accuracy(
            stand.table, labels.y_given, stand.asked.y, stand.n_classes, forecast.ks, ties=forecast.ties
        )
        outside = math.nan
        if labels.region is not None and queries is not None:
            outside = 1 - labels.region.contains(queries.astype(np.float64), stand.asked.y).mean()
        found.append((accuracy, labels.flip_rate, outside))
    return Votes(*(np.array(column) for column in zip(*found, strict=True)))


def arrays(curves: list[AccuracyCurve], votes: list[Votes]) -> dict[str, np.ndarray]:
    """The run's arrays."""
    named: dict[str, np.ndarray] = {"coefficients": padded(curves)}
    if votes:
        named |= {name: np.stack([getattr(one, name) for one in votes]) for name in ("measured", "wrong")}
        outside = np.stack([one.outside for one in votes])
        if np.isfinite(outside).all():
            named["outside"] = outside
    return named


def describe(forecast: Forecast, stand: Ground, curves: list[AccuracyCurve]) -> dict[str, Any]:
    """What the page says about the curves."""
    noise, n_classes = forecast.noise, stand.n_classes
    factor, breaking = 1.0, None
    if isinstance(noise, MatrixNoise):
        P = noise.corruption_matrix(n_classes)
        factor = effective_rate(P, np.bincount(stand.rows.y, minlength=n_classes))
        lowest = float(breaking_rate(P).min())
        breaking = lowest if lowest <= 1 else None
    return {
        "classes": list(stand.rows.classes),
        "n_train": len(stand.rows.y),
        "n_test": len(stand.asked.y),
        "left_out": stand.own is not None,
        "effective_factor": factor,  # effective rate = factor * level
        "breaking_rate": breaking,  # from that level on the true label of some class is no longer the most frequent
        "grid_ks": [k for k in GRID_KS if k <= stand.table.k_max],
        "series_error": [curve.error for curve in curves],
    }
