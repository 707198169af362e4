"""The health of an uploaded file, and every detector that it allows on its labels.

100,000 rows of 50 columns in 10 classes take under a minute on two cores (`lab bench upload`), a few thousand rows some
seconds, half of them the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from lab.analysis.detect import detectors, find_label_issues
from lab.analysis.detect_registry import Detector
from lab.core.checks import check_choice
from lab.core.rng import numpy_rng
from lab.core.threads import threads
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_runs import thumbnails
from lab.experiments.worker_upload_ground import SHARE, Course, Ground, ground_in, ground_of, search_threads
from lab.experiments.worker_upload_health import health_of
from lab.experiments.worker_upload_map import map_of
from lab.experiments.worker_uploads import pictures_of as picked
from lab.methods.knet_classifier import KNetClassifier
from lab.specs.upload_studies import UploadStudy

NOT_ASKED = ("inn", "small_loss_ce_ne", "small_loss_mixup")  # of networks that are not trained here
N_LISTED = 10  # neighbours that are kept of each row
MOST_PICTURES, PICTURE_SIDE = 1000, 48


@dataclass(frozen=True, eq=False)
class Verdict:
    """One detector's answer to the given labels."""

    detector: Detector
    score: Float[ndarray, " n"]
    is_issue: Bool[ndarray, " n"]
    suggested: Int[ndarray, " n"]
    seconds: float


def run_upload_study(study: UploadStudy, report: PlainReport) -> Run:
    """Read the file, look at its health, ask every detector, and draw a map.

    Metrics and arrays: `study_of`'s. Raises: ValueError in one sentence if the file is not there or can not be read, or
        has too many classes for so many rows.
    """
    start = perf_counter()
    return study_of(study, ground_of(study, report), report, start)


def study_file(path: Path, study: UploadStudy, report: PlainReport) -> Run:
    """The same for a file where it lies, in this process; nothing of it is kept."""
    start = perf_counter()
    with threads(1):  # as in a worker
        return study_of(study, ground_in(path, study, report), report, start)


def check_detector(name: str) -> None:
    """Raises: ValueError for a name that no detector has."""
    check_choice("detector", name, tuple(d for d in detectors() if d not in NOT_ASKED))


def study_of(study: UploadStudy, ground: Ground, report: PlainReport, start: float) -> Run:
    """The same of a file that is ready.

    Metrics: `kind`, `classes`, `n`, `n_rows`, `label`, `notes`, `space`, `row` (the shape of what a network learns from), `probabilities` (where they come from), `health`
        (see `worker_upload_health.health_of`), `detectors` (a dict each: name, title, source, needs, `n_flagged`,
        `seconds`, `note`), `map` (`method`, `n_placed`, `trustworthiness`), `pictures`, `seconds`.
    Arrays, in the order of `rows`, the file's numbers (from 0) of its labelled rows: `y_given`, `scores` (detectors, n),
        `verdicts` (bits of the same), `suggested`, `neighbors` (n, 10; places in `rows`, of no column where there are
        none), `neighbor_dist`, `xy` (n, 2); `T`, `T_low`, `T_high` (absent with more than 200 classes), `alarm_rows`,
        `duplicate_group`, `near_conflict_rows`; where there are pictures `pictures` of the most suspect rows, whose places
        are `picture_rows`; where a network was trained `losses` (epochs, n), of rows that it did not see.
    """
    course = Course(report)
    verdicts = ask_all(ground, study.n_neighbors, course)
    course.stretch(0.86, 0.92, "looking at the health of the data")
    health, of_health = health_of(ground, course, next(v for v in verdicts if v.detector.name == "auto").is_issue)
    course.stretch(0.92, 1.0, "drawing a map")
    drawn = map_of(ground, course)
    data = ground.data
    arrays = collect(ground, verdicts) | of_health | {"xy": drawn.xy} | pictures_of(ground, verdicts)
    metrics: dict[str, Any] = {
        "kind": data.kind,
        "classes": list(data.classes),
        "n": len(ground.y),
        "n_rows": data.n_rows,
        "label": data.label,
        "notes": [*data.notes, *ground.notes],
        "space": study.space,
        "row": None if (x := ground.learned_from()) is None else list(x.shape[1:]),
        "probabilities": ground.origin,
        "health": health,
        "detectors": [described(verdict, ground) for verdict in verdicts],
        "map": {"method": drawn.method, "n_placed": drawn.n_placed, "trustworthiness": drawn.trustworthiness},
        "pictures": "pictures" in arrays,
    }
    seconds = perf_counter() - start
    return Run(study, metrics | {"seconds": seconds}, arrays, seconds)


