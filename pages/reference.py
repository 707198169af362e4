"""Words and sources: what the lab's words mean, and which paper each part comes from."""

import streamlit as st

from lab.ui.boot import enter_through_app
from lab.ui.reference import noise_models, sources, words

enter_through_app()
st.title("Words and sources")
st.markdown("What the lab’s words mean, what each kind of noise does, and where it all comes from.")
words()
noise_models()
sources()
