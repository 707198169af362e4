"""What runs again after a choice in a figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.session_state_proxy import get_session_state


def renew(*fragments: str) -> None:
    """Run the named fragments alone after a choice in a component, or else what Streamlit would. For its callback.

    A browser sends all changes of the same moment in one request, and Streamlit 1.67 asks there for the component's
    fragment alone even if a control of the page is among them: then the whole page runs, or that choice would show
    nothing until the next.

    Args:
        fragments: their keys.
    """
    context = get_script_run_ctx()
    running = (context.fragment_ids_this_run or []) if context is not None else []
    if any(fragment not in running for fragment in _changed_controls()):
        if running:
            st.rerun()
    elif fragments:
        st.rerun(list(fragments))


def _changed_controls() -> Iterator[str | None]:
    """The fragment, or None for the page, of every control that this request has changed."""
    state: Any = get_session_state()._state
    for name in state._new_widget_state:
        metadata = state._new_widget_state.widget_metadata.get(name)
        figure = metadata is None or metadata.presenter is not None  # figures have callbacks of their own
        if not figure and state._widget_changed(name):
            yield metadata.fragment_id
