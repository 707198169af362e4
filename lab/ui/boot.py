"""What the server does once."""

from __future__ import annotations

import gc
import sys
import threading

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from lab.experiments import engine

SECONDS_A_TURN = 0.001
SECONDS_TO_DRAW = 2.0  # whoever asks for something earlier starts the worker by that


@st.cache_resource
def tune_server() -> bool:
    """What a class of 30 feels.

    Everything imported so far goes out of the garbage collector's sight, so that a collection costs milliseconds. And
    threads take turns after 1 ms instead of 5: an answer crosses from a script's thread to the server's several times.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SECONDS_A_TURN)
    return True


@st.cache_resource
def start_worker() -> bool:
    """Bring up the worker, once the browser has had time to draw the first page: both need the same cores."""
    later = threading.Timer(SECONDS_TO_DRAW, engine.start)
    later.daemon = True
    later.start()
    return True


def enter_through_app() -> None:
    """Send a server's very first visitor, who came by a link to a page of pages/, round by app.py.

    Until app.py has called `st.navigation` once, Streamlit runs such a page by itself, without title and menu.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.html("<script>window.location.reload()</script>", unsafe_allow_javascript=True)
        st.stop()
