"""The page about repaired labels: it opens finished, computes what is asked for, and its numbers are those of the runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.experiments import Job
from lab.experiments.gallery import shipped
from lab.specs import Correction, from_json, to_json
from lab.specs.code import as_code
from lab.specs.repair import FIRST, INFERENCE, METHODS, REPAIRS, RETRAINING, correction_of
from lab.ui.repair import Start, chosen
from lab.ui.repair_again import corrected_experiment
from lab.ui.repair_view import labels_csv

PAGE = Path(__file__).parents[2] / "pages" / "repair.py"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the page asked a worker for; nothing is computed."""
    requests: list[Any] = []
    jobs: dict[str, Job] = {}
    queue = SimpleNamespace(ready=("quick", "training"), waiting=lambda job: (1, 12.0))

    def submit(request: Any) -> Job:
        requests.append(request)
        return jobs.setdefault(request.digest, Job(request, queue))

    for place in ("lab.ui.repair_choice", "lab.ui.jobs"):
        monkeypatch.setattr(f"{place}.submit", submit)
        monkeypatch.setattr(f"{place}.find", jobs.get)
    return requests


@pytest.fixture
def open_page(asked) -> Callable[..., AppTest]:
    def open_page(**params: str) -> AppTest:
        page = AppTest.from_file(str(PAGE), default_timeout=60)
        for name, value in params.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return open_page


def payload_of(page: AppTest) -> dict:
    data = page.get("bidi_component")[0].proto.bytes
    return json.loads(data.split(b"\n", 1)[1])


def test_it_opens_with_finished_corrections_and_asks_for_nothing(open_page, asked) -> None:
    page = open_page()
    replay = payload_of(page)
    assert [method["name"] for method in replay["methods"]] == list(METHODS)
    assert "symmetric 60 %" in replay["what"]
    assert "wrong labels" in replay["what"]
    assert not asked
    table = page.dataframe[0].value
    run = shipped(correction_of(FIRST, "SelKNN").digest)
    row = table[table["Method"] == "SelKNN"].iloc[0]
    assert row["Test, last epoch"] == run.metrics["final"]["test_last"]
    assert row["CIFAR-10, test, as printed"] == 0.8565
    assert all("as printed" in name for name in table.columns if "MNIST" in name or "CIFAR" in name)


def test_another_noise_is_repaired_only_when_asked_for(open_page, asked) -> None:
    page = open_page(noise="Symmetric 80 %", seed="2")
    assert not [request for request in asked if isinstance(request, Correction)]
    page.button(key="repair").click().run()
    assert not page.exception
    wanted = {correction_of("Symmetric 80 %", name, 2).digest for name in METHODS}
    assert {request.digest for request in asked if isinstance(request, Correction)} == wanted


@pytest.mark.parametrize("figure", ["3", "4", "5", "6"])
def test_the_papers_figures_are_there_at_once(open_page, asked, figure: str) -> None:
    page = open_page(figure=figure)
    assert not asked
    assert any(f"Fig. {figure}:" in text.value for text in page.markdown)
    assert "n the paper" in " ".join(caption.value for caption in page.caption)


def test_everything_shipped_is_there_and_survives_json() -> None:
    for request in REPAIRS:
        run = shipped(request.digest)
        assert run is not None
        assert run.request == request == from_json(to_json(request))
    assert len({*RETRAINING.values()}) == 3
    assert INFERENCE in REPAIRS


def test_the_file_of_labels_is_the_history() -> None:
    run = shipped(correction_of(FIRST, "IterKNN").digest)
    rows = list(csv.DictReader(io.StringIO(labels_csv(run))))
    assert len(rows) == 1297
    assert [int(row["row"]) for row in rows] == run.arrays["rows"].tolist()
    np.testing.assert_array_equal([int(row["corrected"]) for row in rows], run.arrays["labels"][-1])
    np.testing.assert_array_equal([int(row["given"]) for row in rows], run.arrays["labels"][0])
    assert {row["kept"] for row in rows} == {"1"}


def test_training_again_sets_the_labels_that_changed() -> None:
    run = shipped(correction_of(FIRST, "SelKNN").digest)
    experiment = corrected_experiment(run)
    labels = run.arrays["labels"]
    assert len(experiment.edits) == (labels[0] != labels[-1]).sum()
    assert from_json(to_json(experiment)) == experiment


def test_the_code_of_a_correction_names_the_same_request() -> None:
    study = correction_of("Asymmetric 30 %", "PENCIL", 1)
    script = as_code(study).split("result = run")[0].replace("from lab.experiments import run\n", "")
    names: dict[str, Any] = {}
    exec(script, names)
    assert names["study"] == study


def test_junk_from_the_browser_is_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    start = Start("SelKNN", 4)
    for state in (
        None,
        3,
        {"method": "nobody"},
        {"method": "SelKNN", "episode": -1},
        {"method": "SelKNN", "episode": True},
    ):
        monkeypatch.setattr("lab.ui.repair.st", SimpleNamespace(session_state={"key": {"state": state}}))
        assert chosen("key", start, METHODS) == start
    monkeypatch.setattr(
        "lab.ui.repair.st", SimpleNamespace(session_state={"key": {"state": {"method": "PENCIL", "episode": 2}}})
    )
    assert chosen("key", start, METHODS) == Start("PENCIL", 2)
