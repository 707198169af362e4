"""Runs of requests about one's own data, made of numbers and not computed: what a worker would answer to the page."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.experiments import Run
from lab.experiments.jobs import Job
from lab.experiments.queueing import JobQueue
from lab.specs import UploadBudget, UploadForecast, UploadInjection, UploadLook, UploadRetrain
from lab.specs.upload_pages import UploadExport, UploadRows
from lab.specs.upload_studies import UploadStudy

N, CLASSES = 120, ["setosa", "<b>bold</b>", "=cmd|' /C calc'!A0"]
NAMES = ["id", "length", "width", "colour", "species"]
SKIPPED = 2  # the first rows of the file carry no label
N_ROWS = N + SKIPPED


def look(request: UploadLook) -> Run:
    """A table of 122 rows, two of them without a label."""
    label = request.upload.label or "species"
    roles = dict.fromkeys(NAMES, "feature") | {"id": "left out", label: "label"}
    kinds = dict(zip(NAMES, ["identifier", "number", "number", "category", "category"], strict=True))
    columns = [
        {"name": name, "role": roles[name], "kind": kinds[name], "missing": 0, "distinct": 7, "why": "because"}
        for name in NAMES
    ]
    metrics = {
        "kind": "table",
        "n_rows": N_ROWS,
        "n": N,
        "label": label,
        "label_reason": f"“{label}” is the last column with few values",
        "classes": CLASSES,
        "counts": [40, 40, 40],
        "columns": columns,
        "n_features": 3,
        "notes": ["2 rows without a label are left out"],
        "preview_columns": NAMES,
        "preview": [[str(i), "1.5", "0.2", "<i>red</i>", CLASSES[i % 3]] for i in range(8)],
    }
    return Run(request, metrics, {}, 0.1)


def study(request: UploadStudy) -> Run:
    """Three detectors; “auto” calls 9 labels wrong, three of each class."""
    rng = np.random.default_rng(0)
    y = (np.arange(N) % 3).astype(np.int32)
    names = ["auto", "knn", "confident_learning"]
    scores = rng.uniform(0.4, 1, (3, N)).astype(np.float32)
    verdicts = np.zeros((3, N), dtype=bool)
    for i, n in enumerate((9, 6, 15)):
        verdicts[i, :n] = True
        scores[i, :n] = np.linspace(0, 0.3, n)
    suggested = np.where(verdicts, (y + 1) % 3, y).astype(np.int32)
    xy = np.stack([y + rng.normal(0, 0.2, N), rng.normal(0, 1, N)], axis=1).astype(np.float32)
    T = np.full((3, 3), 0.05) + np.eye(3) * 0.85
    health = {
        "balance": [40, 40, 40],
        "duplicates": {"rows": 4, "groups": 2, "conflicting": 1},
        "constant": ["always"],
        "near_conflicts": 12,
        "rate": 0.08,
        "rate_interval": [0.05, 0.12],
        "alarm": {
            "sounds": True,
            "message": "Wrong labels may sit together",
            "share": 0.05,
            "clusters": [{"given": CLASSES[1], "surrounding": CLASSES[0], "size": 12}],
        },
        "aligned": {"ok": True, "message": "Labels and rows fit"},
        "findings": [
            {"level": "ok", "title": "Labels and rows fit", "text": "Neighbours agree far more often than chance"},
            {
                "level": "look",
                "title": "1 copy with another label",
                "text": f"Rows 3 and 7 are equal, one is {CLASSES[1]}",
            },
            {"level": "bad", "title": "Wrong labels may sit together", "text": "12 rows"},
        ],
    }
    metrics: dict[str, Any] = {
        "kind": "table",
        "classes": CLASSES,
        "n": N,
        "n_rows": N_ROWS,
        "label": request.upload.label or "species",
        "notes": ["2 rows without a label are left out"],
        "space": request.space,
        "health": health,
        "detectors": [
            {
                "name": name,
                "title": title,
                "source": "the lab's own",
                "needs": ["features|pred_probs"],
                "n_flagged": int(verdicts[i].sum()),
                "seconds": 0.1,
                "note": "",
            }
            for i, (name, title) in enumerate(
                zip(names, ["every scale", "kNN agreement", "confident learning"], strict=True)
            )
        ],
        "map": {"method": "principal components"},
        "row": [3],
        "seconds": 0.5,
    }
    arrays = {
        "rows": np.arange(SKIPPED, N_ROWS, dtype=np.int32),
        "y_given": y,
        "scores": scores,
        "verdicts": np.packbits(verdicts, axis=1),
        "suggested": suggested,
        "neighbors": np.stack([(np.arange(N) + 3 * i + 1) % N for i in range(10)], axis=1).astype(np.int32),
        "neighbor_dist": np.tile(np.linspace(0.1, 1, 10, dtype=np.float32), (N, 1)),
        "xy": xy,
        "T": T,
        "T_low": T * 0.8,
        "T_high": np.minimum(1, T * 1.2),
        "alarm_rows": np.arange(12, dtype=np.int32),
        "duplicate_group": np.full(N, -1, dtype=np.int32),
        "near_conflict_rows": np.arange(12, dtype=np.int32),
    }
    if request.space == "network":
        arrays["losses"] = rng.random((12, N)).astype(np.float16)
    return Run(request, metrics, arrays, 0.5)


def rows(request: UploadRows) -> Run:
    """Every cell of the asked rows, as text."""
    cells = [[str(row), f"{row / 7:.2f}", "0.2", "<i>red</i>", CLASSES[row % 3]] for row in request.rows]
    return Run(request, {"columns": NAMES, "cells": cells, "names": []}, {}, 0.1)


def export(request: UploadExport) -> Run:
    """The decisions as the corrected file."""
    text = "\n".join(f"{row},{kind},{label or ''}" for row, kind, label in request.decisions)
    return Run(request, {"n_rows": N_ROWS}, {"file": np.frombuffer(text.encode(), np.uint8)}, 0.1)


def about(mean: float) -> dict[str, Any]:
    """A mean with its interval, as the workers give it."""
    return {"mean": mean, "interval": [mean - 0.02, mean + 0.02]}


def injection(request: UploadInjection) -> Run:
    """Two detectors, three draws."""
    rows = [
        {"name": name, "title": title, "auroc": about(a), "found": about(a), "recall": about(a), "flagged": about(0.12)}
        for name, title, a in (("auto", "every scale", 0.9), ("knn", "kNN agreement", 0.8))
    ]
    metrics = {
        "n": N,
        "sampled": False,
        "classes": CLASSES,
        "detectors": rows,
        "best": "auto",
        "injected": about(0.1),
        "accuracy_before": 0.95,
        "accuracy_after": about(0.93),
        "rate_before": 0.05,
        "rate_after": about(0.14),
        "alarm_before": False,
        "alarm_after": 0.0,
        "notes": ["The given labels are taken as right."],
    }
    checked = np.linspace(0, 1, 101)
    curves = np.stack([1 - (1 - checked) ** p for p in (12, 6)]).astype(np.float32)
    return Run(request, metrics, {"checked": checked, "curves": curves}, 0.1)


def forecast(request: UploadForecast) -> Run:
    """Lines that fall with the noise."""
    rates, measured_rates = np.linspace(0, 0.6, 9), np.linspace(0, 0.6, 4)
    fall = np.stack([0.95 - rates / (1 + k / 10) for k in request.ks])
    measured = np.stack([0.93 - measured_rates / (1 + k / 10) for k in request.ks])
    metrics = {
        "ks": list(request.ks),
        "rate": 0.08,
        "rate_interval": [0.05, 0.12],
        "highest_rate": 0.6,
        "shape": "estimated",
        "agreement": [0.9] * len(request.ks),
        "n": N,
        "n_asked": N,
        "sampled": False,
        "classes": CLASSES,
        "notes": ["Nobody knows the right labels."],
    }
    arrays = {"rates": rates, "low": fall - 0.03, "high": fall, "lowest": fall - 0.05, "highest": fall + 0.02}
    arrays |= {"measured_rates": measured_rates, "measured": np.repeat(measured[:, :, None], 3, axis=2)}
    return Run(request, metrics, arrays, 0.1)


def budget(request: UploadBudget) -> Run:
    """Two detectors, five draws."""
    checked = np.rint(np.linspace(0, 1, 45) * N).astype(np.int64)
    curve = 1 - (1 - checked / N) ** 8
    found = np.stack([np.stack([curve * (1 - s / 50 - i / 10) for s in range(5)]) for i in range(2)])
    metrics = {
        "n": N,
        "classes": CLASSES,
        "rate": 0.08,
        "n_wrong": 10,
        "planted": 0.08,
        "detectors": [
            {"name": name, "title": title} | {key: {"half": 12.0, "most": 30.0} for key in ("cautious", "hopeful")}
            for name, title in (("auto", "every scale"), ("knn", "kNN agreement"))
        ],
        "sentence": "Of the about 10 wrong labels, nine tenths should be among the 30 most suspect by every scale.",
        "notes": ["Read from labels that were made wrong on purpose."],
        "sampled": False,
    }
    arrays = {"checked": checked, "found_cautious": found * 0.9, "found_hopeful": found}
    arrays |= {"accuracy_cautious": 0.88 + found / 20, "accuracy_hopeful": 0.9 + found / 20}
    return Run(request, metrics, arrays, 0.1)


def retrain(request: UploadRetrain) -> Run:
    """Leaving out hurts, correcting helps."""
    n = len(request.seeds)
    accuracy = np.array([[0.9], [0.88], [0.93]]) + np.linspace(0, 0.01, n)
    titles = ("labels as given", "flagged labels left out", "flagged labels corrected")
    names = ("given", "removed", "corrected")
    arms = [
        {"name": name, "title": title, "n_train": 90.0, "accuracy": about(a), "trusted": about(a)}
        for name, title, a in zip(names, titles, accuracy.mean(axis=1).tolist(), strict=True)
    ]
    changes = [
        {"name": name, "difference": about(d), "verdict": verdict, "sentence": f"{name} {verdict}."}
        for name, d, verdict in (("removed", -0.02, "hurts"), ("corrected", 0.03, "helps"))
    ]
    metrics = {
        "arms": arms,
        "changes": changes,
        "sentence": "removed hurts.",
        "n_flagged": 9.0,
        "n_decided": len(request.decisions),
        "n": N,
        "n_test": 30,
        "backbone": "MLP",
        "classes": CLASSES,
        "sampled": False,
        "notes": ["The judges are given labels."],
    }
    return Run(request, metrics, {"accuracy": accuracy, "trusted": accuracy}, 0.1)


ANSWERS = {
    UploadInjection: injection,
    UploadForecast: forecast,
    UploadBudget: budget,
    UploadRetrain: retrain,
    UploadLook: look,
    UploadStudy: study,
    UploadRows: rows,
    UploadExport: export,
}


def answering(queue: JobQueue) -> Any:
    """`submit` of a queue whose worker answers at once what is made here."""

    def submit(request: Any, lane: str | None = None) -> Job:
        job = queue.submit(request, lane)
        if not job.finished and type(request) in ANSWERS:
            queue.finish(job, "done", run=ANSWERS[type(request)](request))
        return job

    return submit
