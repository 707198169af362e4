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
from lab.ui.yours_study import Study

MOST_VOTES = 4  # classes named in a sentence


def show_why(study: Study, detector: str, place: int, rows_run: Run | None) -> None:
    """Everything about the label at one place."""
    row, given = int(study.rows[place]), int(study.y_given[place])
    suggested = int(study.suggested(detector)[place])
    st.subheader(f"Why row {row}?", anchor=False)
    other = "" if suggested == given else f", suggested {quoted(study, suggested)}"
    st.markdown(f"Given {quoted(study, given)}{other}. {votes_words(study, place)}")
    _neighbours(study, detector, place, rows_run)
    st.dataframe(pd.DataFrame(verdicts(study, place)), hide_index=True, height="content", key="why-verdicts")
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
        suggested = int(study.suggested(name)[place])
        yield {
            "Detector": one["title"],
            "Says": "wrong" if study.called(name)[place] else "right",
            "Rank": f"{int((score < score[place]).sum()) + 1:,} of {study.n:,}",
            "Would give": study.classes[suggested] if study.called(name)[place] else "–",
        }


def _neighbours(study: Study, detector: str, place: int, rows_run: Run | None) -> None:
    if rows_run is None:
        return
    around = near(study, place)
    dist = study.run.arrays["neighbor_dist"][place] if len(around) else []
    rows = [int(study.rows[p]) for p in (place, *around)]
    given = [study.classes[int(study.y_given[p])] for p in (place, *around)]
    at = np.searchsorted(rows_run.request.rows, rows)
    if "pictures" in rows_run.arrays:
        called = study.called(detector)
        words = ["this row: " + given[0], *(f"{i}: {name}" for i, name in enumerate(given[1:], 1))]
        picture_list(
            Picture(rows_run.arrays["pictures"][i], said, bad, f"row {row}, {said}")
            for i, said, bad, row in zip(at, words, called[[place, *around]].tolist(), rows, strict=True)
        )
        name = f" This row is {literal(rows_run.metrics['names'][at[0]])}." if rows_run.metrics["names"] else ""
        st.caption(f"This row and its nearest, with their given labels. Dashed: called wrong.{name}")
        return
    columns, cells = rows_run.metrics["columns"], rows_run.metrics["cells"]
    table = pd.DataFrame([cells[i] for i in at], columns=columns)
    table = table.drop(columns=[name for name in columns if name == study.metrics["label"]])
    table.insert(0, "given label", given)
    if len(around):
        table.insert(1, "distance", ["this row", *(f"{d:.3g}" for d in dist[: len(around)])])
    table.insert(0, "row", rows)
    st.dataframe(table, hide_index=True, key="why-rows", height="content")
    if len(around):
        by = "what the networks answer" if study.run.request.space == "network" else "the columns that are used"
        st.caption(f"This row and its nearest, by {by}.")


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
