"""Why one label was flagged: what its neighbours carry, what each detector says, and how its loss went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from jaxtyping import Int
from numpy import ndarray

from lab.experiments import Run
from lab.figures.inn import line_chart
from lab.ui.pictures import Picture, picture_list
from lab.ui.words import literal
from lab.ui.wrapped_table import wrapped_table
from lab.ui.yours_study import Study

MOST_VOTES = 4  # classes named in a sentence


def show_why(study: Study, detector: str, place: int, rows_run: Run | None) -> None:
    """Everything about the label at one place, but the rows around it; for those see `show_rows`."""
    row, given = int(study.rows[place]), int(study.y_given[place])
    suggested = int(study.suggested(detector)[place])
    st.subheader(f"Why row {row}?", anchor=False)
    other = "" if suggested == given else f", suggested {quoted(study, suggested)}"
    st.markdown(f"Given {quoted(study, given)}{other}. {votes_words(study, place)}")
    _pictures(study, detector, place, rows_run)
    wrapped_table(verdicts(study, place), key="why-verdicts")
    _losses(study, place)


def quoted(study: Study, c: int) -> str:
    """A class name in quotes, with nothing in it read as markup."""
    return f"“{literal(study.classes[c])}”"


def near(study: Study, place: int) -> Int[ndarray, " k"]:
    """The places nearest to one, nearest first; none where rows have no features."""
    found = study.run.arrays.get("neighbors")
    return np.empty(0, dtype=np.int64) if found is None else found[place][found[place] >= 0]


def votes_words(study: Study, place: int) -> str:
    """What the neighbours carry, in a sentence."""
    around = study.y_given[near(study, place)]
    if not len(around):
        return "This file has no features, so there are no neighbours to look at."
    counts = np.bincount(around)
    order = [int(c) for c in np.argsort(-counts, kind="stable") if counts[c]]
    told = ", ".join(f"{counts[c]} carry {quoted(study, c)}" for c in order[:MOST_VOTES])
    return f"Of its {len(around)} nearest rows, {told}" + (
        ", the others other labels." if len(order) > MOST_VOTES else "."
    )


def verdicts(study: Study, place: int) -> Iterator[dict[str, Any]]:
    """What each detector says of the label."""
    for one in study.detectors:
        name, score = one["name"], study.score(one["name"])
        yield {
            "Detector": one["title"],
            "Says": _says(study, name, place) if study.called(name)[place] else "right",
            f"Rank of {study.n:,}": f"{int((score < score[place]).sum()) + 1:,}",
        }


def _says(study: Study, name: str, place: int) -> str:
    suggested = int(study.suggested(name)[place])
    return "wrong" if suggested == study.y_given[place] else f"“{study.classes[suggested]}”"


def _around(study: Study, place: int, rows_run: Run) -> tuple[list[int], list[str], Int[ndarray, " k"]]:
    """Of a label and its nearest: their rows of the file, their given labels, and where `rows_run` has them."""
    places = (place, *near(study, place))
    rows = [int(study.rows[p]) for p in places]
    given = [study.classes[int(study.y_given[p])] for p in places]
    return rows, given, np.searchsorted(rows_run.request.rows, rows)


def _pictures(study: Study, detector: str, place: int, rows_run: Run | None) -> None:
    """This row and its nearest, where they are pictures."""
    if rows_run is None or "pictures" not in rows_run.arrays:
        return
    rows, given, at = _around(study, place, rows_run)
    called = study.called(detector)[[place, *near(study, place)]]
    words = ["this row: " + given[0], *(f"{i}: {name}" for i, name in enumerate(given[1:], 1))]
    picture_list(
        Picture(rows_run.arrays["pictures"][i], said, bad, f"row {row}, {said}")
        for i, said, bad, row in zip(at, words, called.tolist(), rows, strict=True)
    )
    name = f" This row is {literal(rows_run.metrics['names'][at[0]])}." if rows_run.metrics["names"] else ""
    st.caption(f"This row and its nearest, with their given labels. Dashed: called wrong.{name}")


def show_rows(study: Study, place: int, rows_run: Run | None) -> None:
    """What the file says in this row and in its nearest; row and label stay in sight beside many columns."""
    if rows_run is None or "pictures" in rows_run.arrays:
        return
    rows, given, at = _around(study, place, rows_run)
    columns, cells = rows_run.metrics["columns"], rows_run.metrics["cells"]
    table = pd.DataFrame([cells[i] for i in at], columns=columns)
    table = table.drop(columns=[name for name in columns if name == study.metrics["label"]])
    table.insert(0, "given label", given)
    if len(rows) > 1:
        dist = study.run.arrays["neighbor_dist"][place]
        table.insert(1, "distance", ["this row", *(f"{d:.3g}" for d in dist[: len(rows) - 1])])
    table.insert(0, "row", rows)
    stays = st.column_config.Column(pinned=True)
    st.dataframe(
        table, hide_index=True, key="why-rows", height="content", column_config={"row": stays, "given label": stays}
    )
    if len(rows) > 1:
        by = "what the networks answer" if study.run.request.space == "network" else "the columns that are used"
        st.caption(f"Row {rows[0]} and its nearest, by {by}.")


def _losses(study: Study, place: int) -> None:
    losses = study.run.arrays.get("losses")
    if losses is None:
        return
    mine = losses[:, place].astype(float)
    same = losses[:, study.y_given == study.y_given[place]].astype(float)
    lines = {"this label": mine.round(3).tolist(), "median of its class": np.median(same, axis=1).round(3).tolist()}
    st.markdown("**Its loss while a network learnt**")
    st.echarts_chart(
        line_chart(
            list(range(1, len(losses) + 1)),
            lines,
            x_name="epoch",
            y_name="",
            dark=st.context.theme.type == "dark",
            low=0,
            high=None,
        ),
        key="why-losses",
        height=220,
        alt="; ".join(f"{name}: {values}" for name, values in lines.items()),
    )
    st.caption("A network learns right labels early; a wrong one keeps a high loss for long.")
