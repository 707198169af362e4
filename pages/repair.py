"""Can the labels be repaired? Corrections of KED and its rivals, episode by episode."""

import streamlit as st

from lab.ui.boot import enter_through_app
from lab.ui.repair_choice import choose
from lab.ui.repair_figures import show_figures
from lab.ui.repair_jobs import finished_studies, missing_studies
from lab.ui.repair_view import results_table, show_repairs

enter_through_app()
st.title("Can the labels be repaired?", anchor=False)
st.markdown(
    "A network learns from wrong labels, its neighbours outvote some of them, and a new network learns from what came out. "
    "Drag the episode and watch right labels come back, and new mistakes come in. *After Tables 1 and 2 and Figs. 3 to 6 of "
    "the paper on deep neighbours (KED).*"
)
choice = choose()
if choice is not None:
    runs = finished_studies(choice.studies)
    missing_studies(choice.studies, runs)
    if runs:
        show_repairs(choice, runs)
        results_table(choice, runs)
show_figures()
