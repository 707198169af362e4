"""Expected accuracy: how many wrong labels can a vote of neighbours take?"""

import streamlit as st

from lab.ui.boot import enter_through_app
from lab.ui.forecast_figures import figure_buttons
from lab.ui.forecast_form import forecast_form
from lab.ui.forecast_view import meanwhile, show_forecast
from lab.ui.jobs import finished_run
from lab.ui.noise_data import remember_classes

enter_through_app()
st.title("Expected accuracy", anchor=False)  # its link would stand on a line of its own on a telephone
st.markdown(
    "How many wrong labels can a vote of K neighbours take? Drag the noise level: the lines are what theory expects, the "
    "dots are real neighbours. *After Figs. 1, 3 and 4 of the paper on concentrated noise (DRO).*"
)
forecast = forecast_form()
figure_buttons(forecast)
run = finished_run(forecast, patience=0.4) if forecast else None
shown = run or meanwhile(forecast)
if shown is not None:
    if remember_classes(shown.request.dataset, tuple(shown.metrics["classes"])):
        st.rerun()  # now that the classes are known, the side bar can name them
    show_forecast(shown)
