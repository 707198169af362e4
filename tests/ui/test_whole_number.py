"""A whole number in the address: what is none at all is left out, and the page opens."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from lab.ui.whole_number import whole_number

    st.write(whole_number("Epochs", value=60, key="epochs", place=st.sidebar))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *((junk, 60) for junk in ("INF", "-inf", "1e999", "infinity", "nan", "many", "", "[]")),
        ("7", 7),
        ("7.0", 7),
        ("-3", -3),
    ],
)
def test_what_stands_in_the_address_is_read_or_left_out(written: str, read: int) -> None:
    test = AppTest.from_function(page)
    test.query_params["epochs"] = written
    test.run()
    assert not test.exception
    assert test.number_input(key="epochs").value == read
    assert ("epochs" in test.query_params) == (read != 60)


def test_what_is_typed_later_stands() -> None:
    test = AppTest.from_function(page)
    test.query_params["epochs"] = "inf"
    test.run()
    test.number_input(key="epochs").set_value(12).run()
    assert test.number_input(key="epochs").value == 12
