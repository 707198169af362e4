"""What a page itself keeps in the address bar, besides the widgets that are bound to it.

A browser sends the address it shows along with every request. A request that was under way when a page wrote a value
still carries the value of before, and Streamlit takes it for the newest: a figure that speaks up while a button is
pressed would undo the button. Here a value that the page has replaced itself does not come back by such a request.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

WRITTEN, PAGE, RUNS = "address-written", "address-page", "address-runs"
REMEMBERED = 8  # values that a name had before; requests are under way for less than a second


@dataclass(frozen=True, slots=True)
class _Written:
    value: str
    before: tuple[str, ...]
    run: int


def read(name: str) -> str:
    """What the address says of a name; "" if nothing."""
    now = str(st.query_params.get(name, ""))
    written = _written().get(name)
    return written.value if written is not None and now in written.before else now


def number(name: str, otherwise: int) -> int:
    """A whole number, from 0, that the address says; `otherwise` if it says none."""
    text = read(name)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else otherwise


def write(name: str, value: str) -> None:
    """Put a value into the address, or take the name out by ""; nothing is sent if that is what stands there."""
    known = read(name)
    if known != value:
        written = _written().get(name)
        before = (*(written.before if written is not None else ()), known)[-REMEMBERED:]
        kept = tuple(each for each in before if each != value)
        _written()[name] = _Written(value, kept, st.session_state.get(RUNS, 0))
    _put(name, value)
    _restore()  # what is sent is the whole address, with what an older request brought back


def settle(page: str) -> None:
    """Begin a run of the whole page: what an old request undid is put back, what the browser has taken over is done with.

    The browser's own Back and Forward, and a link to another page, are no old requests: there the address is right.
    """
    run = st.session_state[RUNS] = st.session_state.get(RUNS, 0) + 1
    context = get_script_run_ctx()
    travelled = context is not None and context.is_history_navigation
    if travelled or st.session_state.get(PAGE) != page:
        st.session_state[PAGE] = page
        _written().clear()
    undone = _restore()
    for name, written in list(_written().items()):
        if name not in undone and written.run < run - 1:  # else this run's own callback may have written it
            del _written()[name]


def _restore() -> list[str]:
    """Put back what an older request undid, and say what that was."""
    undone = [name for name, written in _written().items() if st.query_params.get(name, "") in written.before]
    for name in undone:
        _put(name, _written()[name].value)
    return undone


def _put(name: str, value: str) -> None:
    if value and st.query_params.get(name) != value:
        st.query_params[name] = value
    elif not value and name in st.query_params:
        st.query_params.pop(name)


def _written() -> dict[str, _Written]:
    found: dict[str, _Written] = st.session_state.setdefault(WRITTEN, {})
    return found
