"""What does this noise do to the labels?"""

import streamlit as st

from lab.specs import LabelStudy
from lab.ui.jobs import finished_run, latest_run
from lab.ui.noise_data import remember_classes
from lab.ui.noise_models import label_study
from lab.ui.noise_study import show_study

st.title("What does this noise do to the labels?")
st.markdown("Pick a data set and a kind of noise, and see which labels change, into what, and where they sit.")

study = label_study()
run = finished_run(study) if study else None
if study is None:
    st.info("Something in the side bar cannot be done; the reason stands there. Below is the result before.")
shown = run or latest_run(LabelStudy)
if shown is not None:
    if remember_classes(shown.request.dataset, tuple(shown.metrics["classes"])):
        st.rerun()  # now that the classes are known, the side bar can name them
    show_study(shown)
