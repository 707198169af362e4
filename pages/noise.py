"""What does this noise do to the labels?"""

import streamlit as st

from lab.ui.boot import enter_through_app
from lab.ui.jobs import finished_run
from lab.ui.noise_data import remember_classes
from lab.ui.noise_form import label_study
from lab.ui.noise_study import meanwhile, show_study

enter_through_app()
st.title("What does this noise do to the labels?")
st.markdown("Pick a data set and a kind of noise, and see which labels change, into what, and where they sit.")

study = label_study()
run = finished_run(study, patience=0.4) if study else None
shown = run or meanwhile(study)
if shown is not None:
    if remember_classes(shown.request.dataset, tuple(shown.metrics["classes"])):
        st.rerun()  # now that the classes are known, the side bar can name them
    show_study(shown)
