"""A page waits for the browser once, and for no person."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from lab.ui import first_things
from lab.ui.first_things import draw_first


@pytest.fixture
def requests(monkeypatch) -> ScriptRequests:
    """What the session has been asked for while its page is drawn."""
    requests = ScriptRequests()
    context = SimpleNamespace(script_requests=requests)
    monkeypatch.setattr(first_things, "get_script_run_ctx", lambda: context)
    monkeypatch.setattr(first_things.st, "session_state", {})
    return requests


@pytest.fixture
def waited(monkeypatch) -> list[float]:
    """Seconds of a clock that only waiting moves on."""
    spans: list[float] = []
    monkeypatch.setattr(first_things.time, "sleep", spans.append)
    monkeypatch.setattr(first_things.time, "monotonic", lambda: sum(spans))
    return spans


def test_it_waits_once_a_session(requests, waited) -> None:
    draw_first("board", 0.5)
    assert sum(waited) == pytest.approx(0.5, abs=0.021)
    before = len(waited)
    draw_first("board", 0.5)
    assert len(waited) == before
    draw_first("another", 0.5)
    assert sum(waited) == pytest.approx(1.0, abs=0.042)


def test_whoever_presses_something_is_not_kept_waiting(requests, waited) -> None:
    requests.request_rerun(RerunData(fragment_id="panel"))
    draw_first("board", 0.5)
    assert not waited


def test_the_clock_of_a_fragment_is_nobody(requests, waited) -> None:
    requests.request_rerun(RerunData(fragment_id="panel", is_auto_rerun=True))
    draw_first("board", 0.5)
    assert sum(waited) == pytest.approx(0.5, abs=0.021)
