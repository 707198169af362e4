from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lab.experiments import Experiment
from lab.experiments.jobs import LANES
from lab.experiments.queueing import JobQueue

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture(autouse=True)
def _no_search_for_components(monkeypatch) -> None:
    """A fresh AppTest looks through every installed package for components, which is 0.2 s a session; ours is inline."""
    place = "streamlit.components.v2.component_manager.BidiComponentManager.discover_and_register_components"
    monkeypatch.setattr(place, lambda self, **options: None)


@pytest.fixture
def line(monkeypatch) -> JobQueue:
    """The line of jobs with nobody working on it: a test gives a job the end it wants."""
    queue = JobQueue(lambda: None, keep_jobs=64, keep_bytes=2**28)
    queue.ready = set(LANES)
    monkeypatch.setattr("lab.ui.boot.engine.start", lambda: None)
    monkeypatch.setattr("lab.ui.jobs.submit", queue.submit)
    monkeypatch.setattr("lab.ui.jobs.find", queue.find)
    return queue


@pytest.fixture
def described(monkeypatch, line) -> list[Experiment]:
    """What the page asked for, run by run; where a control holds something impossible it asks for nothing."""
    from lab.ui import jobs

    seen: list[Experiment] = []
    finished_run = jobs.finished_run

    def listening(request: Experiment) -> object:
        seen.append(request)
        return finished_run(request)

    monkeypatch.setattr(jobs, "finished_run", listening)
    return seen


@pytest.fixture
def open_page(line) -> Callable[..., AppTest]:
    """`open_page(k="31")` opens the lab with these parameters in the address."""

    def open_page(**params: str | list[str]) -> AppTest:
        page = AppTest.from_file(str(APP), default_timeout=60)
        page.query_params.update(params)
        page.run()
        assert not page.exception
        return page

    return open_page
