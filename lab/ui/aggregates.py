"""The component of single samples, softmax beside neighbours' labels, mounted from a page with one call.

The page sends the samples once (lab.figures.pairs_payload.encode); dragging K or the sample then happens in the browser.
Python hears of a sample when it is let go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from lab.core.checks import require
from lab.core.palette import COLOURS, COLOURS_DARK, ERROR, SHAPES

ASSETS = Path(__file__).resolve().parents[2] / "assets"
SCRIPTS = ("boundaries/theme", "aggregates/payload", "aggregates/charts", "aggregates/component")


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "lab_pairs",
    html=_asset("aggregates/aggregates.html"),
    css=_asset("aggregates/aggregates.css"),
    js="\n".join(_asset(f"{name}.js") for name in SCRIPTS),
)


def mount(payload: bytes, *, key: str, identity: str, row: int, on_row: Callable[[], None]) -> None:
    """Show samples; `row_of` then says which one is looked at.

    Args:
        payload: from `lab.figures.pairs_payload.encode`.
        key: unique on the page, without "__".
        identity: of the samples; while it stays, the person's choices in the browser stay too.
        row: the sample on first sight, by its number in the data set; any other number is the first in order.
        on_row: called before the rerun after a sample was chosen.
    """
    require("__" not in key, "key", "without '__'", key)
    first = st.session_state.get(f"{key}.first")
    if first is None or first[0] != identity:  # an echo of a row is not sent back
        first = st.session_state[f"{key}.first"] = (identity, row)
    heading = {
        "palette": {"light": COLOURS, "dark": COLOURS_DARK, "shapes": SHAPES, "error": ERROR},
        "identity": identity,
        "row": first[1],
    }
    data = json.dumps(heading).encode() + b"\n" + payload
    _component(key=key, data=data, default={"row": None}, on_row_change=on_row)


def row_of(key: str) -> int | None:
    """The sample chosen last; None while none was."""
    state = st.session_state.get(key, {})
    row = state.get("row") if isinstance(state, Mapping) else None
    return row if isinstance(row, int) and not isinstance(row, bool) and row >= 0 else None
