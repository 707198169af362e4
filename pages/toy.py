"""Toy: boundaries under noise. KNET Fig. 2, alive."""

import streamlit as st

from lab.ui.jobs import finished_run, latest_run
from lab.ui.lessons import lesson_card, open_linked_lesson
from lab.ui.toy_controls import hide_groups, toy_experiment
from lab.ui.toy_figure import hand_set_labels, read_linked_view, show_view, toy_figure
from lab.ui.toy_results import rate_strip

st.title("Toy: boundaries under noise")
st.markdown(
    "Some labels are wrong. **kNN** asks the k nearest training points; **kNet** is a small network that learned to "
    "answer as they would. Drag k and watch both. *After Fig. 2 of the kNet paper (KNET).*"
)
hide_groups()
read_linked_view()
open_linked_lesson("toy", show_view)
lesson_card("toy", show_view)

experiment = toy_experiment(hand_set_labels)
run = finished_run(experiment) if experiment else None
if experiment is None:
    st.error("One of the controls holds something impossible; the reason stands beside it. Below is the run before.")
shown = run or latest_run()
if shown is not None:
    rate_strip(shown)
    toy_figure(shown, busy=run is None and experiment is not None)
