"""The way from page to page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.navigation.page import Page


def page_links(sections: Mapping[str, Sequence[Page]]) -> None:
    """The pages by section, at the top of the side bar.

    In place of Streamlit's own list, which puts sections between the items of one HTML list: screen readers stumble.
    """
    with st.sidebar, st.container(key="pages", gap=None):
        for section, pages in sections.items():
            st.caption(section)
            for page in pages:
                if page.visibility == "visible":
                    st.page_link(page)
