"""The ranked list of suspect labels: a component for keyboard and mouse, mounted from a page with one call.

The browser shows a decision at once and sends it, numbered, until it hears that the server has it: none is lost while
keys come faster than answers, and none counts twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from jaxtyping import Float32, Int, UInt8
from numpy import ndarray

from lab.experiments.reviews import KINDS, Decision, Review
from lab.figures.scatter_payload import encode_pictures
from lab.ui.choices import renew
from lab.ui.scatter import send

ASSETS = Path(__file__).resolve().parents[2] / "assets"
SCRIPTS = ("scatter/ids", "scatter/payload", "review/list", "review/component")


@dataclass(frozen=True, eq=False, slots=True)
class Listed:
    """The lines of the list, in order.

    rows: of the file. ranks: counted from 1, by the detector. given, suggested: classes. pictures: one a line; identity:
    of what they were read from.
    """

    classes: Sequence[str]
    rows: Int[ndarray, " m"]
    ranks: Int[ndarray, " m"]
    given: Int[ndarray, " m"]
    suggested: Int[ndarray, " m"]
    scores: Float32[ndarray, " m"]
    pictures: UInt8[ndarray, "m h w *channels"] | None = None
    identity: str = ""


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "lab_review",
    html=_asset("review/review.html"),
    css=_asset("boundaries/boundaries.css") + _asset("review/review.css"),
    js="\n".join(_asset(f"{name}.js") for name in SCRIPTS),
)


def review_list(listed: Listed, review: Review, *, key: str, focus: int) -> int:
    """Show the list; returns the file row that the person is at (`focus` before they move).

    Call it inside `st.fragment`. Decisions of the browser are taken over into `review` first, so that everything that
    is drawn below counts them.
    """
    state: Any = st.session_state.get(key, {}).get("state")
    client = hear(state, listed, review)
    body = json.dumps(
        {
            "classes": list(listed.classes),
            "rows": listed.rows.tolist(),
            "ranks": listed.ranks.tolist(),
            "given": listed.given.tolist(),
            "suggested": listed.suggested.tolist(),
            "scores": [round(float(score), 6) for score in listed.scores],
        }
    ).encode()
    name = f"{key}-list"
    heading = {"name": name, "key": hashlib.sha256(body).hexdigest()[:12], "focus": focus}
    first = st.session_state.setdefault(f"{key}.start.{heading['key']}", heading)  # a step in the list is not sent back
    with st.container(gap=None):
        data = json.dumps(first).encode() + b"\n" + body
        _component(key=key, data=data, default={"state": None}, on_state_change=renew)
        if listed.pictures is not None and len(listed.pictures):
            send(name, "pictures", _sheet(listed.identity, tuple(listed.rows.tolist()), listed.pictures))
        send(name, "now", _now(listed, review, client))
    at: Any = state.get("row") if isinstance(state, Mapping) else None
    return int(at) if _row(at) and at in listed.rows else focus


@st.cache_data(max_entries=4, show_spinner=False)
def _sheet(identity: str, rows: tuple[int, ...], _pictures: UInt8[ndarray, "m h w *channels"]) -> bytes:
    return encode_pictures(_pictures)


def forget_pictures(digest: str) -> None:
    """Keep nothing of an upload that is put away."""
    _sheet.clear()


def _now(listed: Listed, review: Review, client: str) -> dict[str, Any]:
    places = {name: i for i, name in enumerate(listed.classes)}
    decided, here = review.decisions, listed.rows.tolist()
    return {
        "decisions": [
            (row, decided[row].kind, places.get(decided[row].label or "", -1)) for row in here if row in decided
        ],
        "client": client,
        "heard": review.heard(client),
        "undo": review.undoable,
        "redo": review.redoable,
    }


def hear(state: object, listed: Listed, review: Review) -> str:
    """Take over what a browser has asked for since; what makes no sense is left out. Returns: who it is."""
    if not isinstance(state, Mapping) or not isinstance(state.get("client"), str) or len(state["client"]) > 40:
        return ""
    asked = state.get("asked")
    numbered = [
        (one["number"], one)
        for one in (asked if isinstance(asked, list) else [])
        if isinstance(one, Mapping) and _row(one.get("number"))
    ]
    rows = set(listed.rows.tolist())
    for one in review.hear(state["client"], numbered):
        act = one.get("act")
        if act == "undo":
            review.undo()
        elif act == "redo":
            review.redo()
        elif _row(one.get("row")) and one["row"] in rows and act in (*KINDS, "clear"):
            _decide(one["row"], act, one.get("label"), listed.classes, review)
    return state["client"]


def _decide(row: int, act: str, label: Any, classes: Sequence[str], review: Review) -> None:
    if act == "clear":
        review.decide({row: None}, how="list")
    elif act != "relabel":
        review.decide({row: Decision(act)}, how="list")
    elif _row(label) and label < len(classes):
        review.decide({row: Decision("relabel", classes[label])}, how="list")


def _row(value: Any) -> bool:
    """Whether it is a whole number from 0 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
