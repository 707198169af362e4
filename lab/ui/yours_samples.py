"""Sample files to try at once, each with wrong labels put into it on purpose."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from lab.experiments import uploads
from lab.ui.words import literal, sentence
from lab.ui.yours_state import SECTION, WRONG, arrive

SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples"


@lru_cache(maxsize=1)
def sample_list() -> list[dict[str, Any]]:
    """Of each sample: file, title, and a sentence on what is to be found in it."""
    return json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8"))


def samples() -> None:
    """A card for each."""
    columns = st.container(key="samples").columns(len(sample_list()))
    for column, one in zip(columns, sample_list(), strict=True):
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{literal(one['title'])}**")
            st.markdown(sentence(one["text"]))
            st.button("Try it", key=f"try-{one['file']}", on_click=_try, args=(one["file"],), icon=":material/science:")


def _try(file: str) -> None:
    st.session_state[SECTION] = WRONG
    arrive(uploads.keep((SAMPLES / file).read_bytes(), file))
