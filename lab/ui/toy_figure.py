"""The toy's figure on the page: its view in the address bar, labels set by hand, and the table that follows k."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from lab.experiments import Run
from lab.specs import Toy, digest
from lab.ui import address
from lab.ui.boundaries import Edit, Options, View, mount, shown
from lab.ui.choices import renew
from lab.ui.edits import Edits, merge, read_edits, write_edits
from lab.ui.toy_results import numbers_table
from lab.ui.words import sentence

FIRST_VIEW = View(layers=("points", "wrong", "bayes"))
COMPONENT = "boundaries"
NUMBERS = "numbers"  # the fragment that speaks of k
VIEW, REVISION = "toy-view", "toy-view-revision"  # what the figure shows, and how often it was told what to show
DESK = "toy-edits"
TUPLES = ("layers", "panels")


def show_view(changes: dict[str, Any]) -> None:
    """Make the figure adopt a view: a lesson's step, or a link's."""
    known = {name: tuple(value) if name in TUPLES else value for name, value in changes.items()}
    st.session_state[VIEW] = replace(st.session_state.get(VIEW, FIRST_VIEW), **known)
    st.session_state[REVISION] = st.session_state.get(REVISION, 0) + 1


def read_linked_view() -> None:
    """Once per session: take the view from the address bar; what makes no sense there is left out."""
    if VIEW in st.session_state:
        return
    st.session_state[VIEW] = FIRST_VIEW
    for name in View.__slots__:
        if text := address.read(name):
            try:
                value: Any = tuple(text.split(",")) if name in TUPLES else int(text) if text.isdecimal() else text
                show_view({name: () if text == "none" else value})
            except (ValueError, TypeError):
                address.write(name, "")


def hand_set_labels(dataset: Toy) -> Edits:
    """The labels that were set by hand on this data set: on this session's desk, or at first in the address bar."""
    desk: dict[str, list[Edits]] = st.session_state.setdefault(DESK, {})
    key, n = digest(dataset), sum(dataset.class_counts)
    if not desk and (text := address.read("edits")):
        try:
            desk[key] = [read_edits(text, n, dataset.n_classes)]
        except ValueError as error:
            st.warning(sentence(error))
    edits = desk.setdefault(key, [()])[-1]
    address.write("edits", write_edits(edits, n))
    return edits


def toy_figure(run: Run, busy: bool) -> None:
    """The component, and below it the numbers at its k.

    Args:
        run: what to draw. busy: a newer run is being computed, so `run` is the one before.
    """
    options = Options(start=st.session_state[VIEW], revision=st.session_state.get(REVISION, 0), busy=busy)
    mount(
        run.arrays["payload"].tobytes(),
        key=COMPONENT,
        options=options,
        on_edit=lambda edit: _apply(edit, run.request.toy),
        on_view=partial(renew, NUMBERS),
    )

    @st.fragment(key=NUMBERS)
    def numbers() -> None:
        view = shown(COMPONENT, options)
        _write_view(view)
        numbers_table(run, min(view.k, len(run.metrics["accuracy"]["knn"])))

    numbers()


def _apply(edit: Edit, dataset: Toy) -> None:
    history: list[Edits] = st.session_state[DESK].setdefault(digest(dataset), [()])
    if edit.action == "undo":
        if len(history) > 1:
            history.pop()
    else:
        history.append(() if edit.action == "reset" else merge(history[-1], list(edit.ids), edit.label))


def _write_view(view: View) -> None:
    st.session_state[VIEW] = view
    for name in View.__slots__:
        value, default = getattr(view, name), getattr(FIRST_VIEW, name)
        text = (",".join(value) or "none") if name in TUPLES else str(value)
        address.write(name, "" if value == default else text)
