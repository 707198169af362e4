"""The component of score distributions with a line to drag, mounted from a page with one call."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from lab.core.palette import COLOURS, COLOURS_DARK, ERROR, SHAPES

ASSETS = Path(__file__).resolve().parents[2] / "assets"
SCRIPTS = ("boundaries/theme", "inn/payload", "inn/counts", "inn/chart", "inn/readings", "inn/component")


class Chosen(NamedTuple):
    """What the person has chosen: the lines by detector, the detector in focus, and a sample (-1: none)."""

    cuts: Mapping[str, float]
    focus: str
    sample: int


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "lab_inn",
    html=_asset("inn/inn.html"),
    css=_asset("inn/inn.css"),
    js="\n".join(_asset(f"{name}.js") for name in SCRIPTS),
)


def mount(payload: bytes, *, key: str, digest: str, start: Chosen, on_choice: Callable[[], None]) -> None:
    """Show distributions; `chosen` then says what was chosen in them.

    Args:
        payload: from `lab.figures.inn_payload.encode`.
        digest: of the study; while it stays, lines survive a change of the detectors shown.
        on_choice: called before the rerun after a line was let go or a sample was picked.
    """
    first = st.session_state.setdefault(f"{key}.start.{digest}", start)  # an echo of a choice is not sent back
    heading = {
        "palette": {"light": COLOURS, "dark": COLOURS_DARK, "shapes": SHAPES, "error": ERROR},
        "key": hashlib.sha256(payload).hexdigest()[:12],
        "digest": digest,
        "cuts": dict(first.cuts),
        "focus": first.focus,
        "sample": first.sample,
    }
    data = json.dumps(heading).encode() + b"\n" + payload
    _component(key=key, data=data, default={"state": None}, on_state_change=on_choice)


def chosen(key: str, digest: str, start: Chosen) -> Chosen:
    """What the person chose last in this study; `start` while there is nothing, or nothing that makes sense."""
    state: Any = st.session_state.get(key, {}).get("state")
    if not isinstance(state, Mapping) or state.get("digest") != digest:
        return start
    told, focus, sample = state.get("cuts"), state.get("focus"), state.get("sample")
    cuts = {str(name): float(cut) for name, cut in told.items() if _number(cut)} if isinstance(told, Mapping) else {}
    row = int(sample) if sample is not None and _number(sample) else -1
    return Chosen(dict(start.cuts) | cuts, focus if isinstance(focus, str) else start.focus, row)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
