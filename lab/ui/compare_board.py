"""The board of “kNN or kNet?”, a component: accuracy against k and one row, mounted from a page with one call.

The page sends one message (lab.figures.compare_payload.encode); dragging k then happens in the browser. Python hears of k
when it is let go, and of a row when it is chosen, whose message it then sends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from lab.core.palette import COLOURS, COLOURS_DARK, ERROR
from lab.figures.comparison import KNET, KNN, OTHER
from lab.ui.choices import renew

ASSETS = Path(__file__).resolve().parents[2] / "assets"
SCRIPTS = ("boundaries/theme", *(f"compare/{name}" for name in ("payload", "chart", "sample", "controls", "component")))
KEY = "comparison"
PLACES = (KNN, KNET, OTHER)
SHAPES = ("circle", "square", "diamond")


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "lab_compare",
    html=_asset("compare/compare.html"),
    css=_asset("compare/compare.css"),
    js="\n".join(_asset(f"{name}.js") for name in SCRIPTS),
)


def mount(payload: bytes, *, first_k: int) -> None:
    """Show the board; call it inside `st.fragment`, then a choice reruns the fragment only.

    Args:
        payload: the same bytes while board and row are the same; then nothing is sent again.
        first_k: k on first sight; afterwards it is the person's own.
    """
    k = st.session_state.setdefault(f"{KEY}.first-k", first_k)  # an echo of k is not sent back
    light, dark = ([shades[place] for place in PLACES] for shades in (COLOURS, COLOURS_DARK))
    palette = {"light": light, "dark": dark, "shapes": SHAPES, "error": ERROR}
    heading = {"palette": palette, "k": k, "revision": 0}
    data = json.dumps(heading).encode() + b"\n" + payload
    _component(key=KEY, data=data, default={"state": None}, on_state_change=renew)


def chosen(name: str, otherwise: int, low: int, high: int) -> int:
    """What the person let go of last: "k", or the "row"; `otherwise` while there is none, or it is junk."""
    state = st.session_state.get(KEY, {}).get("state")
    value = state.get(name) if isinstance(state, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        value = otherwise
    return int(min(max(value, low), high))
