"""Runs: the history of all trainings."""

import streamlit as st

from lab.ui.boot import enter_through_app
from lab.ui.runs_table import runs_page

enter_through_app()
st.title("Runs")
st.markdown("Every training that was started here, finished or not. Nothing is lost when a page or the server closes.")
runs_page()
