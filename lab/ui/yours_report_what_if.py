"""What was asked under "What if", as a part of the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from lab.experiments import Run
from lab.experiments.reviews import Review
from lab.figures import report
from lab.noise import MatrixNoise, Noise
from lab.specs import UploadBudget, UploadForecast, UploadInjection, UploadRetrain
from lab.ui.jobs import known_run, latest_run
from lab.ui.noise_models import NAMES_OF
from lab.ui.words import percent
from lab.ui.yours_code import code_of
from lab.ui.yours_more import injection_table
from lab.ui.yours_study import Study
from lab.ui.yours_what_if import AGAIN, CHECK, LEVELS, MORE, retrain_table

MOST_CLASSES = 40  # in a matrix


def keep_answers(study: Study, review: Review) -> None:
    """Note with the review what this session was answered about the study: there a refresh finds it again."""
    for kind in PARTS:
        run = latest_run(kind)
        if run is not None and run.request.study == study.run.request:
            review.answered[kind] = run.request.digest


def answers_of(study: Study, review: Review) -> list[Run]:
    """The latest answer to each question about the study."""
    runs = [known_run(review.answered[kind]) for kind in PARTS if kind in review.answered]
    return [run for run in runs if run is not None and run.request.study == study.run.request]


def what_if_parts(run: Run, name: str) -> list[str]:
    """One question and its answer, with its code. name: of the file."""
    question, parts = PARTS[type(run.request)]
    notes = [report.paragraph(note) for note in run.metrics["notes"]]
    return [
        report.heading(f"What if {question if question.startswith('I ') else question[0].lower() + question[1:]}?"),
        *parts(run),
        *notes,
        report.code(code_of(run.request, name)),
    ]


def _injection(run: Run) -> list[str]:
    m, noise = run.metrics, run.request.noise
    words = f"{noise_words(noise)}: {percent(m['injected']['mean'])} of the labels were made wrong."
    return [report.paragraph(words), *_matrix(noise, m["classes"]), report.table(list(injection_table(run)))]


def noise_words(noise: Noise) -> str:
    """The kind of noise and its plain settings."""
    fields = {f.name: getattr(noise, f.name) for f in dataclasses.fields(noise)}  # type: ignore[arg-type]
    told = [f"{name} {value}" for name, value in fields.items() if isinstance(value, (int, float, str))]
    return ", ".join((NAMES_OF[type(noise)], *told))


def _matrix(noise: Noise, classes: list[str]) -> list[str]:
    if not isinstance(noise, MatrixNoise) or not 2 <= len(classes) <= MOST_CLASSES:
        return []
    return [report.heatmap(noise.transition(len(classes)), classes, "Planned share")]


def _forecast(run: Run) -> list[str]:
    m, arrays = run.metrics, run.arrays
    levels = [percent(rate, 0) for rate in arrays["rates"]]
    lines = [
        {"k": k} | {level: _range(low, high) for level, low, high in zip(levels, *bounds, strict=True)}
        for k, bounds in zip(m["ks"], zip(arrays["low"], arrays["high"], strict=True), strict=True)
    ]
    return [
        report.paragraph("How often the vote of k neighbours is right, by the share of wrong labels:"),
        report.table(lines),
    ]


def _range(low: float, high: float) -> str:
    return percent(low, 0) if round(100 * low) == round(100 * high) else f"{100 * low:.0f} to {percent(high, 0)}"


def _budget(run: Run) -> list[str]:
    m, arrays = run.metrics, run.arrays
    checked = arrays["checked"]
    at = [
        int(i) for i in np.unique(np.searchsorted(checked, [m["n"] * share for share in (0.01, 0.05, 0.1, 0.2, 0.5)]))
    ]
    found = {world: arrays[f"found_{world}"].mean(axis=1) for world in ("cautious", "hopeful")}
    lines = [
        {"Labels checked": int(checked[i])}
        | {one["title"]: _range(*sorted(float(found[w][j, i]) for w in found)) for j, one in enumerate(m["detectors"])}
        for i in at
    ]
    return [
        report.paragraph(m["sentence"]),
        report.paragraph("The share of the wrong labels among the most suspect, cautious to hopeful:"),
        report.table(lines),
    ]


def _retrain(run: Run) -> list[str]:
    told = [report.paragraph(change["sentence"]) for change in run.metrics["changes"]]
    return [*told, report.table(list(retrain_table(run)))]


PARTS: dict[type, tuple[str, Callable[[Run], list[str]]]] = {
    UploadInjection: (MORE, _injection),
    UploadForecast: (LEVELS, _forecast),
    UploadBudget: (CHECK, _budget),
    UploadRetrain: (AGAIN, _retrain),
}
