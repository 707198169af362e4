"""The accuracy-against-noise component: curves that hold every level, mounted from a page with one call.

    level = forecast.mount(payload, key="curves", start=Start(0.4, revision=0))

The page sends the curves once (lab.figures.forecast_payload.encode); dragging the level and reading values then happen
in the browser. Python hears of a level when it is let go.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from lab.core.checks import require
from lab.core.palette import COLOURS, COLOURS_DARK, ERROR, SHAPES

ASSETS = Path(__file__).resolve().parents[2] / "assets"
SCRIPTS = ("boundaries/theme", "forecast/payload", "forecast/chart", "forecast/controls", "forecast/component")
LINES = (0, 5, 2, 3, 4, 1, 7)  # of the palette, without yellow, which no line shows on white


class Start(NamedTuple):
    """The level on first sight. Afterwards the person decides, until the revision changes: then it is adopted again."""

    level: float
    revision: int = 0


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "lab_forecast",
    html=_asset("forecast/forecast.html"),
    css=_asset("forecast/forecast.css"),
    js="\n".join(_asset(f"{name}.js") for name in SCRIPTS),
)


def mount(payload: bytes, *, key: str, start: Start, on_level: Callable[[], None]) -> None:
    """Show curves; `level_of` then says at which level they are read.

    Args:
        payload: curves from `lab.figures.forecast_payload.encode`; the same bytes while the curves are the same.
        key: unique on the page, without "__".
        on_level: called before the rerun after a level was let go. `partial(renew, "name of a fragment")` makes that
            fragment the only one to run.
    """
    require("__" not in key, "key", "without '__'", key)
    first = st.session_state.get(f"{key}.start")
    if first is None or first.revision != start.revision:  # an echo of a level is not sent back
        first = st.session_state[f"{key}.start"] = start
    colours = [[shades[i] for i in LINES] for shades in (COLOURS, COLOURS_DARK)]
    heading = {
        "palette": {"light": colours[0], "dark": colours[1], "shapes": SHAPES, "error": ERROR},
        "level": first.level,
        "revision": first.revision,
    }
    data = json.dumps(heading).encode() + b"\n" + payload
    _component(key=key, data=data, default={"state": None}, on_state_change=on_level)


def level_of(key: str, start: Start, highest: float) -> float:
    """The level that the person let go last, within [0, highest]; `start` while there is none of this revision."""
    state = st.session_state.get(key, {}).get("state")
    level: object = start.level
    if isinstance(state, Mapping) and state.get("revision") == start.revision:
        level = state.get("level")
    if isinstance(level, bool) or not isinstance(level, (int, float)) or not math.isfinite(level):
        level = start.level
    return round(min(max(level, 0.0), highest), 3)
