"""First things first, where a page has more to draw than a browser draws in a second."""

from __future__ import annotations

import time

import streamlit as st


def draw_first(key: str, seconds: float) -> None:
    """Let the browser draw what it was sent so far before it gets the rest, once in a session.

    A browser that is given a whole page at once shows nothing before it has prepared all of it.
    """
    if key not in st.session_state:
        st.session_state[key] = True
        time.sleep(seconds)
