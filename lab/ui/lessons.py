"""Guided mode: steps that set the controls, say what to look at, and ask before they tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import streamlit as st

from lab.ui import address

LESSONS = Path(__file__).parents[2] / "assets" / "lessons"
OFF = 0  # steps count from 1; the number is in the address bar
OPENED, BEFORE = "lesson-opened", "before-lesson"

Show = Callable[[dict[str, Any]], None]


@st.cache_resource
def load_lesson(name: str) -> dict[str, Any]:
    """A lesson of assets/lessons: title, and the controls of every step, and steps of title, set, view, look, question, choices, reveal."""
    return json.loads((LESSONS / f"{name}.json").read_text())


def lesson_card(name: str, show: Show) -> None:
    """The card of the current step, or the button that starts the lesson.

    Args:
        show: called with a step's `view` when the step begins; it makes the figure follow.
    """
    steps = load_lesson(name)["steps"]
    step = _current(len(steps))
    if step == OFF:
        label = f"Guided tour: {len(steps)} steps"
        st.button(label, icon=":material/school:", on_click=_go, args=(name, 1, show), key="tour")
        return
    here = steps[step - 1]
    with st.container(border=True, key="lesson"):
        st.markdown(f"**Step {step} of {len(steps)}: {here['title']}**")
        st.markdown(here["look"])
        answer = st.radio(here["question"], here["choices"], index=None, key=f"answer-{name}-{step}", horizontal=True)
        if answer is not None:
            st.info(here["reveal"], icon=":material/lightbulb:")
        with st.container(horizontal=True):
            st.button("Back", disabled=step == 1, on_click=_go, args=(name, step - 1, show), key="lesson-back")
            last = step == len(steps)
            st.button(
                "Next", disabled=last, on_click=_go, args=(name, step + 1, show), key="lesson-next", type="primary"
            )
            st.button("Leave the tour", on_click=_go, args=(name, OFF, show), key="lesson-leave")


def open_linked_lesson(name: str, show: Show) -> None:
    """Once per session: a link with `?step=3` opens the lesson there; what else the link says comes first.

    Runs before the controls are drawn.
    """
    if OPENED not in st.session_state:
        st.session_state[OPENED] = True
        if step := _current(len(load_lesson(name)["steps"])):
            _apply(load_lesson(name), step, show, keep=st.query_params.to_dict())


def _current(n_steps: int) -> int:
    return {str(step): step for step in range(1, n_steps + 1)}.get(address.read("step"), OFF)


def _go(name: str, step: int, show: Show) -> None:
    lesson = load_lesson(name)
    if step == OFF:
        address.write("step", "")
        st.session_state.update(st.session_state.pop(BEFORE, {}))
        return
    if _current(len(lesson["steps"])) == OFF:  # what the person had entered comes back after the tour
        st.session_state[BEFORE] = {key: st.session_state[key] for key in lesson["controls"] if key in st.session_state}
    address.write("step", str(step))
    _apply(lesson, step, show)


def _apply(lesson: dict[str, Any], step: int, show: Show, keep: Collection[str] = ()) -> None:
    here = lesson["steps"][step - 1]
    controls = lesson["controls"] | here["set"]
    st.session_state.update({key: value for key, value in controls.items() if key not in keep})
    show({key: value for key, value in here["view"].items() if key not in keep})
