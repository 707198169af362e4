"""A page with nothing but the scatter. Argument: a folder with the messages that the test wrote."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import streamlit as st

from lab.ui.scatter import MapView, Options, mount

folder = Path(sys.argv[1])
st.set_page_config(layout="wide")
size = st.query_params.get("set", "small")


def message(name: str) -> bytes:
    return (folder / size / name).read_bytes()


@st.fragment
def lab() -> None:
    state = st.session_state
    state.runs = state.get("runs", 0) + 1
    with st.container(horizontal=True):
        for name in ("frame", "other", "python", "single"):
            if st.button(name):
                state[name] = state.get(name, 0) + 1
    maps = [
        MapView(
            title="Backbone, penultimate layer",
            places=message(f"left{state.get('frame', 0) % 2}.bin"),
            note="perplexity 30, seed 0, final KL 0.75, trustworthiness .992",
        ),
        MapView(title="kNet, hidden layer", places=message("right.bin"), note="perplexity 30, seed 0, final KL 0.81"),
    ]
    pictures = folder / size / "pictures.bin"
    revision = state.get("python", 0)
    shown = mount(
        message(f"points{state.get('other', 0) % 2}.bin"),
        maps[: 1 if state.get("single", 0) % 2 else 2],
        key="map",
        options=Options(ids=(1, 2, 3) if revision else (), revision=revision),
        pictures=pictures.read_bytes() if pictures.exists() else None,
    )
    said = {"runs": state.runs, "colour": shown.colour, "hidden": shown.hidden, "n": len(shown.ids), "at": time.time()}
    st.code(json.dumps(said | {"ids": shown.ids[:4000].tolist()}))


lab()
