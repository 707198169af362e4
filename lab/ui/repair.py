"""The replay of label corrections: a scrubber over episodes, drawn in the browser, mounted from a page with one call.

    mount(payload, key="replay", start=Start("SelKNN", 4), on_change=...)

The page sends every episode once (lab.figures.repair_payload.encode); Python hears of method and episode when the
scrubber is let go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from lab.core.palette import COLOURS, COLOURS_DARK, ERROR, SHAPES

ASSETS = Path(__file__).resolve().parents[2] / "assets"
SCRIPTS = ("boundaries/theme", "repair/payload", "repair/flow", "repair/curves", "repair/component")


class Start(NamedTuple):
    """Method and episode: on first sight, or as the person left them."""

    method: str
    episode: int


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "lab_repair",
    html=_asset("repair/repair.html"),
    css=_asset("repair/repair.css"),
    js="\n".join(_asset(f"{name}.js") for name in SCRIPTS),
)


def mount(payload: bytes, *, key: str, start: Start, on_change: Callable[[], None]) -> None:
    """Show a replay; `chosen` then says where the person stands.

    Args:
        payload: from `lab.figures.repair_payload.encode`.
        start: where the scrubber stands on first sight; afterwards the person decides.
        on_change: called before the rerun after method or episode were chosen.
    """
    heading = {
        "palette": {"light": COLOURS, "dark": COLOURS_DARK, "shapes": SHAPES, "error": ERROR},
        "method": start.method,
        "episode": start.episode,
    }
    data = json.dumps(heading).encode() + b"\n" + payload
    _component(key=key, data=data, default={"state": None}, on_state_change=on_change)


def chosen(key: str, start: Start, methods: Collection[str]) -> Start:
    """The method and episode that were chosen last, if they are possible; else `start`."""
    state = st.session_state.get(key, {}).get("state")
    if not isinstance(state, Mapping) or state.get("method") not in methods:
        return start
    episode = state.get("episode")
    if isinstance(episode, bool) or not isinstance(episode, int) or episode < 0:
        return start
    return Start(state["method"], episode)
