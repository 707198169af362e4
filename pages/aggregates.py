"""Softmax or neighbours?: does a network answer what the labels around a sample say?"""

import streamlit as st

from lab.ui.aggregates_page import aggregates_page
from lab.ui.boot import enter_through_app

enter_through_app()
st.title("Softmax or neighbours?", anchor=False)
st.markdown(
    "Does a network trained on noisy labels answer what the labels around a sample say? Bars: the softmax of the test samples of "
    "each true class. *After Figs. 2, 7 and 8–13 of the paper on concentrated noise (DRO).*"
)
aggregates_page()
