"""A table whose words wrap, so that on a narrow page no column is cut off: for few lines and columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from lab.ui.words import literal


def wrapped_table(rows: Iterable[Mapping[str, Any]], *, key: str) -> None:
    """Lines under the names of the first; nothing in them is read as markup."""
    lines = [{literal(name): literal(str(value)) for name, value in row.items()} for row in rows]
    with st.container(key=f"wrapped-{key}"):
        st.table(pd.DataFrame(lines))
