"""All trainings there ever were: find, compare, name, delete and bring back, open elsewhere, take home."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from lab.experiments import Experiment
from lab.experiments.export import export
from lab.experiments.store import RunRecord, store
from lab.figures.curves import MEASURES, Line, curves_alt, curves_height, curves_option, measures_of
from lab.specs.codec import flatten, to_plain
from lab.ui.run_picker import open_links
from lab.ui.run_words import run_title
from lab.ui.words import percent, sentence

MOST_COMPARED = 8
DELETED = "runs-deleted"  # what this session deleted last, to bring back
STATES = {
    "queued": "waiting",
    "running": "training",
    "done": "finished",
    "stopped": "stopped",
    "failed": "failed",
    "interrupted": "interrupted",
}


def runs_page() -> None:
    """The table, and below it what is done with the rows that are picked."""
    if trouble := store().trouble:
        st.error(sentence(trouble), icon=":material/error:")
    _bring_back()
    deleted = st.toggle("Deleted runs", key="deleted", bind="query-params") if _any_deleted() else False
    records = _trainings(deleted=deleted)
    if not records:
        st.info("No training has been started yet.", icon=":material/info:")
        st.page_link("pages/train.py", label="Train a network", icon=":material/model_training:")
        return
    found = _filter(records)
    picked = _table(found)
    if not picked:
        st.caption("Pick rows at their left edge to compare, open, rename, delete or take home.")
        return
    if deleted:
        with st.container(horizontal=True):
            _bring_back_button([record.digest for record in picked], "Bring back")
            _erase(picked)
    else:
        _actions(picked)
    compare(picked)


def _any_deleted() -> bool:
    return bool(_trainings(deleted=True))


def _trainings(*, deleted: bool) -> list[RunRecord]:
    """Studies of several trainings are in the history too, and have pages of their own."""
    return [record for record in store().records(deleted=deleted) if isinstance(record.request, Experiment)]


def _filter(records: Sequence[RunRecord]) -> list[RunRecord]:
    left, right = st.columns([3, 2])
    text = left.text_input("Find", key="find", bind="query-params", placeholder="data set, noise, network, name …")
    states = right.multiselect(
        "Status", list(STATES), format_func=STATES.__getitem__, key="status", bind="query-params", placeholder="any"
    )
    words = text.lower().split()
    return [
        record
        for record in records
        if all(word in _haystack(record) for word in words) and (not states or record.status in states)
    ]


def _haystack(record: RunRecord) -> str:
    return f"{name_of(record)} {run_title(record.request)} {record.digest} {STATES[record.status]}".lower()


def name_of(record: RunRecord) -> str:
    """Its given name, or its title."""
    return record.name or run_title(record.request)


def _table(records: Sequence[RunRecord]) -> list[RunRecord]:
    rows = [
        {
            "Name": name_of(record),
            "Status": STATES[record.status],
            "Wrong labels": record.summary.get("realised_rate"),
            "Last": record.summary.get("last_test_accuracy"),
            "Best": record.summary.get("best_test_accuracy"),
            "Epochs": f"{record.summary.get('epochs', 0)} / {record.request.schedule.epochs}",
            "Started": datetime.fromtimestamp(record.started),
            "Seconds": record.seconds,
            "Id": record.digest,
        }
        for record in records
    ]
    share = st.column_config.NumberColumn(format="percent")
    event = st.dataframe(
        pd.DataFrame(rows, columns=list(rows[0]) if rows else ["Name"]),
        hide_index=True,
        key="runs-table",
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "Wrong labels": share,
            "Last": st.column_config.NumberColumn("Last", format="percent", help="Test accuracy after the last epoch."),
            "Best": st.column_config.NumberColumn("Best", format="percent", help="Test accuracy after the best epoch."),
            "Started": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Seconds": st.column_config.NumberColumn(format="%.1f"),
            "Name": st.column_config.TextColumn(width="large"),
        },
        alt="All trainings, newest first.",
    )
    if not records:
        st.caption("Nothing fits the filter.")
    return [records[row] for row in event["selection"]["rows"] if row < len(records)]


def _actions(picked: Sequence[RunRecord]) -> None:
    digests = ",".join(record.digest for record in picked[-MOST_COMPARED:])
    with st.container(horizontal=True):
        st.page_link(
            "pages/train.py",
            label="Open on the page Train",
            icon=":material/open_in_new:",
            query_params={"runs": digests},
        )
        if len(picked) == 1:
            if picked[0].status == "done":
                open_links(picked[0].digest)
            with st.popover("Rename", icon=":material/edit:"):
                _rename(picked[0])
        if st.button(f"Delete {len(picked)}" if len(picked) > 1 else "Delete", icon=":material/delete:"):
            st.session_state[DELETED] = [record.digest for record in picked]
            for record in picked:
                store().delete(record.digest)
            st.session_state.pop("runs-table", None)
            st.rerun()
        st.download_button(
            "Export (JSON + CSV)",
            lambda: export(picked),
            f"runs-{len(picked)}.zip",
            "application/zip",
            on_click="ignore",
            icon=":material/download:",
        )


def _rename(record: RunRecord) -> None:
    with st.form(f"rename-{record.digest}", border=False):
        name = st.text_input("Name", value=name_of(record), max_chars=120)
        if st.form_submit_button("Save"):
            store().rename(record.digest, name.strip())
            st.rerun()


def _bring_back() -> None:
    deleted: list[str] = st.session_state.get(DELETED, [])
    if not deleted:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info("Deleted." if len(deleted) == 1 else f"{len(deleted)} runs deleted.", icon=":material/delete:")
        _bring_back_button(deleted, "Undo")


def _bring_back_button(digests: Sequence[str], label: str) -> None:
    if st.button(label, icon=":material/undo:"):
        for digest in digests:
            store().restore(digest)
        st.session_state[DELETED] = []
        st.rerun()


def _erase(picked: Sequence[RunRecord]) -> None:
    with st.popover("Remove for good", icon=":material/delete_forever:"):
        st.markdown("Their files go from the disk. Nothing brings them back.")
        if st.button(f"Remove {len(picked)} for good", type="primary"):
            for record in picked:
                store().erase(record.digest)
            st.session_state.pop("runs-table", None)
            st.rerun()


def compare(picked: Sequence[RunRecord]) -> None:
    """Curves of the picked runs in one chart, and the settings in which they differ."""
    lines = [Line(f"{i + 1}. {name_of(record)}", record.points) for i, record in enumerate(picked[:MOST_COMPARED])]
    measures = measures_of(lines)
    if measures:
        measure = st.segmented_control(
            "Show",
            measures,
            default=measures[0],
            required=True,
            format_func=lambda name: MEASURES[name][0],
            key="measure",
            bind="query-params",
        )
        dark = st.context.theme.type == "dark"
        epochs = max(record.request.schedule.epochs for record in picked)
        st.echarts_chart(
            curves_option(lines, measure or measures[0], epochs=epochs, dark=dark),
            key="compared-curves",
            height=curves_height(lines),
            alt=curves_alt(lines, measure or measures[0]),
        )
    if len(picked) > 1:
        st.subheader("Where they differ")
        table = differences(picked)
        if table.empty:
            st.caption("In nothing that was set.")
        else:
            st.dataframe(table, hide_index=True, alt="Settings in which the picked runs differ.")
    else:
        record = picked[0]
        st.caption(f"Id {record.digest}, {STATES[record.status]}." + _accuracy_words(record))


def _accuracy_words(record: RunRecord) -> str:
    best, last = record.summary.get("best_test_accuracy"), record.summary.get("last_test_accuracy")
    return "" if best is None or last is None else f" Test accuracy: last {percent(last)}, best {percent(best)}."


def differences(picked: Sequence[RunRecord]) -> pd.DataFrame:
    """One row a setting that is not the same in all runs, one column a run."""
    flat = [dict(flatten(to_plain(record.request))) for record in picked]
    names = list(dict.fromkeys(name for settings in flat for name in settings))
    rows = []
    for name in names:
        values = [settings.get(name, "–") for settings in flat]
        if any(value != values[0] for value in values):
            rows.append({"Setting": name} | {f"{i + 1}": str(value) for i, value in enumerate(values)})
    return pd.DataFrame(rows)
