"""What if more labels were wrong? Noise is put on them, and every detector is asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import streamlit as st

from lab.experiments import Run
from lab.figures import what_if
from lab.specs import UploadInjection
from lab.ui.jobs import STOPPED, finished_run
from lab.ui.words import percent, sentence, with_interval
from lab.ui.wrapped_table import wrapped_table
from lab.ui.yours_code import as_code
from lab.ui.yours_noise import noise_for, type_matrix, types_a_matrix
from lab.ui.yours_study import Study


def more_wrong(study: Study, name: str) -> None:
    """Labels made wrong on purpose: who finds them, and what they cost. name: of the file."""
    left, right = st.container(key="two-more").columns([1, 2], gap="medium")
    below = st.container()
    with left:
        st.markdown("**Make more labels wrong, of this kind**")
        try:
            noise = noise_for(study)
        except ValueError as error:
            st.error(sentence(error), icon=":material/error:")
            return
    if types_a_matrix():
        with right:
            type_matrix(study)
    if noise is None:
        return
    with below if types_a_matrix() else right:
        request = UploadInjection(study=study.run.request, noise=noise)
        run = finished_run(request, patience=2.0, stopped=STOPPED, lane=study.lane)
        if run is not None:
            _injected(run)
            as_code(request, name)


def _injected(run: Run) -> None:
    m, arrays = run.metrics, run.arrays
    best = next(one for one in m["detectors"] if one["name"] == m["best"])
    st.markdown(
        f"**{percent(m['injected']['mean'])}** of the labels were made wrong. Looking at as many of the most suspect, "
        f"“{best['title']}” finds **{percent(best['found']['mean'])}** of them."
    )
    if m["accuracy_after"]:
        st.markdown(
            f"The vote of ten neighbours agrees with {percent(m['accuracy_before'])} of the labels as given, and with "
            f"{percent(m['accuracy_after']['mean'])} after it. " + _alarm_words(m)
        )
    shown = sorted(range(len(m["detectors"])), key=lambda i: -m["detectors"][i]["found"]["mean"])[:7]
    lines = {m["detectors"][i]["title"]: arrays["curves"][i][None] for i in shown}
    st.echarts_chart(
        what_if.curves(100 * arrays["checked"], lines, x_name="rows checked, %", dark=st.context.theme.type == "dark"),
        key="injected",
        height=340,
        alt="Share of the injected labels found against rows checked. "
        + "; ".join(f"{name}: half of them after {_half(arrays['checked'], line[0])}" for name, line in lines.items()),
    )
    wrapped_table(injection_table(run), key="injection")
    st.caption(
        "Found: the share of what was made wrong among as many of the most suspect labels. By verdict: among those that the "
        "detector calls wrong. AUC: how often it ranks a wrong label below a right one."
    )
    for note in m["notes"]:
        st.caption(sentence(note))


def _half(checked: np.ndarray, line: np.ndarray) -> str:
    return percent(float(np.interp(0.5, line, checked)), 0)


def _alarm_words(m: dict[str, Any]) -> str:
    after = m["alarm_after"]
    if after is None:
        return ""
    return (
        "The alarm for wrong labels that sit together stays silent."
        if after == 0
        else f"The alarm for wrong labels that sit together sounds in {percent(after, 0)} of the draws."
    )


def injection_table(run: Run) -> Iterator[dict[str, Any]]:
    """A line for each detector, the best one first."""
    for one in sorted(run.metrics["detectors"], key=lambda one: -one["found"]["mean"]):
        yield {
            "Detector": one["title"],
            "Found": with_interval(one["found"]),
            "By verdict": with_interval(one["recall"]),
            "Called wrong": with_interval(one["flagged"]),
            "AUC": f"{one['auroc']['mean']:.3f}",
        }
