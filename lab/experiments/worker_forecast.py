"""What Theorem 1 expects of neighbours at every noise level, and what real neighbours do at some.

Digits with six K up to 101 take 3 s on one slow core, half of it for the largest K.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.polynomial.chebyshev import chebinterpolate, chebval

from lab.analysis.clean_distribution import denoised_distribution, neighbour_distribution
from lab.analysis.knn_experiment import measured_accuracy
from lab.analysis.plurality_noise import AccuracyCurve, accuracy_curve, expected_accuracy, one_hot
from lab.core.checks import require
from lab.core.rng import numpy_rng
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_neighbors import Ground, Space, ground, network_ground
from lab.noise import Concentrated, Flip, MatrixNoise, breaking_rate, corrupt, effective_rate
from lab.specs.forecast import Forecast

TOLERANCE = 1e-7  # of a series, between the levels at which it is exact; a page prints 1e-3
MOST_NODES = 512
N_CHECKS = 5
GRID_KS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 70, 100)  # among which an effective K is looked for


def run_forecast(forecast: Forecast, report: PlainReport) -> Run:
    """The curves of a forecast and the real votes beside them.

    Returns: arrays `coefficients` (K, terms), the Chebyshev series of each K over [0, highest], padded with 0; `measured`
        (levels, seeds, K), accuracy of real votes, and `wrong` (levels, seeds), their share of wrong labels; for noise
        with a place `outside` (levels, seeds), the share of asked rows outside the noisy places.
    Raises: ValueError in one sentence if the data is not there, or the noise does not fit it.
    """
    start = perf_counter()
    report(0.02, "finding the neighbours")
    stand = stand_of(forecast, report)
    work = np.cumsum(np.array(forecast.ks) ** 1.5)  # what a curve costs
    curves = []
    for k, before in zip(forecast.ks, np.concatenate([[0.0], work]) / work[-1], strict=False):
        report(0.1 + 0.6 * before, f"expecting the vote of {k}")
        curves.append(curve(forecast, stand, k))
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
    return [curve(forecast, stand, k, n_nodes=8 + 2 * math.isqrt(k), tolerance=1.0) for k in known]


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


def curve(
    forecast: Forecast, stand: Ground, k: int, *, n_nodes: int | None = None, tolerance: float = TOLERANCE
) -> AccuracyCurve:
    """Expected accuracy of K as a series of the noise level, with as many terms as it needs."""
    c, correct, ties = clean_distribution(forecast, stand, k), stand.asked.y, forecast.ties
    noise, high = forecast.noise, forecast.highest

    def with_nodes(n_nodes: int) -> AccuracyCurve:
        if isinstance(noise, MatrixNoise):
            P = noise.corruption_matrix(stand.n_classes)
            return accuracy_curve(c, P, k, correct, (0.0, high), ties=ties, n_nodes=n_nodes)
        assert isinstance(noise, Concentrated)
        dial = noise
        return fit(lambda rate: placed_accuracy(c, dial, rate, k, correct, ties), high, n_nodes)

    n_nodes = n_nodes or 8 + 4 * math.isqrt(k)
    found = with_nodes(n_nodes)
    while found.error > tolerance and n_nodes < MOST_NODES:
        n_nodes *= 2
        found = with_nodes(n_nodes)
    return found


def fit(accuracy: Callable[[float], float], high: float, n_nodes: int) -> AccuracyCurve:
    """The series of an accuracy that is no polynomial of the level."""

    def at(x: np.ndarray) -> np.ndarray:
        return np.array([accuracy(float(high * (one + 1) / 2)) for one in x])

    coefficients: np.ndarray = chebinterpolate(at, n_nodes - 1)
    between = np.cos(np.pi * np.unique(np.linspace(0, n_nodes, N_CHECKS).round()) / n_nodes)
    return AccuracyCurve(0.0, high, coefficients, float(np.abs(chebval(between, coefficients) - at(between)).max()))


def placed_accuracy(c: Any, dial: Concentrated, rate: float, k: int, correct: Any, ties: str) -> float:
    """Expected accuracy if a share `rate` of the asked rows lies in the noisy place, with all neighbours, and the rest out.

    Source: DRO §3.4, which has the end of the dial: 1 - rate. Departs from it: wrong labels outside the place too.
    """
    inside, outside = place_rates(rate, dial.concentration)
    lost, kept = (
        expected_accuracy(c, Flip(share, dial.permutation).transition(c.shape[1]), k, correct, ties=ties)
        for share in (inside, outside)
    )
    return rate * lost + (1 - rate) * kept


def place_rates(rate: float, concentration: float) -> tuple[float, float]:
    """The expected share of wrong labels in the place of `Concentrated` noise, and elsewhere."""
    sure = concentration * rate  # wrong in the place; what is left goes to any other row of the class
    elsewhere = (rate - sure) / (1 - sure) if sure < 1 else 0.0
    return concentration + (1 - concentration) * elsewhere, elsewhere


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


def padded(curves: list[AccuracyCurve]) -> Float[np.ndarray, "ks terms"]:
    """The series of all curves, with zeros at their ends."""
    n_terms = max((len(curve.coefficients) for curve in curves), default=0)
    rows = [np.pad(curve.coefficients, (0, n_terms - len(curve.coefficients))) for curve in curves]
    return np.array(rows).reshape(len(curves), n_terms)


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
