"""The address of what is on the page."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st


def share_link() -> str:
    """The address of this page with all of its state."""
    base = (st.context.url or "").split("?")[0]
    state = urlencode(st.query_params.to_dict())
    return f"{base}?{state}" if state else base
