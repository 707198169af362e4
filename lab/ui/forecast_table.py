"""How exact a forecast is at one level: theory, simulation and real votes side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.noise import Concentrated, Noise
from lab.specs import ForecastCheck
from lab.ui import jobs
from lab.ui.jobs import finished_run, latest_run
from lab.ui.words import percent, sentence

ASKED = "check-asked"  # digest of the check that this session asked for
PATIENCE = 0.4  # seconds before progress is drawn

Cell = Callable[[dict[str, Any]], str]


def exactness_table(run: Run, level: float) -> None:
    """The table at a level, once it was asked for; until it is there, the latest of the same curves.

    Without data, noise with a place has none: its curve is 1 − γ or a mixture, and there is nothing to simulate.
    """
    if not run.request.has_data and isinstance(run.request.noise, Concentrated):
        return
    check = ForecastCheck(forecast=run.request, level=level)
    st.subheader("How exact is it?")
    found = _asked_for(check)
    if found is None:
        before = latest_run(ForecastCheck)
        found = before if before is not None and before.request.forecast == run.request else None
    if found is not None:
        st.markdown(
            f"At noise level γ = {found.request.level:g}, in percent, and the difference from the first column."
        )
        st.markdown(table_of(found))
        st.caption(sentence(explained(found)))


def _asked_for(check: ForecastCheck) -> Run | None:
    """The check, if it is known or was asked for; else a button that asks. It takes a worker seconds, and a drag is quick."""
    digest = check.digest
    if not shipped(digest) and not jobs.find(digest) and st.session_state.get(ASKED) != digest:
        st.button(
            f"Simulate{' and measure' if check.forecast.has_data else ''} at γ = {check.level:g}",
            icon=":material/fact_check:",
            on_click=st.session_state.update,
            args=({ASKED: digest},),
            help="Takes a few seconds.",
        )
        return None
    return finished_run(check, patience=PATIENCE)


def table_of(check: Run) -> str:
    """The table as text: a kilobyte, and read out as a table."""
    columns = _columns(check)
    rows = check.metrics["rows"]
    head = ["K", *columns]
    lines = ["| " + " | ".join(head) + " |", "|--:" * len(head) + "|"]
    for i, row in enumerate(rows):
        shown = [cell(row | {"measured": check.arrays["measured"][:, i]} if "measured" in check.arrays else row)
                 for cell in columns.values()]  # fmt: skip
        lines.append(f"| {row['k']} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _columns(check: Run) -> dict[str, Cell]:
    forecast = check.request.forecast
    measured = {"Real neighbours": lambda row: _mean_of(row["measured"], row["drawn"])}
    has_place = isinstance(forecast.noise, Concentrated)
    columns: dict[str, Cell] = {"Curve" if has_place else "Theorem 1": lambda row: percent(row["drawn"])}
    if has_place:
        if forecast.seeds and not is_spread(forecast.noise):
            columns |= {"Place known": lambda row: _beside(row["by_region"], row["drawn"])}
        return columns | (measured if forecast.seeds else {})
    simulated: dict[str, Cell] = {"Theorem 1, simulated": lambda row: _simulated(row["simulated"], row["drawn"])}
    if not forecast.has_data:
        return columns | simulated
    if forecast.clean_from != "neighbours":
        columns |= {"From the neighbours": lambda row: _beside(row["theorem"], row["drawn"])}
    kept: dict[str, Cell] = {"Clean labels kept": lambda row: _simulated(row["conditional"], row["drawn"])}
    return columns | simulated | kept | (measured if forecast.seeds else {})


def _beside(value: float, first: float, error: float | None = None) -> str:
    difference = 100 * (value - first)
    sign = "−" if difference < -0.05 else "+"
    spread = "" if error is None else f" ± {100 * error:.1f}"
    return f"{percent(value)} ({sign}{abs(difference):.1f}{spread})".replace(
        " ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"
    )


def _simulated(found: list[float], first: float) -> str:
    value, error = found
    return _beside(value, first, error)


def _mean_of(draws: np.ndarray, first: float) -> str:
    error = float(draws.std(ddof=1) / np.sqrt(len(draws))) if len(draws) > 1 else None
    return _beside(float(draws.mean()), first, error)


def is_spread(noise: Noise) -> bool:
    """Whether it is the end of the dial at which noise has no place."""
    return isinstance(noise, Concentrated) and noise.concentration == 0


def explained(check: Run) -> str:
    """What the columns are."""
    forecast, m = check.request.forecast, check.metrics
    real = "" if not forecast.seeds else "Real neighbours: one noisy training set serves all test samples. "
    errors = "±: one standard error."
    if not forecast.has_data:
        return (
            "Theorem 1 (Eq. 2) is the curve. Simulated: the same by drawing votes, so that chance alone differs. How far real "
            f"neighbours are from it takes data. {errors}"
        )
    if isinstance(forecast.noise, Concentrated):
        line = f"1 − γ is {percent(1 - check.request.level)}"
        if is_spread(forecast.noise):
            return f"{line}. At concentration 0 wrong labels are spread over the class: the curve is Theorem 1. {real}{errors}"
        known = f", {percent(m['outside'])} of the test samples lie outside the noisy places" if "outside" in m else ""
        return (
            f"{line}{known}. Place known: the same mixture, with the places as they were "
            f"drawn and the test samples that lie in them (DRO §3.4, sharpened). {real}{errors}"
        )
    assumed = {
        "onehot": "The first column takes all neighbours to be of the right class, the others take their clean labels as they are. ",
        "softmax": "The first column takes the network’s softmax for their clean labels, the others take these as they are. ",
    }.get(forecast.clean_from, "")
    return (
        f"Theorem 1 (Eq. 2) is the curve. {assumed}Simulated: the same by drawing votes, so that chance alone differs. Clean "
        "labels kept: every neighbour keeps its own clean label and only the noise is drawn; what this differs by is the "
        f"paper’s approximation, which draws the clean labels too. {real}{errors}"
    )
