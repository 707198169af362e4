"""The page about repaired labels: it opens finished, computes what is asked for, and its numbers are those of the runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.experiments import Job, Run
from lab.experiments.gallery import shipped
from lab.noise import Uniform
from lab.specs import Correction, SelKNN, from_json, to_json
from lab.specs.code import as_code
from lab.specs.repair import FIRST, INFERENCE, METHODS, REPAIRS, RETRAINING, correction_of
from lab.ui.repair import Start, chosen
from lab.ui.repair_address import correction_address, method_name
from lab.ui.repair_again import corrected_experiment
from lab.ui.repair_choice import WHAT
from lab.ui.repair_view import labels_csv, result_row
from lab.ui.words import literal, percent

PAGE = Path(__file__).parents[2] / "pages" / "repair.py"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the page asked a worker for; nothing is computed."""
    requests: list[Any] = []
    jobs: dict[str, Job] = {}
    queue = SimpleNamespace(ready=("quick", "training"), waiting=lambda job: (1, 12.0))

    def submit(request: Any, lane: str | None = None) -> Job:
        requests.append(request)
        return jobs.setdefault(request.digest, Job(request, queue))

    for place in ("lab.ui.repair_jobs", "lab.ui.jobs"):
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
    table = page.table[0].value
    run = shipped(correction_of(FIRST, "SelKNN").digest)
    row = table[table["Method"] == "SelKNN"].iloc[0]
    assert row["Test, last epoch"] == literal(percent(run.metrics["final"]["test_last"]))
    assert row["CIFAR-10, test, as printed"] == literal(percent(0.8565))
    numbers = result_row("SelKNN", run, FIRST)
    assert numbers["Test, last epoch"] == run.metrics["final"]["test_last"]
    assert numbers["CIFAR-10, test, as printed"] == 0.8565
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


OWN = {
    "of": WHAT["own"],
    "set": "Digits",
    "rows": "400",
    "model": "Uniform",
    "share": "0.3",
    "epochs": "5",
    "methods": "SelKNN",
}


def corrections(asked: list[Any]) -> list[Correction]:
    return [request for request in asked if isinstance(request, Correction)]


def test_any_data_and_noise_are_repaired_with_the_cost_said_before(open_page, asked) -> None:
    page = open_page(**OWN)
    assert not corrections(asked)
    assert {metric.label for metric in page.metric} >= {"Time, all", "Rows", "Memory", "Parameters"}
    assert any(caption.value.startswith("About SelKNN") for caption in page.caption)
    page.button(key="repair").click().run()
    assert not page.exception
    (request,) = corrections(asked)
    experiment = request.experiment
    assert (experiment.dataset.n, experiment.noise, experiment.schedule.epochs) == (400, Uniform(0.3), 5)
    assert type(request.method) is SelKNN


def test_the_address_of_a_correction_asks_for_this_very_correction(open_page, asked) -> None:
    page = open_page(**OWN)
    page.button(key="repair").click().run()
    (wanted,) = corrections(asked)
    address = correction_address(wanted)
    assert address is not None
    assert any(button.key == f"stop-{wanted.digest}" for button in open_page(**address).button)


def test_the_address_of_a_column_of_the_paper_opens_it_and_others_are_not_made_up() -> None:
    column = correction_of("Symmetric 80 %", "PENCIL", 2)
    assert correction_address(column) == {"noise": "Symmetric 80 %", "seed": "2"}
    odd = replace(column, method=SelKNN(episodes=4, k=30, percent_step=7.0))
    assert correction_address(odd) is None
    for kept in list(RETRAINING.values())[1:]:
        assert correction_address(kept) is None
        assert method_name(kept) in ("SelKNN (network kept)", "SelKNN (kept, rate reset)")


def test_every_method_under_way_has_its_own_progress_and_stop(open_page, asked) -> None:
    page = open_page(**{key: value for key, value in OWN.items() if key != "methods"})
    page.button(key="repair").click().run()
    digests = [request.digest for request in corrections(asked)]
    assert len(digests) == len(METHODS)
    stops = {button.key for button in page.button if button.key and button.key.startswith("stop-")}
    assert stops == {"stop-repair", *(f"stop-{digest}" for digest in digests)}
    assert not any(button.key == "repair" for button in page.button)


def test_a_data_set_that_is_not_there_says_where_it_is_expected_and_the_figures_stay(open_page, asked) -> None:
    page = open_page(of=WHAT["own"], set="CIFAR-10")
    assert any("LAB\\_DATA" in error.value for error in page.error)
    assert any("Fig. 3:" in text.value for text in page.markdown)
    assert not asked


def test_what_does_not_fit_together_is_one_sentence(open_page, asked) -> None:
    page = open_page(of=WHAT["own"], set="Wine", batch="4000")
    assert any("atch" in error.value for error in page.error)
    assert not page.button or not any(button.key == "repair" for button in page.button)


def test_rows_without_pictures_are_a_table_of_votes(open_page, monkeypatch) -> None:
    run = shipped(correction_of(FIRST, "SelKNN").digest)
    bare = Run(run.request, run.metrics, {k: v for k, v in run.arrays.items() if not k.startswith("picture")}, 1.0)
    monkeypatch.setattr("lab.ui.repair_jobs.shipped", lambda digest: bare if digest == run.request.digest else None)
    page = open_page()
    tables = [frame.value for frame in page.dataframe if "Votes for it" in frame.value]
    assert len(tables) == 2
    labels, clean = run.arrays["labels"], run.arrays["y_clean"]
    row = tables[0].iloc[0]
    place = int(np.flatnonzero(run.arrays["rows"] == row["Row"])[0])
    assert (row["Label before"], row["Label now"]) == (str(labels[3][place]), str(labels[4][place]))
    assert row["Truly"] == str(clean[place]) == row["Label now"]


def test_numbers_that_the_paper_did_not_print_are_not_shown() -> None:
    run = shipped(correction_of(FIRST, "SelKNN").digest)
    assert not any("printed" in name for name in result_row("SelKNN", run, None))
    assert result_row("SelKNN", None, FIRST)["CIFAR-10, test, as printed"] == 0.8565
    assert result_row("GCE", run, FIRST)["MNIST, test, as printed"] is None
