"""Toy: boundaries under noise. KNET Fig. 2, alive."""

import streamlit as st

from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.specs.presets import TOY
from lab.ui.boot import enter_through_app
from lab.ui.jobs import finished_run, latest_run, under_way
from lab.ui.lessons import lesson_card, open_linked_lesson
from lab.ui.take_home import take_home
from lab.ui.toy_controls import RESULT, hide_groups, toy_controls, toy_experiment
from lab.ui.toy_figure import hand_set_labels, read_linked_view, show_view, toy_figure
from lab.ui.toy_results import rate_strip, small_print, toy_files

enter_through_app()
st.title("Toy: boundaries under noise")
st.markdown(
    "Some labels are wrong. **kNN** asks the k nearest training points; **kNet** is a small network that learned to "
    "answer as they would. Drag k and watch both. *After Fig. 2 of the kNet paper (KNET).*"
)
hide_groups()
read_linked_view()
open_linked_lesson("toy", show_view)
lesson_card("toy", show_view)

toy_controls()


def last_seen() -> Run | None:
    return latest_run() or shipped(TOY.digest)


@st.fragment(key=RESULT)
def result() -> None:
    experiment = toy_experiment(hand_set_labels)
    run = finished_run(experiment) if experiment else None
    if shown := run or last_seen():
        rate_strip(shown)
        toy_figure(shown, busy=run is None and experiment is not None and under_way(experiment))
        small_print(shown)


result()
take_home(last_seen, toy_files)
