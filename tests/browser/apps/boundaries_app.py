"""A page with nothing but the component. Arguments: a payload file, a file that receives the edits (JSON lines)."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from lab.figures import field_payload
from lab.ui.boundaries import Edit, Highlight, Options, View, mount

payload_file, log_file = map(Path, sys.argv[1:3])
st.set_page_config(layout="wide")


def record(edit: Edit) -> None:
    with log_file.open("a") as log:
        log.write(json.dumps(asdict(edit)) + "\n")
    history = st.session_state.setdefault("history", [])
    if edit.action == "set":
        history.append(edit)
    elif edit.action == "reset":
        history.clear()
    elif history:
        history.pop()


@st.cache_data(max_entries=8)
def payload(history: tuple[tuple[tuple[int, ...], int], ...]) -> bytes:
    scene = field_payload.decode(payload_file.read_bytes())
    y_given, edited = scene.y_given.copy(), scene.edited.copy()
    for ids, label in history:
        y_given[list(ids)], edited[list(ids)] = label, True
    return field_payload.encode(
        field_payload.Scene(
            **{name: getattr(scene, name) for name in scene.__slots__} | {"y_given": y_given, "edited": edited}
        )
    )


@st.fragment
def lab() -> None:
    st.session_state.runs = st.session_state.get("runs", 0) + 1
    if st.button("Lesson: k = 1"):
        st.session_state.step = st.session_state.get("step", 0) + 1
    step = st.session_state.get("step", 0)
    options = Options(
        start=View(k=1 if step else int(st.query_params.get("k", 51)), view=st.query_params.get("view", "side")),
        revision=step,
        highlight=Highlight(x=0, y=0, radius=1) if step else None,
    )
    history = tuple((edit.ids, edit.label) for edit in st.session_state.get("history", []))
    result = mount(payload(history), key="field", options=options, on_edit=record)
    st.code(json.dumps({"k": result.k, "view": result.view, "layers": result.layers, "runs": st.session_state.runs}))


lab()
