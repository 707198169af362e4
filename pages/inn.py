"""INN and its rivals: which labels are wrong?"""

import streamlit as st

from lab.ui.boot import enter_through_app
from lab.ui.inn_view import show_page
from lab.ui.run_picker import choose_run

enter_through_app()
st.title("INN: which labels are wrong?", anchor=False)
st.markdown(
    "Fourteen detectors give every label a score; low means doubt. Drag a line and see what it catches and what it misses. "
    "*After the paper on integration with the nearest neighbours (INN), and its rivals.*"
)
if view := choose_run():
    show_page(view)
else:
    st.info("No finished training yet; train one first.")
