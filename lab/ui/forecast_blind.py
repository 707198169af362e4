"""What somebody without clean labels could say at a level: the estimated noise, and the forecast that follows from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.figures.effective_k import what_if_alt, what_if_figure
from lab.figures.noise import transition_alt, transition_heatmap
from lab.noise import MatrixNoise
from lab.specs import BlindForecast
from lab.ui import jobs
from lab.ui.forecast_table import is_spread
from lab.ui.jobs import finished_run, latest_run
from lab.ui.words import percent

SPREAD = "At concentration 0 this is flip noise: choose the kind “Flip” in the side bar, and it can be estimated."
PLACED = "Noise that sits in one place agrees with itself: from the given labels alone it is not seen."
ASKED = "blind-asked"  # digest of the estimate that this session asked for

EXPLAINED = (
    "Counted: how often the vote hits the training rows’ own given labels, corrected by the estimated matrix, with its "
    "95 % interval. It takes nothing for granted about the labels around a sample, but speaks of this one level only, and "
    "under strong noise of little more than chance, as the interval shows; where the matrix reads too much noise, it reads "
    "too high. Forecast, from cautious to hopeful: Theorem 1 with the estimated matrix, which can be asked about other levels "
    "too. Cautious: the given labels around each sample, corrected by the matrix; hopeful: all neighbours of the right "
    "class. **With few neighbours and much noise both read too low:** chance among the labels around a sample looks like "
    "classes that overlap, and the label that is taken for the right one is wrong more often. The last two columns need "
    "clean labels and are there to compare."
)


def blind_section(run: Run, level: float) -> None:
    """The estimate at a level, once it was asked for; until then the latest of the same forecast."""
    st.subheader("And without clean labels?")
    if not isinstance(run.request.noise, MatrixNoise):
        st.markdown(SPREAD if is_spread(run.request.noise) else PLACED)
        return
    request = BlindForecast(forecast=run.request, level=level)
    found = _asked_for(request)
    if found is None:
        before = latest_run(BlindForecast)
        found = before if before is not None and before.request.forecast == run.request else None
    if found is not None:
        _show(found)


def _asked_for(request: BlindForecast) -> Run | None:
    digest = request.digest
    if not shipped(digest) and not jobs.find(digest) and st.session_state.get(ASKED) != digest:
        st.button(
            f"Estimate the noise at γ = {request.level:g} from the given labels",
            icon=":material/visibility_off:",
            on_click=st.session_state.update,
            args=({ASKED: digest},),
            help="Takes a few seconds.",
        )
        return None
    return finished_run(request, patience=0.4)


def _show(found: Run) -> None:
    m = found.metrics
    low, high = m["rate_interval"]
    st.markdown(
        f"At γ = {found.request.level:g}: estimated from the given labels alone, **{percent(m['rate'])}** of them are wrong "
        f"(95 % interval {percent(low)} to {percent(high)}); in truth {percent(m['true_rate'])} are. The interval is that of chance "
        "alone: where classes overlap, samples of another class are taken for noise and it reads too high."
    )
    st.markdown(table_of(found))
    st.caption(EXPLAINED)
    if st.toggle("What if there were more noise; and the matrices", key="blind-more", bind="query-params"):
        _what_if_and_matrices(found)


def _what_if_and_matrices(found: Run) -> None:
    m, a = found.metrics, found.arrays
    low, high = m["rate_interval"]
    dark = st.context.theme.type == "dark"
    st.plotly_chart(
        what_if_figure(a["what_if"], k=m["k"], rate=m["rate"], interval=(low, high), dark=dark),
        key=f"what-if-{found.request.digest}-{dark}",
        alt=what_if_alt(a["what_if"], k=m["k"]),
    )
    classes = m["classes"]
    with st.container(key="matrices"):
        columns = zip(st.columns(2), ("T_estimate", "T"), ("Estimated matrix", "True matrix"), strict=True)
        for column, name, title in columns:
            column.plotly_chart(
                transition_heatmap(a[name], classes, title=title, dark=dark),
                key=f"{name}-{found.request.digest}-{dark}",
                alt=transition_alt(a[name], classes, title=title),
            )
    off = float(np.abs(a["T_estimate"] - a["T"]).mean())
    st.caption(
        f"Read from {int(a['anchors'].sum()):,} anchor samples; entries are off by {100 * off:.1f} points on average."
    )


def table_of(found: Run) -> str:
    """The table as text."""
    lines = [
        "| K | Forecast, % | 95 % interval | Counted, % | True matrix, % | Real votes, % |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for row in found.metrics["rows"]:
        forecast, interval = (f"{100 * low:.1f} – {100 * high:.1f}" for low, high in (row["forecast"], row["interval"]))
        truth, measured = (f"{100 * row[name]:.1f}" for name in ("with_truth", "measured"))
        lines.append(f"| {row['k']} | {forecast} | {interval} | {_counted(row)} | {truth} | {measured} |")
    return "\n".join(lines)


def _counted(row: dict[str, Any]) -> str:
    if row.get("against_given") is None:  # a matrix that can not be inverted, or a run of an older lab
        return "—"
    value, low, high = row["against_given"]
    return f"{100 * value:.1f} ({100 * low:.0f}–{100 * high:.0f})"
