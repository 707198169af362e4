"""Health: what is to be seen of the labels before anyone decides about one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from lab.figures.noise import transition_alt, transition_heatmap
from lab.figures.yours import bars_height, class_bars
from lab.ui.words import literal, percent, sentence
from lab.ui.yours_study import Study

LEVELS = {
    "bad": (st.error, ":material/error:"),
    "look": (st.warning, ":material/visibility:"),
    "ok": (st.success, ":material/check_circle:"),
}
MOST_CLASSES = 40  # in a matrix
MOST_CONFUSIONS = 12


def show_health(study: Study) -> None:
    """Findings first, then the numbers they rest on."""
    health = study.metrics["health"]
    for level, (show, icon) in LEVELS.items():
        told = [
            f"**{literal(one['title'])}.** {sentence(one['text'])}"
            for one in health["findings"]
            if one["level"] == level
        ]
        if told:
            show("  \n".join(told), icon=icon)
    _numbers(study, health)
    left, right = st.container(key="two-health").columns([2, 3], gap="large")
    with left:
        st.subheader("Labels of each class", anchor=False)
        counts = np.array(health["balance"])
        st.echarts_chart(
            class_bars(counts, None, study.classes, dark=st.context.theme.type == "dark"),
            key="health-classes",
            height=bars_height(len(counts)),
            alt=f"{counts.sum():,} labels of {len(counts):,} classes, from {counts.min():,} to {counts.max():,} a class.",
        )
    with right:
        _matrix(study)
    _clusters(health["alarm"])


def _numbers(study: Study, health: dict[str, Any]) -> None:
    """Four numbers side by side."""
    copies = health["duplicates"]
    interval = health["rate_interval"]
    with st.container(horizontal=True, key="health-numbers"):
        st.metric(
            "Wrong labels, estimated",
            "unknown" if health["rate"] is None else percent(health["rate"]),
            " to ".join(map(percent, interval)) if interval else None,
            delta_color="off",
            delta_arrow="off",
            help="From how often neighbours disagree, without knowing one true label. The range is what chance alone explains.",
        )
        st.metric("Rows that are copies", f"{copies['rows']:,}", help=f"In {copies['groups']:,} groups of equal rows.")
        st.metric(
            "Groups with different labels",
            f"{copies['conflicting']:,}",
            help="Groups of equal rows whose labels differ: at least one label of each is wrong.",
        )
        st.metric(
            "Close to another label",
            f"{health['near_conflicts']:,}",
            help="Rows that lie unusually close to one of another label: one of the two labels may be wrong.",
        )
    if health["constant"]:
        named = ", ".join(literal(name) for name in health["constant"][:10])
        st.caption(f"Columns that never change and were left out: {named}.")


def _matrix(study: Study) -> None:
    """The estimated transition matrix, and its largest confusions with their intervals."""
    T = study.run.arrays.get("T")
    st.subheader("Which class is given as which?", anchor=False)
    if T is None:
        st.caption(
            "This cannot be estimated here: too few labels, too many classes, or nothing that tells who is near whom."
        )
        return
    if len(study.classes) <= MOST_CLASSES:
        figure = transition_heatmap(
            T.astype(float), study.classes, title="Estimated, in percent", dark=st.context.theme.type == "dark"
        )
        st.plotly_chart(
            figure,
            key="health-matrix",
            config={"displaylogo": False},
            alt=transition_alt(T.astype(float), study.classes, title="Estimated transition matrix"),
        )
    lines = list(confusions(study))
    if lines:
        st.dataframe(pd.DataFrame(lines), hide_index=True, key="health-confusions", height="content")
        st.caption(
            "The most frequent confusions, estimated without knowing the truth, with 95\N{NO-BREAK SPACE}% intervals."
        )


def confusions(study: Study) -> Iterator[dict[str, str]]:
    """The largest entries beside the diagonal."""
    arrays = study.run.arrays
    T = np.where(np.eye(len(arrays["T"]), dtype=bool), 0, np.nan_to_num(arrays["T"].astype(float)))
    for at in np.argsort(-T, axis=None, kind="stable")[:MOST_CONFUSIONS]:
        i, j = divmod(int(at), len(T))
        if T[i, j] < 0.005:
            return
        low, high = (float(arrays[name][i, j]) for name in ("T_low", "T_high"))
        yield {
            "True class": study.classes[i],
            "Given as": study.classes[j],
            "Share": percent(T[i, j]),
            "Interval": f"{percent(low)} to {percent(high)}",
        }


def _clusters(alarm: dict[str, Any]) -> None:
    if not alarm.get("clusters"):
        return
    st.subheader("Wrong labels that sit together", anchor=False)
    st.markdown(sentence(alarm["message"]))
    rows = [{"Given": one["given"], "Among": one["surrounding"], "Rows": one["size"]} for one in alarm["clusters"]]
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="health-clusters")
