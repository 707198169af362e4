"""What crosses between the page and the accuracy component, without a browser."""

from __future__ import annotations

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from lab.ui import forecast


def page() -> None:
    import streamlit as st

    from lab.ui.forecast import Start, level_of, mount

    start = Start(st.session_state.get("asked", 0.4), st.session_state.get("revision", 0))
    mount(b"curves", key="curve", start=start, on_level=lambda: None)
    st.write(f"at {level_of('curve', start, 0.6):g}")


def heading(app: AppTest) -> dict:
    head, _, payload = app.get("bidi_component")[0].proto.bytes.partition(b"\n")
    assert payload == b"curves"
    return json.loads(head)


def test_a_mount_sends_where_to_start_and_the_colours_of_the_lab() -> None:
    told = heading(AppTest.from_function(page).run())
    assert (told["level"], told["revision"]) == (0.4, 0)
    assert "#F0E442" not in told["palette"]["light"]  # yellow, which no line shows on white
    assert len(told["palette"]["light"]) == len(told["palette"]["dark"]) == 7


def test_a_level_let_go_is_read_and_not_sent_back() -> None:
    app = AppTest.from_function(page).run()
    before = app.get("bidi_component")[0].proto.bytes
    app.session_state["curve"] = {"state": {"level": 0.1234567, "revision": 0}}
    app.session_state["asked"] = 0.123
    app.run()
    assert app.markdown[0].value == "at 0.123"
    assert app.get("bidi_component")[0].proto.bytes == before


def test_a_new_revision_is_adopted_until_the_person_decides_again() -> None:
    app = AppTest.from_function(page).run()
    app.session_state["curve"] = {"state": {"level": 0.1, "revision": 0}}
    app.session_state["asked"], app.session_state["revision"] = 0.3, 1
    app.run()
    assert app.markdown[0].value == "at 0.3"
    assert heading(app)["level"] == 0.3
    app.session_state["curve"] = {"state": {"level": 0.2, "revision": 1}}
    assert app.run().markdown[0].value == "at 0.2"


@pytest.mark.parametrize("junk", [None, 5, {}, {"level": "0.2", "revision": 0}, {"level": float("nan"), "revision": 0}])
def test_a_state_that_is_none_leaves_the_start(junk: object) -> None:
    app = AppTest.from_function(page).run()
    app.session_state["curve"] = {"state": junk}
    assert app.run().markdown[0].value == "at 0.4"


def test_a_level_stays_on_the_curve() -> None:
    app = AppTest.from_function(page).run()
    app.session_state["curve"] = {"state": {"level": 0.9, "revision": 0}}
    assert app.run().markdown[0].value == "at 0.6"


def test_every_part_of_the_script_is_shipped_and_none_names_twice() -> None:
    folder = forecast.ASSETS / "forecast"
    assert {f"forecast/{path.stem}" for path in folder.glob("*.js")} == set(forecast.SCRIPTS[1:])
    js = "\n".join((forecast.ASSETS / f"{name}.js").read_text() for name in forecast.SCRIPTS)
    names = re.findall(r"^(?:async )?(?:function|const|let) (\w+)", js, flags=re.M)
    assert len(names) == len(set(names))
    assert "innerHTML" not in re.sub(r"//.*", "", js)
