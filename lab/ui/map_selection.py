"""What follows the selection on the maps: a table, pictures, a confusion matrix, and why one point stands where it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from jaxtyping import Int
from numpy import ndarray

from lab.core.spreadsheet import csv_text
from lab.experiments import Run
from lab.ui.map_points import AtK, confusion, same_neighbours, table_of
from lab.ui.map_study import map_title
from lab.ui.pictures import Picture, picture_list
from lab.ui.words import sentence

MOST_LINES, MOST_PICTURES = 1000, 48
CELL = 36  # pixels, so that ten classes stand side by side
LINE, TABLE = 35, 388  # pixels of a line, and of the table at most: as high as the matrix of ten classes


def show_selection(run: Run, view: AtK, ids: Int[ndarray, " s"]) -> None:
    """All of it, for the selected points `ids`; while none is selected, for the circled ones."""
    digest = run.request.digest
    circled = np.flatnonzero(np.any([ring.members for ring in view.rings], axis=0))
    listed, what = (ids, "selected") if len(ids) else (circled, "circled (nothing is selected)")
    wide, narrow = st.container(key="two-selected").columns(2, gap="medium")
    with wide:
        st.subheader(f"{len(listed):,} {'point' if len(listed) == 1 else 'points'} {what}", anchor=False)
        ticked = _table(run, view, listed, digest)
    with narrow:
        _matrix(run, view, ids, digest)
    if run.metrics["pictures"]:
        _pictures(run, view, listed)
    focus = ticked[0] if len(ticked) else (int(ids[0]) if len(ids) else None)
    _why(run, view, focus)


def _table(run: Run, view: AtK, listed: Int[ndarray, " s"], digest: str) -> list[int]:
    """One line a point; returns the points that are ticked in it."""
    import pandas as pd

    lines = listed[:MOST_LINES]
    event: Any = st.dataframe(
        pd.DataFrame(table_of(run, view, lines)),
        key=f"table-{digest}",
        hide_index=True,
        height=min(TABLE, LINE * (len(lines) + 1) + 3),
        on_select="rerun",
        selection_mode="multi-row",
    )
    ticked = [int(lines[row]) for row in event.selection.rows if row < len(lines)]
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Select the ticked ones on the maps", disabled=not ticked, key=f"take-{digest}"):
            _pick(run, ticked)
        st.download_button(
            "These points (CSV)",
            lambda: points_csv(run, view, listed),
            f"points-{digest}.csv",
            "text/csv",
            on_click="ignore",
            key=f"csv-{digest}",
        )
    if len(listed) > MOST_LINES:
        st.caption(f"The first {MOST_LINES:,} are listed; the file has them all.")
    return ticked


def points_csv(run: Run, view: AtK, ids: Int[ndarray, " s"]) -> bytes:
    """The table's columns for all of these points."""
    columns = table_of(run, view, ids)
    return csv_text(columns, zip(*columns.values(), strict=True)).encode()


def _pick(run: Run, ids: list[int]) -> None:
    """Make a selection on both maps."""
    key = f"picks-{run.request.digest}"
    st.session_state[key] = {"ids": tuple(ids), "revision": st.session_state[key]["revision"] + 1}
    st.rerun(scope="fragment")


def _matrix(run: Run, view: AtK, ids: Int[ndarray, " s"], digest: str) -> None:
    """True class by answer, of the selection or of all; a cell selects its points."""
    import pandas as pd

    classes, side = run.metrics["classes"], 0
    st.subheader("True class by answer", anchor=False)
    if len(view.answerers) == 2:
        name = st.segmented_control(
            "Answer of",
            view.answerers,
            default=view.answerers[0],
            required=True,
            key=f"answer-{digest}",
            label_visibility="collapsed",
        )
        side = view.answerers.index(name or view.answerers[0])
    counts = confusion(view, side, len(classes), ids if len(ids) else None)
    shown = pd.DataFrame(counts, index=pd.Index(classes, name="true"), columns=classes)
    event: Any = st.dataframe(
        shown,
        key=f"matrix-{digest}-{side}",
        on_select="rerun",
        selection_mode="single-cell",
        height="content",
        column_config=dict.fromkeys(["_index", *classes], st.column_config.Column(width=CELL))
        if len(classes) <= 12
        else None,
    )
    of = "the selection" if len(ids) else f"all {len(view.y_true):,} points"
    st.caption(f"Of {of}; row: true class, column: answer. A cell selects its points on the maps.")
    cell, done = tuple(map(tuple, event.selection.cells)), f"cell-{digest}-{side}"
    if cell and cell != st.session_state.get(done):
        st.session_state[done] = cell
        row, column = cell[0]
        answered = view.answers[side] == classes.index(column)
        _pick(run, np.flatnonzero((view.y_true == row) & answered).tolist())
    st.session_state[done] = cell


