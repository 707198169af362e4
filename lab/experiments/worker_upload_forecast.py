"""The vote of k neighbours at other noise levels: from T and C as estimated, and by real votes over it."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from lab.analysis.knn_experiment import measured_accuracy
from lab.analysis.noise_estimation import NoiseEstimate, estimate_noise
from lab.core.checks import require
from lab.core.rng import numpy_rng
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_blind import N_VOTERS, Guess, bounds, guessed
from lab.experiments.worker_upload_ground import SHARE, Course, ground_of
from lab.experiments.worker_upload_health import MOST_CLASSES
from lab.experiments.worker_upload_part import Part
from lab.neighbors import NeighborTable
from lab.noise.sampling import sample_given_labels
from lab.specs.upload_studies import UploadForecast

MOST_RATE, N_RATES, N_MEASURED = 0.9, 9, 4
MOST_ASKED = 400  # rows that the theorem is asked of, evenly spread
LEAST_RATE = 0.02  # of the noise whose shape is taken, where none is found
TIES = "random"


def run_upload_forecast(request: UploadForecast, report: PlainReport) -> Run:
    """Expected accuracy at noise of the estimated shape and other strengths, and real votes at some.

    Truth is not known: the right label of a row is taken to be what its neighbours say once the noise is taken out.

    Metrics: `ks`, `rate`, `rate_interval` (as estimated), `highest_rate` (that noise of this shape can have), `shape`
        ("estimated", or "symmetric" where no noise was found), `agreement` (for each k, how often the vote of the labels
        as given hits that right label), `n`, `n_asked`, `classes`, `notes`.
    Arrays: `rates` (9); `low`, `high` (ks, 9), expected accuracy by the cautious and the hopeful guess of C, `lowest`,
        `highest` (ks, 9), the outer ends of their intervals; `measured_rates` (4), `measured` (ks, 4, seeds).
    Raises: ValueError in one sentence if the file has no columns, too many classes, or its labels say nothing.
    """
    start = perf_counter()
    ground = ground_of(request.study, report)
    rule = "one with columns or pictures: a vote needs neighbours"
    require(ground.near is not None, "file", rule, "probabilities alone")
    require(ground.n_classes <= MOST_CLASSES, "labels", f"of at most {MOST_CLASSES} classes", ground.n_classes)
    course, part = Course(report), Part.of(ground)
    near, y, n_classes = part.ground.near, part.ground.y, ground.n_classes
    assert near is not None
    ks = [k for k in request.ks if k <= len(y) - 1]
    require(bool(ks), "ks", f"below the {len(y)} rows", request.ks)
    course.stretch(SHARE["probabilities"], 1.0, "estimating the noise")
    table = near.table(max(*ks, N_VOTERS))
    estimate, shape = estimated(near.table(N_VOTERS), y, n_classes)
    asked = np.unique(np.linspace(0, len(y) - 1, min(len(y), MOST_ASKED)).astype(np.int64))
    some = NeighborTable(table.idx[asked], table.dist[asked], table.n_reference)
    rates = np.linspace(0, min(estimate.highest_rate, MOST_RATE), N_RATES)
    expected = np.zeros((len(ks), N_RATES, 4))
    for i, k in enumerate(ks):
        guess = guessed(some, y, estimate.T, k)
        for j, rate in enumerate(rates):
            course.at(0.1 + 0.7 * (i + j / N_RATES) / len(ks), f"expecting the vote of {k}")
            expected[i, j] = bounds(estimate, guess, k, TIES, float(rate))
    course.at(0.8, "asking real neighbours")
    everywhere = guessed(table, y, estimate.T, 1)  # that is, of as many as say something
    measured_rates = rates[np.linspace(0, N_RATES - 1, N_MEASURED).round().astype(int)]
    measured = votes(table, everywhere, estimate, measured_rates, ks, request.seeds, course)
    interval = estimate.rate_interval()
    metrics = {
        "ks": ks,
        "rate": estimate.rate if shape == "estimated" else 0.0,
        "rate_interval": [float(interval.low), float(interval.high)] if shape == "estimated" else [0.0, 0.0],
        "highest_rate": float(rates[-1]),
        "shape": shape,
        "agreement": measured_accuracy(table, y, everywhere.correct, n_classes, ks, ties=TIES).tolist(),
        "n": len(y),
        "n_asked": len(asked),
        "sampled": part.sampled,
        "classes": list(ground.data.classes),
        "notes": [
            "Nobody knows the right labels: they are taken to be what the neighbours say once the noise is taken out.",
            "Noise that sits together costs a vote more than this; see what the health of the file says of it.",
        ],
    }
    names = ("low", "high", "lowest", "highest")
    arrays = {name: expected[..., i] for i, name in enumerate(names)}
    arrays |= {"rates": rates, "measured_rates": measured_rates, "measured": measured}
    return Run(request, metrics, arrays, perf_counter() - start)


def estimated(table: NeighborTable, y: Int[ndarray, " n"], n_classes: int) -> tuple[NoiseEstimate, str]:
    """T, and whether its shape is "estimated" or, where hardly a label is wrong, "symmetric"."""
    found = estimate_noise(table, y, n_classes, rng=numpy_rng(0, "estimate"), k=table.k_max)
    if found.rate >= LEAST_RATE and found.highest_rate > found.rate:
        return found, "estimated"
    # Nearly all labels are right, so that a shape would be read from a handful of rows.
    T = np.full((n_classes, n_classes), 0.1 / (n_classes - 1))
    np.fill_diagonal(T, 0.9)
    share = np.bincount(y, minlength=n_classes) / len(y)
    return NoiseEstimate(T, share, found.anchors, np.stack([T, T])), "symmetric"


def votes(
    table: NeighborTable,
    guess: Guess,
    estimate: NoiseEstimate,
    rates: Float[ndarray, " m"],
    ks: list[int],
    seeds: tuple[int, ...],
    course: Course,
) -> Float[ndarray, "ks m seeds"]:
    """Labels are drawn anew for every row from its right one, and the real neighbours vote with them."""
    found = np.zeros((len(ks), len(rates), len(seeds)))
    for i, rate in enumerate(rates):
        course.at(0.8 + 0.2 * i / len(rates), f"asking real neighbours at {rate:.0%} noise")
        for j, seed in enumerate(seeds):
            T = estimate.T_at(float(rate))
            labels = sample_given_labels(guess.correct, T, numpy_rng(seed, "drawn anew"))
            found[:, i, j] = measured_accuracy(table, labels, guess.correct, len(T), ks, ties=TIES)
    return found
