"""Train: a backbone on noisy labels, in the background."""

import streamlit as st

from lab.ui.boot import enter_through_app
from lab.ui.train_board import board
from lab.ui.train_form import experiment_form
from lab.ui.train_start import start_card

enter_through_app()
st.title("Train a network on noisy labels")
st.markdown(
    "Pick data, noise, a network and a loss. It trains in the background: leave the page, refresh it or open the link "
    "elsewhere, and it is still there. First the network learns what is right, then it learns the wrong labels by heart."
)
start = st.container(key="start-place")  # as high as its card, which comes after what is below it
board()
experiment = experiment_form()
with start:
    if experiment is not None:
        start_card(experiment)
    else:
        st.info("What the side bar asks for can not be trained; the reason stands there.", icon=":material/info:")
