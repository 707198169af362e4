"""Your data: bring a file, see what is wrong with its labels, decide, and take it home."""

import streamlit as st

from lab.ui.boot import enter_through_app
from lab.ui.yours_in import header, open_upload
from lab.ui.yours_page import show_sections

enter_through_app()
st.title("Your data", anchor=False)
opened = open_upload()
if opened is not None:
    header(opened)
    show_sections(opened)
