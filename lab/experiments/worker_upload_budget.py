"""How many wrong labels are found by checking the b most suspect ones, and what that buys.

The truth is not known, so the curves are read from labels that are made wrong on purpose, as many and of such kinds as the
estimate of the noise has it, in two worlds. The cautious one takes the labels as given for the truth, so that those that
are wrong already stand in the way; the hopeful one first repairs them as far as the default detector can, which leaves
nothing that this detector finds hard. The real curve lies between.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from lab.analysis.concentration_alarm import concentration_alarm
from lab.analysis.detect import detectors
from lab.analysis.detect_registry import Detector
from lab.core.rng import numpy_rng
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_upload_ground import SHARE, Course, ground_of
from lab.experiments.worker_upload_health import Estimate, estimate_of
from lab.experiments.worker_upload_injection import found_curve
from lab.experiments.worker_upload_part import Part, about
from lab.experiments.worker_upload_study import ask, evidence_of
from lab.noise.sampling import sample_given_labels
from lab.specs.upload_studies import DEFAULT, UploadBudget

SHARES = np.concatenate([np.linspace(0, 0.3, 31), np.linspace(0.35, 1, 14)])  # of the rows that are checked
LEAST_RATE = 0.01  # that is planted, so that there is something to find
MOST = 0.9  # of the wrong labels
USUAL = (DEFAULT, "knn", "margin")


def run_upload_budget(request: UploadBudget, report: PlainReport) -> Run:
    """Plant wrong labels, rank, check the lowest scores, and see what is found and what the neighbours' vote gains.

    Metrics: `n` (rows of the file), `rate` (as estimated, of the file), `n_wrong` (that many labels), `planted` (the rate
        of the experiment), `detectors` (a dict each: `name`, `title`, and for both worlds, "cautious" and "hopeful", a
        dict of `half` and `most`: how many rows of the file to check for half and for nine tenths of the wrong labels,
        with `mean` and `interval` over the seeds), `sentence`, `notes`, `sampled`, `classes`.
    Arrays: `checked` (g), numbers of rows of the file; for each <world> `found_<world>` (detectors, seeds, g), shares of
        the wrong labels; `left_<world>` (detectors, g), the rate that is left, on average; `accuracy_<world>`
        (detectors, seeds, g), of the vote of ten neighbours with the checked labels put right, if there are neighbours.
    Raises: ValueError in one sentence if a detector does not fit the file.
    """
    start = perf_counter()
    ground = ground_of(request.study, report)
    course, part = Course(report), Part.of(ground)
    course.stretch(SHARE["probabilities"], 1.0, "planting wrong labels")
    able = [d.name for d in part.detectors()]
    wanted = part.detectors(request.detectors or tuple(name for name in USUAL if name in able))
    repaired = repaired_labels(part, request.study.n_neighbors)
    estimate = estimate_of(ground)
    rate = float(np.mean(repaired != part.ground.y)) if estimate is None else estimate.rate
    T = shape_of(estimate, ground.n_classes, max(rate, LEAST_RATE))
    worlds = {}
    for i, (world, truth) in enumerate((("cautious", part.ground.y), ("hopeful", repaired))):
        say = partial(_say, course, i)
        worlds[world] = checked_in(part, truth, T, wanted, request, say)
    n = len(ground.y)
    checked = np.rint(SHARES * n).astype(np.int64)
    rows = [
        {"name": d.name, "title": d.title}
        | {
            world: {
                name: about([np.interp(share, curve, checked) for curve in found[i]], high=n)
                for name, share in (("half", 0.5), ("most", MOST))
            }
            for world, (found, _) in worlds.items()
        }
        for i, d in enumerate(wanted)
    ]
    metrics: dict[str, Any] = {
        "n": n,
        "classes": list(ground.data.classes),
        "rate": rate,
        "n_wrong": round(rate * n),
        "planted": float((1 - np.diag(T)) @ np.bincount(ground.y, minlength=ground.n_classes) / n),
        "detectors": rows,
        "sentence": sentence(rows, n, rate),
        "notes": notes(part),
        "sampled": part.sampled,
    }
    arrays = {"checked": checked}
    for world, (found, accuracy) in worlds.items():
        arrays |= {f"found_{world}": found, f"left_{world}": rate * (1 - found.mean(axis=1))}
        arrays |= {} if ground.near is None else {f"accuracy_{world}": accuracy}
    return Run(request, metrics, arrays, perf_counter() - start)


def _say(course: Course, world: int, share: float, words: str) -> None:
    course.at((world + share) / 2, words)


def checked_in(
    part: Part,
    truth: Int[ndarray, " m"],
    T: Float[ndarray, "c c"],
    wanted: list[Detector],
    request: UploadBudget,
    say: Callable[[float, str], None],
) -> tuple[Float[ndarray, "d s g"], Float[ndarray, "d s g"]]:
    """In a world of this truth: shares of the planted labels found, and the accuracy of the vote, by rows checked."""
    seeds = request.seeds
    found = np.zeros((len(wanted), len(seeds), len(SHARES)))
    accuracy = np.zeros_like(found)
    for j, seed in enumerate(seeds):
        say(j / len(seeds), f"planting wrong labels, draw {j + 1} of {len(seeds)}")
        y = sample_given_labels(truth, T, numpy_rng(seed, "planted"))
        if (y == truth).all():  # so few that none was drawn
            y[0] = (y[0] + 1) % len(T)
        for i, verdict in enumerate(part.judged(y, wanted, request.study.n_neighbors)):
            found[i, j] = found_curve(verdict.score, y != truth, SHARES)
            accuracy[i, j] = accuracies(part, y, truth, verdict.score)
    return found, accuracy


def repaired_labels(part: Part, n_neighbors: int) -> Int[ndarray, " m"]:
    """The labels that "auto" would put in place of the given ones."""
    return ask(part.ground.y, detectors()[DEFAULT], evidence_of(part.ground), n_neighbors).suggested


def shape_of(estimate: Estimate | None, n_classes: int, rate: float) -> Float[ndarray, "c c"]:
    """P(given | clean) of this rate: as estimated, or symmetric where hardly anything was found."""
    if estimate is not None and estimate.rate >= LEAST_RATE:
        return estimate.T
    T = np.full((n_classes, n_classes), rate / max(1, n_classes - 1))
    np.fill_diagonal(T, 1 - rate)
    return T


def accuracies(
    part: Part, y: Int[ndarray, " m"], right: Int[ndarray, " m"], score: Float[ndarray, " m"]
) -> Float[ndarray, " g"]:
    """Of the vote of ten neighbours, with the lowest scores checked and put right."""
    if part.ground.near is None:
        return np.zeros(len(SHARES))
    table, order = part.ground.near.table(10), np.argsort(score, kind="stable")
    found = []
    for count in np.rint(SHARES * len(y)).astype(int):
        checked = y.copy()
        checked[order[:count]] = right[order[:count]]
        found.append(float((table.predict(checked, table.k_max) == right).mean()))
    return np.array(found)


def sentence(rows: list[dict[str, Any]], n: int, rate: float) -> str:
    """What the best curve means for this file."""
    best = min(rows, key=lambda row: row["cautious"]["most"]["mean"])
    low, high = sorted(round(best[world]["most"]["mean"]) for world in ("hopeful", "cautious"))
    between = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return (
        f"Of the about {round(rate * n):,} wrong labels, nine tenths should be among the {between} most suspect by "
        f"{best['title']} ({low / n:.0%} to {high / n:.0%} of the rows); in no order it would take {MOST:.0%} of them."
    )


def notes(part: Part) -> list[str]:
    """What to bear in mind."""
    found = [
        "Read from labels that were made wrong on purpose, spread over all rows, as many as the estimate has. Cautious: the "
        "labels as given are the truth. Hopeful: the labels as the default detector would have them are."
    ]
    ground = part.ground
    if ground.near is not None and ground.logits is None and concentration_alarm(ground.y, ground.near).sounds:
        found.append(
            "Some of this file's labels seem to be wrong together: those are harder to find than these curves say."
        )
    if part.sampled:
        found.append(
            f"Asked of {len(part.rows):,} rows, drawn with the shares of their classes, and scaled to the file."
        )
    return found
