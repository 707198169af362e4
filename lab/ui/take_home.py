"""What a page gives to take home: the link to its state, the script that gives the same numbers, and files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lab.experiments import Run
from lab.specs.code import as_code
from lab.ui.share import share_link

PICTURE = "The picture: “Save picture” in the figure."


@dataclass(frozen=True, slots=True)
class File:
    """A download. label: of its button. make: called when that is pressed. name: with its ending. kind: media type."""

    label: str
    make: Callable[[], bytes | str]
    name: str
    kind: str


@st.fragment
def take_home(shown: Callable[[], Run | None], files: Callable[[Run], Sequence[File]], note: str = PICTURE) -> None:
    """Link, code and files, each in a window of its own.

    Args:
        shown: asked for the run when a window is opened; until then the buttons are the same for every run.
        files: of a run. note: said below them; "": nothing.
    """
    with st.container(horizontal=True):
        link = st.button(":material/link: Copy link", width="stretch")
        code = st.button(":material/code: As code", width="stretch")
        save = st.button(":material/download: Download", width="stretch")
    run = shown() if link or code or save else None
    if run is not None and link:
        _link_window()
    elif run is not None and code:
        _code_window(run)
    elif run is not None:
        _download_window(files(run), note)


@st.dialog("Copy link")
def _link_window() -> None:
    st.markdown("Opens this very state on another machine.")
    st.code(share_link(), language=None, wrap_lines=True)


@st.dialog("As code", width="medium")
def _code_window(run: Run) -> None:
    st.markdown("Runs without the browser and prints the same numbers.")
    st.code(as_code(run.request), language="python")


@st.dialog("Download")
def _download_window(files: Sequence[File], note: str) -> None:
    for file in files:
        st.download_button(file.label, file.make, file.name, file.kind, on_click="ignore", width="stretch")
    if note:
        st.caption(note)


def link_popover(words: str = "Opens this very state on another machine.") -> None:
    """The link behind a button, for a page that has its buttons in a row of other things."""
    with st.popover("Copy link", icon=":material/link:"):
        st.caption(words)
        st.code(share_link(), language=None, wrap_lines=True)


def code_popover(
    script: str, words: str = "Runs without the browser and prints the same numbers.", *, key: str | None = None
) -> DeltaGenerator:
    """The script behind a button; returns what is opened, for more of it."""
    popover = st.popover("As code", icon=":material/code:", key=key)
    with popover:
        st.caption(words)
        st.code(script, language="python", wrap_lines=True)
    return popover
