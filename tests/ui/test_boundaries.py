"""What crosses between the page and the decision-boundary component, without a browser."""

from __future__ import annotations

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from lab.ui import boundaries
from lab.ui.boundaries import Edit, Options, View

SEEN = View(k=7, view="fig2", panels=("network", "knn", "bayes"), field="probability", layers=(), curve="agreement")
STATE = {
    "k": 7,
    "view": "fig2",
    "panels": ["network", "knn", "bayes"],
    "field": "probability",
    "layers": [],
    "curve": "agreement",
    "revision": 2,
}


def page() -> None:
    import streamlit as st

    from lab.ui.boundaries import Options, View, mount

    result = mount(b"payload", key="field", options=Options(start=View(k=9), revision=2))
    st.write(f"k is {result.k}")


def test_a_mount_sends_the_bytes_once_and_the_options_beside_them() -> None:
    app = AppTest.from_function(page).run()
    field, options = (element.proto for element in app.get("bidi_component"))
    heading, _, scene = field.bytes.partition(b"\n")
    assert json.loads(heading)["name"] == "field"
    assert scene == b"payload"
    assert '"k": 9' in options.json
    assert field.js_content == options.js_content  # one module in the browser, so the two can meet


def test_an_echo_of_the_state_is_not_sent_back() -> None:
    def echoing() -> None:
        import streamlit as st

        from lab.ui.boundaries import Options, View, mount

        st.session_state.view = mount(b"", key="field", options=Options(start=st.session_state.get("view", View(k=9))))

    app = AppTest.from_function(echoing).run()
    before = app.get("bidi_component")[1].proto.json
    app.session_state["field"] = {"state": STATE | {"revision": 0}}
    app.run()
    assert app.session_state.view == SEEN
    assert app.run().get("bidi_component")[1].proto.json == before


def test_the_page_reads_what_the_browser_reported() -> None:
    app = AppTest.from_function(page).run()
    assert app.markdown[0].value == "k is 9"
    app.session_state["field"] = {"state": STATE}
    assert app.run().markdown[0].value == "k is 7"


def test_a_state_of_this_revision_is_taken_and_an_older_one_waits() -> None:
    assert boundaries._view(STATE, Options(revision=2)) == SEEN
    assert boundaries._view(STATE, Options(start=View(k=3), revision=3)) == View(k=3)


@pytest.mark.parametrize("junk", [None, 5, {}, STATE | {"k": 0}, STATE | {"k": "7"}, STATE | {"view": "<script>"}])
def test_a_state_that_is_none_leaves_the_start(junk: object) -> None:
    assert boundaries._view(junk, Options(start=View(k=3), revision=2)) == View(k=3)


def test_edits_come_in_order_and_junk_is_left_out() -> None:
    message = [
        {"n": 3, "undo": True},
        {"n": 2, "ids": [4, -1, "x"], "label": 1},
        {"n": "1", "reset": True},
        {"n": 4, "ids": 5, "label": 1},
        "edit",
    ]
    assert boundaries._edits(message) == [(2, Edit(action="set", ids=(4,), label=1)), (3, Edit(action="undo"))]
    assert boundaries._edits(None) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"k": 0}, "k must be an integer >= 1, got 0"),
        ({"view": "top"}, "view must be one of 'side', 'fig2', got 'top'"),
        ({"panels": ("knn",)}, "panels must be three methods"),
        ({"layers": ("fog",)}, "layers must be one of"),
    ],
)
def test_a_view_the_component_does_not_know_is_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        View(**wrong)


def test_every_part_of_the_script_is_shipped_and_none_names_twice() -> None:
    assert {path.stem for path in boundaries.ASSETS.glob("*.js")} == set(boundaries.SCRIPTS)
    names = re.findall(r"^(?:async )?(?:function|const|let) (\w+)", boundaries._JS, flags=re.M)
    assert len(names) == len(set(names))
    assert "innerHTML" not in re.sub(r"//.*", "", boundaries._JS)
