"""Guided mode: steps that set the controls, say what to look at, and ask before they tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

LESSONS = Path(__file__).parents[2] / "assets" / "lessons"
OFF = 0  # steps count from 1; the number is in the address bar


@st.cache_resource
def load_lesson(name: str) -> dict[str, Any]:
    """A lesson of assets/lessons: title, and steps of title, set, view, look, question, choices, reveal."""
    return json.loads((LESSONS / f"{name}.json").read_text())


def lesson_card(name: str, show: Any) -> None:
    """The card of the current step, or the button that starts the lesson.

    Args:
        show: called with a step's `view` when the step begins; it makes the figure follow.
    """
    lesson = load_lesson(name)
    steps = lesson["steps"]
    step = _current(len(steps))
    if step == OFF:
        st.button(
            f"Guided tour: {len(steps)} steps", icon=":material/school:", on_click=_go, args=(name, 1, show), key="tour"
        )
        return
    here = steps[step - 1]
    with st.container(border=True, key="lesson"):
        st.markdown(f"**Step {step} of {len(steps)}: {here['title']}**")
        st.markdown(here["look"])
        answer = st.radio(here["question"], here["choices"], index=None, key=f"answer-{name}-{step}", horizontal=True)
        if answer is not None:
            st.info(here["reveal"], icon=":material/lightbulb:")
        back, forward, leave = st.columns([1, 1, 1], width=420)
        back.button("Back", disabled=step == 1, on_click=_go, args=(name, step - 1, show), key="lesson-back")
        forward.button(
            "Next",
            disabled=step == len(steps),
            on_click=_go,
            args=(name, step + 1, show),
            key="lesson-next",
            type="primary",
        )
        leave.button("Leave the tour", on_click=_go, args=(name, OFF, show), key="lesson-leave")


def open_linked_lesson(name: str, show: Any) -> None:
    """Once per session: a link with `?step=3` opens the lesson there. Runs before the controls are drawn."""
    steps = load_lesson(name)["steps"]
    if "lesson-opened" not in st.session_state:
        st.session_state["lesson-opened"] = True
        if step := _current(len(steps)):
            _apply(steps[step - 1], show)


def _current(n_steps: int) -> int:
    text = st.query_params.get("step", "")
    return int(text) if text.isdecimal() and 1 <= int(text) <= n_steps else OFF


def _go(name: str, step: int, show: Any) -> None:
    if step == OFF:
        st.query_params.pop("step", None)
        return
    st.query_params["step"] = str(step)
    _apply(load_lesson(name)["steps"][step - 1], show)


def _apply(step: dict[str, Any], show: Any) -> None:
    for key, value in step["set"].items():
        st.session_state[key] = value
    show(step["view"])
