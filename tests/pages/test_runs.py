"""The page "Runs": every training is found again, compared, named, deleted and brought back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.experiments import Experiment, Run
from lab.experiments.store import Store, store
from lab.noise import Symmetric
from lab.specs import CrossEntropy, DataSource, Schedule, Seeds
from lab.specs.backbones import DigitsMLP
from lab.ui.runs_table import differences

PAGE = Path(__file__).parents[2] / "pages" / "runs.py"
DIGITS = Experiment(
    dataset=DataSource(), noise=Symmetric(0.4), backbone=DigitsMLP(), method=CrossEntropy(), schedule=Schedule(epochs=3)
)
OTHER = replace(DIGITS, noise=Symmetric(0.2), seeds=Seeds(init=1))
POINTS = [{"epoch": e, "test_accuracy": a, "train_accuracy": a / 2} for e, a in ((1, 0.5), (2, 0.9), (3, 0.8))]


def finished(experiment: Experiment) -> Run:
    metrics = {"epochs": POINTS, "last": POINTS[-1], "best": POINTS[1], "best_epoch": 2, "realised_rate": 0.4}
    return Run(experiment, metrics, {"y_given": np.zeros(4, dtype=np.uint8)}, 1.5)


@pytest.fixture
def history(tmp_path, monkeypatch) -> Store:
    """A finished training and one that failed, in a history of this test's own."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    monkeypatch.setattr("lab.experiments.store.Index.of_environment", lambda: None)
    kept = store()
    kept.begin(DIGITS)
    for point in POINTS:
        kept.point(DIGITS.digest, point)
    kept.finish(DIGITS.digest, "done", run=finished(DIGITS))
    assert kept.settle(20)
    kept.begin(OTHER)
    kept.point(OTHER.digest, POINTS[0])
    kept.finish(OTHER.digest, "failed", error="loss must be finite, got nan")
    return kept


@pytest.fixture
def open_page(history, monkeypatch) -> Callable[..., AppTest]:
    monkeypatch.setattr("streamlit.runtime.pages_manager.PagesManager.uses_pages_directory", False)
    monkeypatch.setattr("streamlit.page_link", lambda page, **look: None)  # only app.py knows the other pages

    def open_page(**params: str) -> AppTest:
        page = AppTest.from_file(str(PAGE), default_timeout=60)
        page.query_params.update(params)
        page.run()
        assert not page.exception
        return page

    return open_page


def test_the_table_lists_every_training_with_its_accuracies(open_page) -> None:
    table = open_page().dataframe[0].value
    assert set(table["Status"]) == {"finished", "failed"}
    done = table[table["Id"] == DIGITS.digest].iloc[0]
    assert (done["Last"], done["Best"], done["Epochs"]) == (0.8, 0.9, "3 / 3")


@pytest.mark.parametrize(("text", "found"), [("symmetric 20", 1), ("digits", 2), ("nothing like it", 0), ("failed", 1)])
def test_words_find_trainings(open_page, text: str, found: int) -> None:
    assert len(open_page(find=text).dataframe[0].value) == found


def test_a_deleted_training_leaves_the_table_and_comes_back(open_page, history) -> None:
    history.delete(DIGITS.digest)
    assert list(open_page().dataframe[0].value["Id"]) == [OTHER.digest]
    assert list(open_page(deleted="true").dataframe[0].value["Id"]) == [DIGITS.digest]
    history.restore(DIGITS.digest)
    assert len(open_page().dataframe[0].value) == 2


def test_a_name_is_shown_and_found(open_page, history) -> None:
    history.rename(OTHER.digest, "<b>the first try</b>")
    assert "<b>the first try</b>" in list(open_page(find="first try").dataframe[0].value["Name"])


def test_undo_brings_back_what_this_session_deleted(history, open_page) -> None:
    history.delete(DIGITS.digest)
    page = open_page()
    page.session_state["runs-deleted"] = [DIGITS.digest]
    page.run()
    next(button for button in page.button if button.label == "Undo").click().run()
    assert len(page.dataframe[0].value) == 2
    assert not any(button.label == "Undo" for button in page.button)


def test_an_empty_history_points_to_the_training_page(open_page, history) -> None:
    for experiment in (DIGITS, OTHER):
        history.delete(experiment.digest)
    page = open_page()
    assert not page.dataframe
    assert "No training has been started yet" in page.info[0].value


def test_differences_name_the_settings_that_differ_and_no_others(history) -> None:
    table = differences(history.records())
    assert set(table["Setting"]) == {"noise.rate", "seeds.init"}
    row = table.set_index("Setting").loc["noise.rate"]
    assert {json.loads(row["1"]), json.loads(row["2"])} == {0.2, 0.4}