def ask_all(ground: Ground, n_neighbors: int, course: Course, names: tuple[str, ...] = ()) -> list[Verdict]:
    """Every detector that the file allows, or those that are named; a detector's seconds are those of its verdict."""
    course.stretch(SHARE["probabilities"], 0.86, "asking every detector")
    given, wanted = evidence_of(ground), [d for d in allowed(ground) if not names or d.name in names]
    if "knet_probs" in {need for d in wanted for need in d.needs}:
        given["knet_probs"] = knet_probs(ground)
    found = []
    for i, detector in enumerate(wanted):
        words = f"asking {detector.title}"
        course.at(i / len(wanted), words)
        if ground.near is not None:
            ground.near.tick = lambda rows, i=i, words=words: course.at(i / len(wanted), words)  # type: ignore[misc]
        found.append(ask(ground.y, detector, given, n_neighbors))
    if ground.near is not None:
        ground.near.tick = lambda rows: None
    return found


def allowed(ground: Ground) -> list[Detector]:
    """Detectors whose needs the file meets."""
    there = set(evidence_of(ground)) | ({"knet_probs"} if ground.logits is not None else set())
    return [d for d in detectors().values() if not d.missing(there) and d.name not in NOT_ASKED]


def evidence_of(ground: Ground) -> dict[str, Any]:
    """What is known of the rows, by the names of `find_label_issues`."""
    given = {"pred_probs": ground.pred_probs, "features": ground.near, "logits": ground.logits}
    if ground.losses is not None:
        given["losses"] = ground.losses[-1]
    return {name: value for name, value in given.items() if value is not None}


def knet_probs(ground: Ground) -> Float[ndarray, "n c"]:
    """What the network that imitates neighbours answers."""
    assert ground.near is not None
    probs = np.zeros((len(ground.y), ground.n_classes), dtype=np.float32)
    knet = KNetClassifier(random_state=0).fit(ground.near.features, ground.y)
    probs[:, knet.classes_] = knet.predict_proba(ground.near.features)
    return probs


def ask(y_given: Int[ndarray, " n"], detector: Detector, given: dict[str, Any], n_neighbors: int) -> Verdict:
    """One detector; its random numbers are its own, so that it answers alike whoever is asked beside it."""
    start = perf_counter()
    with threads(search_threads(given.get("features"))):
        issues = find_label_issues(
            y_given, detector=detector.name, n_neighbors=n_neighbors, rng=numpy_rng(0, detector.name), **given
        )
    score = issues.score.to_numpy().astype(np.float32)  # as it is stored, so that every count agrees
    return Verdict(
        detector,
        score,
        issues.is_issue.to_numpy(),
        issues.suggested_label.to_numpy(),
        perf_counter() - start,
    )


def described(verdict: Verdict, ground: Ground) -> dict[str, Any]:
    """A row of the table of detectors."""
    detector, flagged = verdict.detector, int(verdict.is_issue.sum())
    if np.ptp(verdict.score) < 1e-9:
        note = "All scores are equal."
    elif detector.name == "auto":
        note = "neighbourhoods at every scale" if ground.near is not None else "probabilities alone"
    else:
        note = "by " + " and ".join("neighbours" if need == "features" else "probabilities" for need in detector.needs)
    return {
        "name": detector.name,
        "title": detector.title,
        "source": detector.source,
        "needs": list(detector.needs),
        "n_flagged": flagged,
        "seconds": verdict.seconds,
        "note": note,
    }


def collect(ground: Ground, verdicts: list[Verdict]) -> dict[str, ndarray]:
    """The arrays of the labels, the detectors and the neighbours."""
    n, small = len(ground.y), np.min_scalar_type(ground.n_classes)
    idx, dist = np.zeros((n, 0), dtype=np.int32), np.zeros((n, 0), dtype=np.float32)
    if ground.near is not None:
        table = ground.near.table(N_LISTED)
        idx, dist = table.idx.astype(np.int32), table.dist
    arrays = {
        "rows": ground.data.rows.astype(np.int32),
        "y_given": ground.y.astype(small),
        "scores": np.stack([v.score for v in verdicts]).astype(np.float32),
        "verdicts": np.packbits(np.stack([v.is_issue for v in verdicts]), axis=1),
        "suggested": np.stack([v.suggested for v in verdicts]).astype(small),
        "neighbors": np.ascontiguousarray(idx),
        "neighbor_dist": np.ascontiguousarray(dist),
    }
    return arrays if ground.losses is None else arrays | {"losses": ground.losses.astype(np.float16)}


def pictures_of(ground: Ground, verdicts: list[Verdict]) -> dict[str, ndarray]:
    """Small pictures of the rows that some detector finds most suspect."""
    if ground.data.pictures is None:
        return {}
    ranks = np.stack([v.score.argsort(kind="stable").argsort() for v in verdicts]).min(axis=0)
    rows = np.sort(np.argsort(ranks, kind="stable")[:MOST_PICTURES]).astype(np.int32)
    small = thumbnails(np.asarray(picked(ground.data, rows, PICTURE_SIDE)), side=PICTURE_SIDE)
    return {} if small is None else {"pictures": small, "picture_rows": rows}
