"""First things first, where a page has more to draw than a browser draws in a second."""

from __future__ import annotations

import time

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType

SECONDS_BETWEEN_LOOKS = 0.02


def draw_first(key: str, seconds: float) -> None:
    """Let the browser draw what it was sent so far before it gets the rest, once in a session.

    A browser that is given a whole page at once shows nothing before it has prepared all of it. Somebody who presses
    something meanwhile is not kept waiting.
    """
    if key in st.session_state:
        return
    st.session_state[key] = True
    until = time.monotonic() + seconds
    while time.monotonic() < until and not _pressed():
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _pressed() -> bool:
    context = get_script_run_ctx()
    requests = context.script_requests if context is not None else None
    if requests is None or requests._state == ScriptRequestType.CONTINUE:
        return False
    return not requests._rerun_data.is_auto_rerun  # a fragment's clock
