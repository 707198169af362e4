"""The lab in the browser: `uv run streamlit run app.py`. A router; nothing is computed here."""

from pathlib import Path

import streamlit as st

from lab.ui.address import settle
from lab.ui.boot import start_worker, tune_server
from lab.ui.navigation import page_links

ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_title="Noisy label lab", page_icon=str(ASSETS / "icon.svg"), layout="wide")
tune_server()
st.html(ASSETS / "lab.css")

pages = {
    "Learn": [
        st.Page(
            "pages/toy.py",
            title="Toy: boundaries under noise",
            icon=":material/bubble_chart:",
            url_path="start",
            default=True,
        ),
        st.Page("pages/toy.py", url_path="toy", visibility="hidden"),  # the address that one would guess
    ],
    "Experiment": [
        st.Page("pages/train.py", title="Train", icon=":material/model_training:", url_path="train"),
        st.Page("pages/runs.py", title="Runs", icon=":material/history:", url_path="runs"),
        st.Page("pages/noise.py", title="What noise does to labels", icon=":material/shuffle:", url_path="noise"),
        st.Page("pages/expected.py", title="Expected accuracy", icon=":material/query_stats:", url_path="expected"),
        st.Page("pages/map.py", title="Feature map", icon=":material/scatter_plot:", url_path="map"),
        st.Page("pages/repair.py", title="Can the labels be repaired?", icon=":material/healing:", url_path="repair"),
        st.Page(
            "pages/aggregates.py",
            title="Softmax or neighbours?",
            icon=":material/compare_arrows:",
            url_path="aggregates",
        ),
        st.Page("pages/inn.py", title="INN: which labels are wrong?", icon=":material/rule:", url_path="inn"),
        st.Page("pages/compare.py", title="kNN or kNet?", icon=":material/hub:", url_path="compare"),
    ],
    "Your data": [
        st.Page("pages/yours.py", title="Your data", icon=":material/upload_file:", url_path="yours"),
    ],
    "Reference": [
        st.Page("pages/reference.py", title="Words and sources", icon=":material/menu_book:", url_path="reference"),
    ],
}
page = st.navigation(pages, position="hidden")
page_links(pages)
settle(page.url_path)
page.run()
start_worker()
