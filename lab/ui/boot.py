"""What the server does once."""

from __future__ import annotations

import gc

import streamlit as st

from lab.experiments import engine


@st.cache_resource
def freeze_heap() -> bool:
    """Put everything imported so far out of the garbage collector's sight, so that a collection costs milliseconds."""
    gc.collect()
    gc.freeze()
    return True


@st.cache_resource
def start_worker() -> bool:
    """Bring up the worker. Called after the first page is drawn, because importing its client takes seconds."""
    engine.start()
    return True
