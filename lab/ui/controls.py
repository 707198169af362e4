"""Controls that a button sets all at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st


def set_controls(controls: Mapping[str, Any], names: Mapping[str, Mapping[Any, str]]) -> None:
    """In a callback: give widgets that are in the address bar their values.

    Streamlit 1.67 writes what code gave to a widget into the address only where the widget was drawn before; where it comes
    only now, it is written here, and its link opens what is shown.

    Args:
        controls: values by key, of widgets that will be drawn.
        names: what the options of a select box are called, by its key.
    """
    new = {key: names.get(key, {}).get(value, value) for key, value in controls.items() if key not in st.session_state}
    st.session_state.update(controls)
    st.query_params.update(
        {key: f"{value:g}" if isinstance(value, float) else str(value) for key, value in new.items()}
    )
