"""What a page wrote into the address stands, also when an older request still carries what was there before."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from lab.ui import address

    if not st.session_state.get("figure alone", False):
        address.settle(st.session_state.get("on", "here"))
    address.write("k", st.session_state.get("k chosen", ""))
    for value in ("3", "4", "5", ""):
        st.button(f"set {value}", on_click=address.write, args=("step", value))
    st.text(address.read("step"))


@pytest.fixture
def test() -> AppTest:
    test = AppTest.from_function(page)
    test.query_params["step"] = "2"
    return test.run()


def press(test: AppTest, value: str) -> AppTest:
    return next(button for button in test.button if button.label.strip() == f"set {value}".strip()).click().run()


def said(test: AppTest) -> str:
    return test.text[0].value


def test_what_the_link_says_is_read(test: AppTest) -> None:
    assert said(test) == "2"


@pytest.mark.parametrize("late", ["2", "3", "4"])
def test_an_older_request_brings_nothing_back(test: AppTest, late: str) -> None:
    for value in ("3", "4", "5"):
        press(test, value)
    test.query_params["step"] = late
    test.run()
    assert said(test) == "5"
    assert test.query_params["step"] in ("5", ["5"])


def test_an_older_request_brings_nothing_back_when_a_figure_writes_something_else(test: AppTest) -> None:
    press(test, "4")
    test.query_params["step"] = "2"
    test.session_state["figure alone"], test.session_state["k chosen"] = True, "9"
    test.run()
    assert test.query_params["k"] in ("9", ["9"])
    assert test.query_params["step"] in ("4", ["4"])


def test_what_was_taken_out_stays_out(test: AppTest) -> None:
    press(test, "")
    assert "step" not in test.query_params
    test.query_params["step"] = "2"
    test.run()
    assert said(test) == ""
    assert "step" not in test.query_params


def test_a_value_that_never_stood_there_is_no_older_request(test: AppTest) -> None:
    press(test, "4")
    test.query_params["step"] = "7"
    test.run()
    assert said(test) == "7"


def test_once_the_browser_has_followed_a_link_back_is_followed_too(test: AppTest) -> None:
    press(test, "4")
    test.run()
    test.run()
    test.query_params["step"] = "2"
    test.run()
    assert said(test) == "2"


def test_another_page_begins_anew(test: AppTest) -> None:
    press(test, "4")
    test.session_state["on"] = "there"
    test.query_params["step"] = "2"
    test.run()
    assert said(test) == "2"
