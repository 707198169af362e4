"""What if? More wrong labels, other noise levels, a few labels checked, a network trained again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import streamlit as st

from lab.core.device import predicted_device
from lab.experiments import Run
from lab.experiments.reviews import Review
from lab.figures import what_if
from lab.specs import UploadBudget, UploadForecast, UploadRetrain
from lab.specs.upload_training import retrain_seconds
from lab.ui.jobs import STOPPED, finished_run, was_asked
from lab.ui.whole_number import whole_number
from lab.ui.words import duration, percent, sentence, with_interval
from lab.ui.wrapped_table import wrapped_table
from lab.ui.yours_code import as_code
from lab.ui.yours_more import more_wrong
from lab.ui.yours_study import Study
from lab.ui.yours_tables import pick_detector

MORE, LEVELS, CHECK, AGAIN = (
    "More labels were wrong",
    "There were more or less noise",
    "I checked some labels",
    "I trained again",
)
QUESTIONS = (MORE, LEVELS, CHECK, AGAIN)
KS = (1, 3, 5, 11, 21, 51)
ALL, ONLY = "the detector’s flags and my decisions", "my decisions alone"


def show_what_if(study: Study, review: Review, name: str) -> None:
    """One question at a time. name: of the file."""
    questions = QUESTIONS if study.has_neighbors else (MORE, CHECK)
    asked = st.segmented_control(
        "What if", questions, default=MORE, required=True, key="ask", bind="query-params", label_visibility="collapsed"
    )
    if asked == LEVELS:
        return _levels(study, name)
    if asked == CHECK:
        return _check(study, name)
    if asked == AGAIN:
        return _again(study, review, name)
    return more_wrong(study, name)


def _dark() -> bool:
    return st.context.theme.type == "dark"


def _levels(study: Study, name: str) -> None:
    """The accuracy of a vote at other noise levels."""
    ks = st.multiselect(
        "Neighbours k that vote", KS, default=[1, 5, 11, 21], key="votes", bind="query-params", max_selections=6
    )
    if not ks:
        st.caption("Choose at least one k.")
        return
    request = UploadForecast(study=study.run.request, ks=tuple(sorted(ks)))
    run = finished_run(request, patience=2.0, stopped=STOPPED, lane=study.lane)
    if run is None:
        return
    m, arrays = run.metrics, run.arrays
    low, high = m["rate_interval"]
    now = (
        f"Estimated now: {percent(m['rate'])} wrong ({percent(low)} to {percent(high)})."
        if m["shape"] == "estimated"
        else "Hardly a label seems wrong now, so the noise is taken to be symmetric."
    )
    st.markdown(f"If labels were wrong in the same way, but more or less often: how often is the vote right? {now}")
    st.echarts_chart(
        what_if.bands(
            100 * arrays["rates"],
            arrays["low"],
            arrays["high"],
            100 * arrays["measured_rates"],
            arrays["measured"],
            [f"k = {k}" for k in m["ks"]],
            x_name="wrong labels, %",
            dark=_dark(),
        ),
        key="levels",
        height=400,
        alt="; ".join(
            f"k = {k}: from {percent(arrays['high'][i, 0])} without noise to {percent(arrays['low'][i, -1])} at "
            f"{percent(m['highest_rate'], 0)}"
            for i, k in enumerate(m["ks"])
        ),
    )
    st.caption(
        "Lines: expected by Theorem 1 of DRO, hopeful (solid) and cautious (dashed). Marks: real votes with labels drawn "
        "at that level, mean of the seeds."
    )
    for note in m["notes"]:
        st.caption(sentence(note))
    as_code(request, name)


def _check(study: Study, name: str) -> None:
    """What checking the b most suspect labels finds."""
    request = UploadBudget(study=study.run.request)
    run = finished_run(request, patience=2.0, stopped=STOPPED, lane=study.lane)
    if run is None:
        return
    m, arrays = run.metrics, run.arrays
    st.markdown(sentence(m["sentence"]))
    n = int(m["n"])
    rows = st.slider("Labels that I check", 0, n, min(n, max(10, m["n_wrong"])), key=f"budget-{n}", bind="query-params")
    for line in budget_lines(run, rows):
        st.markdown(line)
    lines = {one["title"]: _worlds(arrays, "found", i) for i, one in enumerate(m["detectors"])}
    charts = {"Wrong labels found": lines | {"in any order": (arrays["checked"] / n)[None]}}
    if "accuracy_cautious" in arrays:
        charts["The vote of ten neighbours is right"] = {
            one["title"]: _worlds(arrays, "accuracy", i) for i, one in enumerate(m["detectors"])
        }
    columns = st.container(key="two-budget").columns(len(charts), gap="large")
    for column, (title, drawn) in zip(columns, charts.items(), strict=True):
        with column:
            st.markdown(f"**{title}**")
            st.echarts_chart(
                what_if.curves(
                    arrays["checked"].astype(float), drawn, x_name="labels checked", dark=_dark(), mark=rows
                ),
                key=f"budget-{title}",
                height=320,
                alt=f"{title}, against labels checked. " + " ".join(budget_lines(run, rows)),
            )
    st.caption("Dashed: the cautious reading of what is known; solid: the hopeful one. The truth lies between them.")
    for note in m["notes"]:
        st.caption(sentence(note))
    as_code(request, name)


def _worlds(arrays: dict[str, np.ndarray], name: str, detector: int) -> np.ndarray:
    """The cautious and the hopeful curve of a detector, each the mean of its draws."""
    return np.stack([arrays[f"{name}_{world}"][detector].mean(axis=0) for world in ("cautious", "hopeful")])


def budget_lines(run: Run, rows: int) -> list[str]:
    """What checking so many labels should find, by each detector."""
    m, arrays = run.metrics, run.arrays
    told = []
    for i, one in enumerate(m["detectors"]):
        low, high = sorted(float(np.interp(rows, arrays["checked"], line)) for line in _worlds(arrays, "found", i))
        told.append(
            f"- By {one['title']}: {percent(low, 0)} to {percent(high, 0)} of the wrong labels, "
            f"{round(low * m['n_wrong']):,} to {round(high * m['n_wrong']):,} of about {m['n_wrong']:,}."
        )
    return told


def _again(study: Study, review: Review, name: str) -> None:
    """Trained on the labels as given, without the flagged ones, and on the corrected ones."""
    decisions = tuple((row, one.kind, one.label) for row, one in review.decisions.items())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        detector = pick_detector(study)
        by = st.segmented_control(
            "Clean by", [ALL, ONLY], default=ALL, required=True, key="clean-by", bind="query-params"
        )
        n_seeds = whole_number("Seeds", value=5, key="n-seeds", min_value=1, max_value=10, width=110)
    try:
        request = UploadRetrain(
            study=study.run.request,
            detector=detector,
            decisions=decisions,
            seeds=tuple(range(n_seeds)),
            only_decisions=by == ONLY,
        )
    except ValueError as error:
        st.error(sentence(error), icon=":material/error:")
        return
    place = st.empty()
    if not was_asked(request):
        with place.container():
            st.markdown(
                f"Three trainings for each of {n_seeds} seeds: on the labels as given, without the flagged ones, and on "
                "the corrected ones. The same rows are held out to judge all three." + _time_of(request, study)
            )
            if not st.button("Train", key="retrain", icon=":material/play_arrow:", type="primary"):
                return
        place.empty()
    run = finished_run(request, patience=0.5, stopped=STOPPED)
    if run is not None:
        _retrained(run)
        as_code(request, name)


def _time_of(request: UploadRetrain, study: Study) -> str:
    """What the trainings will take; nothing where there is nothing to learn from, which is said when they are asked for."""
    row = study.metrics["row"]
    if row is None:
        return ""
    seconds = retrain_seconds(request, study.n, tuple(row), len(study.classes), device=predicted_device())
    return f" About {duration(seconds)} if nothing else is computed."


def _retrained(run: Run) -> None:
    m = run.metrics
    for change in m["changes"]:
        show, icon = {
            "helps": (st.success, ":material/trending_up:"),
            "hurts": (st.error, ":material/trending_down:"),
        }.get(change["verdict"], (st.info, ":material/trending_flat:"))
        show(sentence(change["sentence"]), icon=icon)
    names = [one["title"] for one in m["arms"]]
    st.echarts_chart(
        what_if.seeds(run.arrays["accuracy"], names, dark=_dark()),
        key="retrained",
        height=240,
        alt="; ".join(f"{one['title']}: {with_interval(one['accuracy'])}" for one in m["arms"]),
    )
    wrapped_table(retrain_table(run), key="retrain")
    st.caption(
        f"{m['n_test']:,} of {m['n']:,} rows judge. About {m['n_flagged']:.0f} labels of the training rows are flagged, "
        f"{m['n_decided']:,} were decided by hand. Network: {m['backbone']}."
    )
    for note in m["notes"]:
        st.caption(sentence(note))


def retrain_table(run: Run) -> Iterator[dict[str, Any]]:
    """A line for each training."""
    for one in run.metrics["arms"]:
        yield {
            "Trained on": one["title"],
            "Rows": f"{one['n_train']:,.0f}",
            "Right on held-out rows": with_interval(one["accuracy"]),
            "Right on those that nobody flags": with_interval(one["trusted"]),
        }
