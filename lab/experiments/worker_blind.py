"""What can be forecast without clean labels: the noise estimated from the given ones, and the accuracy that follows."""

from __future__ import annotations

from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from lab.analysis.choose_k import curve_against_k
from lab.analysis.clean_distribution import denoised_distribution, neighbour_counts
from lab.analysis.given_accuracy import accuracy_against_given
from lab.analysis.knn_experiment import measured_accuracy
from lab.analysis.noise_estimation import NoiseEstimate, estimate_noise, forecast_accuracy
from lab.analysis.plurality_noise import expected_accuracy, one_hot
from lab.core.checks import require
from lab.core.rng import numpy_rng
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_forecast import clean_distribution, stand_of
from lab.experiments.worker_neighbors import Ground
from lab.neighbors.table import NeighborTable
from lab.noise import MatrixNoise, corrupt
from lab.specs.forecast import BlindForecast, Forecast
from lab.specs.methods import K_LIMIT

N_VOTERS = 20  # neighbours that vote in the estimate, at least, where the set has them
N_RESAMPLES = 10  # bootstrap samples that are carried through a forecast
RATES = 9  # of the what-if
MOST_ESTIMATED = 20_000  # rows that the estimate is made from


def run_blind(request: BlindForecast, report: PlainReport) -> Run:
    """Estimate T and the rate from given labels, and forecast from them.

    Returns: arrays `T` (true), `T_estimate`, `T_low`, `T_high`, and `anchors`; of a K in the middle `what_if` (rates, 5):
        rate, accuracy by the cautious and the hopeful guess, and the interval around both. Metrics: `rate`, `rate_interval`, `true_rate`, `k`, and `rows`, one for each K:
        `forecast`, the two guesses, with `interval` around both, `against_given` (`accuracy_against_given`, or None),
        `with_truth` (Theorem 1 with the true T and C_s), `measured`. `voters`: neighbours behind every guess.
    Raises: ValueError in one sentence if the noise has a place, the data is not there, or the labels say nothing.
    """
    start, forecast = perf_counter(), request.forecast
    noise = forecast.noise_at(request.level)
    rule = "noise by class: noise with a place agrees with itself, and is not seen from the given labels"
    require(isinstance(noise, MatrixNoise), "noise", rule, noise)
    assert isinstance(noise, MatrixNoise)
    report(0.02, "finding the neighbours")
    stand = stand_of(forecast, report)
    rng = numpy_rng(request.seed, "noise")
    labels = corrupt(stand.rows.y, noise, rng=rng, n_classes=stand.n_classes)
    report(0.2, "estimating the noise")
    found = estimated(stand, labels.y_given, request.seed)
    estimate = found.estimate
    low, high = estimate.rate_interval()
    T_low, T_high = estimate.T_interval()
    rows = []
    for i, k in enumerate(forecast.ks):
        report(0.3 + 0.5 * i / len(forecast.ks), f"forecasting the vote of {k}")
        rows.append(row_of(forecast, stand, labels.y_given, found, noise.transition(stand.n_classes), k))
    middle = forecast.ks[len(forecast.ks) // 2]
    report(0.85, "what if there were more noise, or less")
    arrays = {
        "T": noise.transition(stand.n_classes),
        "T_estimate": estimate.T,
        "T_low": T_low,
        "T_high": T_high,
        "anchors": estimate.anchors,
        "what_if": what_if(forecast, stand, labels.y_given, found, middle),
    }
    metrics: dict[str, Any] = {
        "classes": list(stand.rows.classes),
        "rate": estimate.rate,
        "rate_interval": [float(low), float(high)],
        "true_rate": labels.flip_rate,
        "k": middle,
        "voters": found.voters,
        "rows": rows,
    }
    return Run(request, metrics, arrays, perf_counter() - start)


class Estimated(NamedTuple):
    """The noise, and what it was read from: rows that are each other's neighbours, so many of whom vote."""

    estimate: NoiseEstimate
    table: NeighborTable
    y_given: np.ndarray
    voters: int


def estimated(stand: Ground, y_given: np.ndarray, seed: int) -> Estimated:
    """T from the training rows' neighbours among themselves.

    As many vote as name their row's given label most often, which needs no clean label: the more noise, the more of them
    it takes until the vote is right, and a wrong one reads as noise.
    """
    x, rng = stand.space[0], numpy_rng(seed, "estimate")
    kept = np.sort(rng.permutation(len(x))[:MOST_ESTIMATED])
    table, y = NeighborTable.build(x[kept], k_max=min(K_LIMIT, len(kept) - 1)), y_given[kept]
    best = curve_against_k(table, y, stand.n_classes, y).most_accurate_k
    k = min(max(best, N_VOTERS), table.k_max)
    return Estimated(estimate_noise(table, y, stand.n_classes, rng=rng, k=k), table, y, k)


class Guess(NamedTuple):
    """C_s of the asked rows without clean labels, twice, and the label that is taken for the right one."""

    cautious: np.ndarray  # the given labels around, times the inverse of T: what chance adds to them looks like overlap
    hopeful: np.ndarray  # all neighbours of the right class
    correct: np.ndarray


def guessed(table: NeighborTable, y_given: np.ndarray, T: np.ndarray, k: int, voters: int = N_VOTERS) -> Guess:
    """What the given labels say of the clean ones around each asked row."""
    k = max(k, min(voters, table.k_max))  # a histogram of one neighbour says nothing
    c = denoised_distribution(neighbour_counts(table, y_given, len(T), k) / k, T)
    correct = c.argmax(axis=1)
    return Guess(c, one_hot(correct, len(T)), correct)


def bounds(
    estimate: NoiseEstimate, guess: Guess, k: int, ties: str, rate: float | None = None
) -> tuple[float, float, float, float]:
    """Expected accuracy by the cautious and by the hopeful guess, and the outer ends of their intervals."""
    low, high = (
        forecast_accuracy(estimate, c, k, guess.correct, rate=rate, ties=ties, n_resamples=N_RESAMPLES)
        for c in (guess.cautious, guess.hopeful)
    )
    return low.accuracy, high.accuracy, float(low.interval.low), float(high.interval.high)


def row_of(
    forecast: Forecast, stand: Ground, y_given: np.ndarray, found: Estimated, T: np.ndarray, k: int
) -> dict[str, Any]:
    """One K: forecast from the estimate, from the truth, and what real neighbours do."""
    ties, right = forecast.ties, stand.asked.y
    estimate, table = found.estimate, found.table
    guess = guessed(stand.table, y_given, estimate.T, k, found.voters)
    low, high, lowest, highest = bounds(estimate, guess, k, ties)
    counted = accuracy_against_given(table, found.y_given, estimate, k, ties=ties) if k <= table.k_max else None
    truth = expected_accuracy(clean_distribution(forecast, stand, k), T, k, right, ties=ties)
    votes = measured_accuracy(stand.table, y_given, right, stand.n_classes, [k], ties=ties)
    return {
        "k": k,
        "forecast": [low, high],
        "interval": [lowest, highest],
        "against_given": counted,
        "with_truth": float(truth),
        "measured": float(votes[0]),
    }


def what_if(forecast: Forecast, stand: Ground, y_given: np.ndarray, found: Estimated, k: int) -> np.ndarray:
    """Accuracy of K under noise of the estimated shape at rates from none to the largest that it can have, 0.9 at most."""
    estimate = found.estimate
    guess = guessed(stand.table, y_given, estimate.T, k, found.voters)
    rates = np.linspace(0, min(estimate.highest_rate, 0.9), RATES)
    return np.array([[rate, *bounds(estimate, guess, k, forecast.ties, float(rate))] for rate in rates])
