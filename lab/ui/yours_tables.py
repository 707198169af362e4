"""Detectors side by side, and the log of what was decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from lab.core.spreadsheet import csv_text
from lab.experiments.reviews import Review
from lab.figures.yours import bars_height, class_bars, score_bars
from lab.ui.words import percent
from lab.ui.yours_study import Study

MOST_LINES = 200


def pick_detector(study: Study) -> str:
    """Whose word counts."""
    return st.selectbox(
        "Detector",
        study.names,
        format_func=study.title,
        key="detector",
        bind="query-params",
        help="Every detector gives each label a score; what lies below its own limit it calls wrong.",
        width=300,
    )


def detectors_side_by_side(study: Study, detector: str) -> None:
    """A line for each detector; by class and by score, what the chosen one calls wrong."""
    st.subheader("Detectors side by side", anchor=False)
    st.dataframe(pd.DataFrame(list(detector_table(study, detector))), hide_index=True, key="side-by-side")
    st.caption(
        "“Both”: called wrong by this detector and by the chosen one too. Labels that several suspect come first."
    )
    called, dark = study.called(detector), st.context.theme.type == "dark"
    counts, wrong = study.counts(called | True), study.counts(called)
    left, right = st.container(key="two-called").columns(2, gap="large")
    with left:
        st.markdown("**Called wrong, by given label**")
        st.echarts_chart(
            class_bars(counts, wrong, study.classes, dark=dark),
            key="wrong-classes",
            height=bars_height(len(counts)),
            alt=f"{int(wrong.sum()):,} of {int(counts.sum()):,} labels called wrong, class by class.",
        )
    with right:
        st.markdown("**Scores of all labels** (bars by the root of the count)")
        st.echarts_chart(
            score_bars(study.score(detector), called, dark=dark),
            key="wrong-scores",
            height=300,
            alt=f"Scores from {study.score(detector).min():.3g} to {study.score(detector).max():.3g}; "
            f"{int(called.sum()):,} are called wrong.",
        )


def detector_table(study: Study, chosen: str) -> Iterator[dict[str, Any]]:
    """The lines of the table."""
    mine = study.called(chosen)
    for one in study.detectors:
        called = study.called(one["name"])
        yield {
            "Detector": one["title"] + (" (chosen)" if one["name"] == chosen else ""),
            "Called wrong": int(called.sum()),
            "Share": percent(called.mean()),
            "Both": int((called & mine).sum()),
            "Seconds": round(one["seconds"], 2),
            "Remark": one["note"] or "",
            "Source": one["source"],
        }


def what_was_decided(study: Study, review: Review) -> None:
    """The audit log, with undo and redo."""
    st.subheader("What was decided", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Undo", icon=":material/undo:", disabled=not review.undoable, on_click=review.undo, key="undo")
        st.button("Redo", icon=":material/redo:", disabled=not review.redoable, on_click=review.redo, key="redo")
        st.download_button(
            "Log (CSV)",
            lambda: log_csv(review),
            f"decisions-{study.run.request.digest}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
            disabled=not review.log,
            key="log",
        )
    if not review.log:
        st.caption("Nothing yet. Every step will stand here with its time; it survives a refresh of the page.")
        return
    lines = [
        {"Time": when(entry.at), "What": entry.what, "Labels": entry.n, "Rows": entry.rows, "By": entry.how}
        for entry in review.log[::-1][:MOST_LINES]
    ]
    st.dataframe(pd.DataFrame(lines), hide_index=True, key="audit", height=min(300, 38 + 35 * len(lines)))


def when(at: float) -> str:
    """A moment, to the second, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def log_csv(review: Review) -> str:
    """Every step: when, what, how many labels, which rows, and how it was asked for."""
    lines = ([when(entry.at), entry.what, entry.n, entry.rows, entry.how] for entry in review.log)
    return csv_text(["time", "what", "labels", "rows", "by"], lines)
