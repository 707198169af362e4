"""Out: the corrected file, the list of issues, the report, and the study as code."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from lab.experiments import Run, uploads
from lab.experiments.reviews import Decision, Review
from lab.experiments.upload_results import issues_csv, issues_json, issues_parquet
from lab.specs import to_json
from lab.specs.upload_pages import UploadExport
from lab.ui.jobs import STOPPED, finished_run
from lab.ui.take_home import link_popover
from lab.ui.words import literal
from lab.ui.yours_code import as_code
from lab.ui.yours_report import report_html
from lab.ui.yours_report_what_if import answers_of
from lab.ui.yours_state import Opened
from lab.ui.yours_study import Study, corrected_counts
from lab.ui.yours_tables import log_csv
from lab.ui.yours_wrong import headline

File = tuple[str, Callable[[], str | bytes], str, str]


def show_out(opened: Opened, study: Study, detector: str, review: Review) -> None:
    """What comes out, and the files."""
    headline(study, detector, review)
    decisions = review.decisions
    st.subheader("The corrected file", anchor=False)
    counts = corrected_counts(study, decisions)
    st.dataframe(
        pd.DataFrame([{name.capitalize(): count for name, count in counts.items()}]),
        hide_index=True,
        key="out-counts",
    )
    _corrected(opened, decisions)
    st.subheader("The list and the report", anchor=False)
    _files(opened, study, detector, review)
    with st.container(horizontal=True):
        link_popover("Opens this state again, while the file is kept. It holds settings, and none of your data.")
        as_code(study.run.request, opened.name)


def _corrected(opened: Opened, decisions: dict[int, Decision]) -> None:
    stem, suffix = _stem(opened.name), opened.upload.suffix
    if not decisions:
        st.caption("Nothing is decided yet, so what you would get is the file as you brought it, byte for byte.")
        path = uploads.path_of(opened.upload)
        _button("The file as it came", path.read_bytes, f"{stem}{suffix}", "application/octet-stream")
        return
    told = tuple((row, decision.kind, decision.label) for row, decision in decisions.items())
    run = finished_run(UploadExport(upload=opened.upload, decisions=told), patience=3.0, stopped=STOPPED)
    if run is None:
        return
    label = literal(opened.look.metrics["label"])
    st.caption(
        f"The same format, rows and columns in the same order, “{label}” as it was; two columns more say the corrected "
        "label and what was decided. Dropped rows are left out."
    )
    _button(
        "Corrected file", lambda: file_of(run), f"{stem}-corrected{suffix}", "application/octet-stream", primary=True
    )


def file_of(run: Run) -> bytes:
    """The bytes of an export."""
    return run.arrays["file"].tobytes()


def _files(opened: Opened, study: Study, detector: str, review: Review) -> None:
    stem, run, answers = _stem(opened.name), study.run, answers_of(study, review)
    files: list[File] = [
        ("Issues (CSV)", lambda: issues_csv(run, detector), f"{stem}-issues.csv", "text/csv"),
        (
            "Issues (Parquet)",
            lambda: issues_parquet(run, detector),
            f"{stem}-issues.parquet",
            "application/octet-stream",
        ),
        ("Issues (JSON)", lambda: issues_json(run, detector), f"{stem}-issues.json", "application/json"),
        (
            "Report (HTML)",
            lambda: report_html(opened.name, study, detector, review.decisions, answers),
            f"{stem}-report.html",
            "text/html",
        ),
        ("Decisions, step by step (CSV)", lambda: log_csv(review), f"{stem}-decisions.csv", "text/csv"),
        ("Study (JSON)", lambda: to_json(run.request, indent=1), f"{stem}-study.json", "application/json"),
    ]
    with st.container(horizontal=True):
        for label, make, file, kind in files:
            _button(label, make, file, kind)
    st.caption(
        "The list has every label: its row, whether it looks wrong, score, given and suggested label. "
        "“lab detect FILE --label COLUMN -o OUT.csv” writes the same bytes. The report is one file that opens anywhere"
        + (", with your last answers under “What if”." if answers else ".")
    )


def _button(label: str, make: Callable[[], str | bytes], file: str, kind: str, *, primary: bool = False) -> None:
    st.download_button(
        label,
        make,
        file,
        kind,
        on_click="ignore",
        icon=":material/download:",
        type="primary" if primary else "secondary",
        key=f"out-{label}",
    )


def _stem(name: str) -> str:
    """The file's name without its ending, of plain characters only."""
    stem = "".join(c if c.isalnum() or c in "-_ " else "-" for c in name.rsplit(".", 1)[0]).strip()
    return stem[:60] or "data"
