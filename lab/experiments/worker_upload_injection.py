"""More wrong labels, put there on purpose: which detector would find them, and what they would cost.

1,800 rows, 9 detectors and three draws take about 3 s on one slow core.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from lab.analysis.concentration_alarm import concentration_alarm
from lab.analysis.detect_metrics import auroc, found_among, precision_at, quality
from lab.core.checks import require
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_upload_ground import SHARE, Course, ground_of
from lab.experiments.worker_upload_health import estimate_of
from lab.experiments.worker_upload_part import Part, about, with_labels
from lab.specs.upload_studies import UploadInjection

N_CURVE = 101  # shares of the rows at which the curves are known


def run_upload_injection(request: UploadInjection, report: PlainReport) -> Run:
    """Put noise on the given labels, taken as right, and ask the detectors for what was put there.

    Metrics: `n`, `sampled`, `classes`, `detectors` (a dict each: `name`, `title`, and with `mean` and `interval` over the
        seeds `auroc`, `found` (the share of the injected among as many lowest scores), `recall` and `flagged` of its own
        verdict), `best` (the name that finds most), `injected` (the share of labels changed), `accuracy_before` and
        `accuracy_after` (of the neighbours' vote, judged by the given labels), `rate_before` and `rate_after` (as
        estimated without truth), `alarm_before`, `alarm_after` (the share of the draws in which it sounds; None where
        there are no neighbours), `notes`.
    Arrays: `auroc`, `found` (detectors, seeds); `checked` (101), shares of the rows, and `curves` (detectors, 101), the
        mean share of the injected labels found by checking so many of the lowest scores.
    Raises: ValueError in one sentence if the noise or a detector does not fit the file, or no label is changed.
    """
    start = perf_counter()
    ground = ground_of(request.study, report)
    course = Course(report)
    course.stretch(SHARE["probabilities"], 1.0, "putting noise on the labels")
    part = Part.of(ground)
    wanted, y = part.detectors(request.detectors), part.ground.y
    checked = np.linspace(0, 1, N_CURVE)
    draws: list[dict[str, Any]] = []
    for i, seed in enumerate(request.seeds):
        course.at(i / len(request.seeds), f"putting noise on the labels, draw {i + 1} of {len(request.seeds)}")
        labels = part.noisy(request.noise, y, seed)
        kind = type(request.noise).__name__  # and not the whole of a matrix
        require(bool(labels.changed.any()), "noise", "enough to change a label of this file", kind)
        verdicts = part.judged(labels.y_given, wanted, request.study.n_neighbors)
        judged = [quality(v.score, v.is_issue, y_given=labels.y_given, y_clean=y) for v in verdicts]
        draws.append(
            {
                "injected": labels.flip_rate,
                "auroc": [auroc(v.score, labels.changed) for v in verdicts],
                "found": [precision_at(v.score, labels.changed, int(labels.changed.sum())) for v in verdicts],
                "recall": [q.recall for q in judged],
                "flagged": [q.flagged for q in judged],
                "curves": [found_curve(v.score, labels.changed, checked) for v in verdicts],
                **cost(part, labels.y_given, y),
            }
        )
    before = cost(part, y, y)
    columns = {name: np.array([draw[name] for draw in draws]) for name in ("auroc", "found", "recall", "flagged")}
    rows: list[dict[str, Any]] = [
        {"name": d.name, "title": d.title} | {name: about(values[:, j]) for name, values in columns.items()}
        for j, d in enumerate(wanted)
    ]
    metrics: dict[str, Any] = {
        "n": len(y),
        "sampled": part.sampled,
        "classes": list(ground.data.classes),
        "detectors": rows,
        "best": max(rows, key=lambda row: row["found"]["mean"])["name"],
        "injected": about([draw["injected"] for draw in draws]),
        "accuracy_before": before["accuracy"],
        "accuracy_after": _about_known(draws, "accuracy"),
        "rate_before": before["rate"],
        "rate_after": _about_known(draws, "rate"),
        "alarm_before": before["alarm"],
        "alarm_after": None if before["alarm"] is None else float(np.mean([draw["alarm"] for draw in draws])),
        "notes": notes(part),
    }
    arrays = {
        "auroc": columns["auroc"].T.astype(np.float32),
        "found": columns["found"].T.astype(np.float32),
        "checked": checked,
        "curves": np.mean([draw["curves"] for draw in draws], axis=0).astype(np.float32),
    }
    return Run(request, metrics, arrays, perf_counter() - start)


def found_curve(
    score: Float[ndarray, " n"], wrong: Bool[ndarray, " n"], checked: Float[ndarray, " g"]
) -> Float[ndarray, " g"]:
    """The share of the wrong labels that is found by checking these shares of the rows, lowest scores first."""
    counts = np.rint(checked * len(score)).astype(np.int64)
    return found_among(score, wrong, counts) / int(wrong.sum())


def cost(part: Part, y_given: Int[ndarray, " m"], y: Int[ndarray, " m"]) -> dict[str, Any]:
    """What these labels do to the neighbours' vote, and how they look to whoever has no others."""
    near, ground = part.ground.near, part.ground
    if near is None:
        return {"accuracy": None, "rate": None, "alarm": None}
    table = near.table(10)
    estimate = estimate_of(with_labels(ground, y_given))
    return {
        "accuracy": float((table.predict(y_given, table.k_max) == y).mean()),
        "rate": None if estimate is None else estimate.rate,
        "alarm": None if ground.logits is not None else concentration_alarm(y_given, near).sounds,
    }


def _about_known(draws: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    known = [draw[name] for draw in draws if draw[name] is not None]
    return about(known) if known else None


def notes(part: Part) -> list[str]:
    """What to bear in mind."""
    found = [
        "The given labels are taken as right. Those that are wrong already are counted against a detector that names them."
    ]
    if part.sampled:
        found.append(f"Asked of {len(part.rows):,} rows, drawn with the shares of their classes.")
    if part.probabilities_stay:
        found.append("The file's probabilities are of a model that never saw the injected labels, which flatters them.")
    return found
