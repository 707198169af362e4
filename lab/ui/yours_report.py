"""The report about one's own data, as one HTML file, and the study as code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from lab.experiments import Run
from lab.experiments.reviews import WORDS, Decision
from lab.figures import report
from lab.ui.words import percent
from lab.ui.yours_code import code_of
from lab.ui.yours_health import confusions
from lab.ui.yours_report_what_if import what_if_parts
from lab.ui.yours_study import Study, corrected_counts
from lab.ui.yours_tables import detector_table

MOST_LISTED, MOST_CLASSES = 200, 40


def report_html(
    name: str, study: Study, detector: str, decisions: dict[int, Decision], what_ifs: Sequence[Run] = ()
) -> str:
    """Everything that was found, decided and asked, with its figures; the same counts as the page."""
    m, called = study.metrics, study.called(detector)
    wrong = int(called.sum())
    parts = [
        report.paragraph(
            f"{m['n']:,} labelled rows of {m['n_rows']:,}, {len(study.classes):,} classes, labels from “{m['label']}”. "
            f"{wrong:,} labels look wrong ({percent(wrong / study.n)}), by the detector “{study.title(detector)}”."
        ),
        *(report.paragraph(note) for note in m["notes"]),
        report.heading("Health"),
        *(report.paragraph(f"{one['title']}. {one['text']}", one["level"]) for one in m["health"]["findings"]),
        report.heading("Labels of each class"),
        report.class_bars(study.counts(called | True), study.counts(called), study.classes),
        report.heading("Scores"),
        report.score_bars(study.score(detector), called),
        *_matrix(study),
        report.heading("Detectors side by side"),
        report.table(list(detector_table(study, detector))),
        *_decided(study, decisions),
        report.heading(f"The {min(wrong, MOST_LISTED):,} most suspect labels"),
        report.table(suspects(study, detector, decisions)),
        *(part for run in what_ifs for part in what_if_parts(run, name)),
        report.heading("As code"),
        report.code(code_of(study.run.request, name)),
        _foot(study),
    ]
    return report.page(f"Labels of {name}", parts)


def suspects(study: Study, detector: str, decisions: dict[int, Decision]) -> list[dict[str, Any]]:
    """The labels called wrong, the most suspect first."""
    lines = []
    for rank, place in enumerate(study.ranking(detector)[: min(MOST_LISTED, int(study.called(detector).sum()))], 1):
        row = int(study.rows[place])
        decision = decisions.get(row)
        lines.append(
            {
                "Rank": rank,
                "Row": str(row),
                "Given": study.classes[study.y_given[place]],
                "Suggested": study.classes[study.suggested(detector)[place]],
                "Score": f"{study.score(detector)[place]:.4f}",
                "Decision": "" if decision is None else " ".join(filter(None, (WORDS[decision.kind], decision.label))),
            }
        )
    return lines


def _matrix(study: Study) -> list[str]:
    T = study.run.arrays.get("T")
    if T is None:
        return []
    parts = [report.heading("Which class is given as which?")]
    if len(study.classes) <= MOST_CLASSES:
        parts.append(report.heatmap(T.astype(float), study.classes))
    return [*parts, report.table(list(confusions(study)))]


def _decided(study: Study, decisions: dict[int, Decision]) -> list[str]:
    counts = corrected_counts(study, decisions)
    kinds = np.array([decision.kind for decision in decisions.values()])
    told = ", ".join(f"{int((kinds == kind).sum()):,} {word}" for kind, word in WORDS.items())
    return [
        report.heading("Decisions"),
        report.paragraph(
            f"{len(decisions):,} decided: {told}. The corrected file has {counts['rows']:,} rows, "
            f"{counts['relabelled']:,} of them with another label than they came with."
        ),
    ]


def _foot(study: Study) -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    upload = study.run.request.upload.digest
    words = (
        f"Made by the noisy label lab, {now}. Study {study.run.request.digest}, file {upload} (SHA-256, first half)."
    )
    return f"<footer>{report.paragraph(words)}</footer>"