def _pictures(run: Run, view: AtK, listed: Int[ndarray, " s"]) -> None:
    classes, pictures = run.metrics["classes"], run.arrays["pictures"]
    shown = []
    for i in listed[:MOST_PICTURES]:
        answers = " / ".join(classes[answer[i]] for answer in view.answers[: len(view.answerers)])
        wrong = any(answer[i] != view.y_true[i] for answer in view.answers)
        shown.append(Picture(pictures[i], f"{classes[view.y_true[i]]} → {answers}", wrong, f"point {i}"))
    picture_list(shown)
    more = f" The first {MOST_PICTURES} of {len(listed):,}." if len(listed) > MOST_PICTURES else ""
    st.caption(f"True class → answer of the {' / the '.join(view.answerers)}.{more}")


def _why(run: Run, view: AtK, focus: int | None) -> None:
    """The nearest neighbours among the features of one point, with picture, label and distance."""
    st.subheader("Why is it there?", anchor=False)
    if focus is None:
        st.markdown(
            "Click on a point, or tick a line of the table: its nearest neighbours among the features come here."
        )
        return
    classes, arrays = run.metrics["classes"], run.arrays
    st.markdown(
        f"Point {focus}, row {arrays['rows'][focus]} of the data, true class **{sentence(classes[view.y_true[focus]])[:-1]}**. "
        "Its nearest training rows, by distance among the features, not on the map:"
    )
    sides = ("left",) if same_neighbours(run.request) else ("left", "right")
    for column, side in zip(st.columns(len(sides)), sides, strict=True):
        with column:
            _neighbours(run, view, focus, side)


def _neighbours(run: Run, view: AtK, focus: int, side: str) -> None:
    classes, arrays = run.metrics["classes"], run.arrays
    source = getattr(run.request, side)
    near = arrays.get(f"{side}_near", arrays["left_near"])[focus].astype(int)
    dist = arrays.get(f"{side}_dist", arrays["left_dist"])[focus]
    true, given = people(run, side)
    column = run.metrics["ks"].index(view.k)
    vote = classes[arrays[f"{side}_votes"][focus, column]]
    st.markdown(f"**{map_title(source)}.** The vote of {view.k} says **{sentence(vote)[:-1]}**.")
    captions = [f"{classes[given[i]]}, {d:.3g}" for i, d in zip(near, dist, strict=True)]
    if run.metrics["pictures"]:
        picture_list(
            Picture(arrays["pictures"][i], words, bool(given[i] != true[i]), f"given {words}, true {classes[true[i]]}")
            for i, words in zip(near, captions, strict=True)
        )
        st.caption("Given label, distance. Dashed: the given label is wrong.")
    else:
        st.markdown(
            "\n".join(
                f"1. {sentence(words)} True class: {sentence(classes[true[i]])}"
                for i, words in zip(near, captions, strict=True)
            )
        )


def people(run: Run, side: str) -> tuple[ndarray, ndarray]:
    """True and given class of everybody that `near` can name; a test row has no given label but its own."""
    arrays = run.arrays
    mine = arrays.get("y_given", arrays["y_true"])
    given = arrays["cast_given"]
    if side == "right":
        mine, given = arrays.get("right_y_given", mine), arrays.get("right_cast_given", given)
    return np.concatenate([arrays["y_true"], arrays["cast_true"]]), np.concatenate([mine, given])
