"""A select box of things that come and go, such as finished runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lab.ui import address


def linked_select(label: str, names: Mapping[str, str], param: str, *, place: Any = st, **look: Any) -> str:
    """Which of them is chosen, by its key; the address holds it as `param`. The first where it names none of them.

    A widget bound to the address would forget a choice that is not there yet, or not any more.

    Args:
        names: of the things, by key; at least one.
        place: where it is drawn, such as a column.
        look: further arguments of `st.selectbox`.
    """
    key, asked = f"{param}-picked", address.read(param)
    st.session_state[key] = asked if asked in names else next(iter(names))
    picked: str = place.selectbox(
        label, list(names), format_func=names.__getitem__, key=key, on_change=_follow, args=(param, key), **look
    )
    return picked


def _follow(param: str, key: str) -> None:
    address.write(param, st.session_state[key])
