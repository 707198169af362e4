"""A field for a whole number that is in the address bar."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import streamlit as st
from streamlit.runtime.state.query_params_proxy import get_session_state


def whole_number(label: str, *, value: int, key: str, place: Any = st, **look: Any) -> int:
    """`st.number_input` bound to the address; what stands there and is no number at all is left out of it.

    Args:
        place: where it is drawn, such as a column.
        look: further arguments of `st.number_input`.
    """
    _forget_infinity(key)
    return place.number_input(label, value=value, key=key, **({"step": 1, "bind": "query-params"} | look))


def _forget_infinity(key: str) -> None:
    """Streamlit 1.67 leaves out what is no number, but fails with an OverflowError where it makes an infinity whole."""
    with get_session_state().query_params() as params:
        written = params.get_initial_value(key) or ""
        with suppress(ValueError):
            if math.isinf(float(written if isinstance(written, str) else written[-1])):
                params._initial_query_params.pop(key)
                params.remove_param(key)
