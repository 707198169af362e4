"""The page "Train": what it will cost, what is asked for, and how each training stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from lab.experiments import Experiment, Run
from lab.experiments.jobs import LANES, Job
from lab.experiments.queueing import JobQueue
from lab.experiments.store import store
from lab.noise import Semantic
from lab.specs import LOSSES, CrossEntropy, DataSource, Schedule, SymmetricCrossEntropy
from lab.specs.backbones import DigitsMLP
from lab.specs.presets import TRAININGS
from lab.specs.recipes import RECIPES
from lab.ui.run_words import run_title

PAGE = Path(__file__).parents[2] / "pages" / "train.py"
OPENED = Experiment(
    dataset=DataSource(),
    noise=Semantic(0.4, "digits"),
    backbone=DigitsMLP(),
    method=CrossEntropy(),
    schedule=RECIPES["Digits, 60 epochs"],
)
POINT = {"epoch": 1, "test_accuracy": 0.5, "train_accuracy": 0.25, "test_loss": 1.5, "train_loss": 2.0}


@pytest.fixture
def line(tmp_path, monkeypatch) -> JobQueue:
    """The line of jobs with nobody working on it, and a history of this test's own."""
    queue = JobQueue(lambda: None, keep_jobs=64, keep_bytes=2**28)
    queue.ready = set(LANES)
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    monkeypatch.setattr("lab.experiments.store.Index.of_environment", lambda: None)
    for module in ("run_view.find", "train_board.find", "train_board.submit", "train_start.submit"):
        monkeypatch.setattr(f"lab.ui.{module}", queue.find if module.endswith("find") else queue.submit)
    monkeypatch.setattr("streamlit.runtime.pages_manager.PagesManager.uses_pages_directory", False)
    return queue


@pytest.fixture
def open_page(line) -> Callable[..., AppTest]:
    def open_page(**params: str) -> AppTest:
        page = AppTest.from_file(str(PAGE), default_timeout=60)
        page.query_params.update(params)
        page.run()
        assert not page.exception
        return page

    return open_page


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def words_of(page: AppTest) -> str:
    return "\n".join(
        element.value for kind in (page.markdown, page.caption, page.warning, page.error) for element in kind
    )


def start(line: JobQueue, experiment: Experiment) -> Job:
    """A training that a worker has taken."""
    job = line.submit(experiment)
    assert line.take(experiment.lane) is job
    return job


def test_the_page_opens_with_trainings_that_ship_with_the_lab(open_page) -> None:
    words = words_of(open_page())
    for experiment in TRAININGS:
        assert run_title(experiment).split(",")[1].strip() in words
    assert words.count("Test accuracy: last") == len(TRAININGS)


def test_train_asks_for_what_the_side_bar_describes_and_only_once(open_page, line) -> None:
    page = press(open_page(), "Train")
    assert line.find(OPENED.digest).request == OPENED
    assert page.query_params["runs"] == OPENED.digest
    assert not any(button.label == "Train" for button in page.button)
    assert "These very settings are on the page below" in words_of(page)
    assert len(line._jobs) == 1


def test_controls_are_in_the_link_and_come_back_from_it(open_page, line) -> None:
    page = open_page(
        net="DigitsMLP", loss="Symmetric cross-entropy (SL)", epochs="7", s_init="3", alpha="0.5", share="0.2"
    )
    press(page, "Train")
    (asked,) = [job.request for job in line._jobs.values()]
    assert asked.method == SymmetricCrossEntropy(alpha=0.5)
    assert (asked.schedule.epochs, asked.seeds.init, asked.noise) == (7, 3, Semantic(0.2, "digits"))


def test_a_recipe_sets_the_fields_below_it(open_page, line) -> None:
    page = open_page(epochs="7")
    page.selectbox(key="recipe").set_value("Digits, Adam, 20 epochs").run()
    press(page, "Train")
    (asked,) = [job.request for job in line._jobs.values()]
    assert asked.schedule == RECIPES["Digits, Adam, 20 epochs"]


def test_a_training_on_its_way_says_how_far_it_is_and_can_be_stopped(open_page, line) -> None:
    job = start(line, OPENED)
    job.advance(0.5, "training, epoch 31 of 60", computing=True, point=POINT)
    page = open_page(runs=OPENED.digest)
    assert "Training" in words_of(page)
    press(page, "Stop")
    assert job.stop_asked


def test_a_stop_is_said_before_the_worker_has_heard_it_and_can_be_taken_back_after(open_page, line) -> None:
    job = start(line, OPENED)
    page = open_page(runs=OPENED.digest)
    press(page, "Stop")
    assert (job.status, job.stop_asked) == ("running", True)
    assert "Stopped after 0 of 60 epochs." in [warning.value for warning in page.warning]
    assert not {"Stop", "Resume"} & {button.label for button in page.button}
    line.finish(job, "stopped")
    page.run()
    assert "Resume" in {button.label for button in page.button}


@pytest.mark.parametrize(
    ("status", "error", "said", "button"),
    [
        ("failed", "loss must be finite, got nan in epoch 3", "Loss must be finite, got nan in epoch 3", "Try again"),
        ("stopped", None, "Stopped after 0 of 60 epochs", "Resume"),
    ],
)
def test_how_it_ended_is_said_and_it_can_be_asked_for_again(open_page, line, status, error, said, button) -> None:
    line.finish(start(line, OPENED), status, error=error)
    page = open_page(runs=OPENED.digest)
    assert said in words_of(page)
    press(page, button)
    assert line.find(OPENED.digest).status == "queued"


def test_a_training_whose_server_died_is_interrupted_and_resumes(open_page, line, monkeypatch) -> None:
    monkeypatch.setattr("lab.experiments.history.SECONDS_ALIVE", -1.0)
    kept = store()
    kept.begin(OPENED)
    kept.point(OPENED.digest, POINT)
    page = open_page(runs=OPENED.digest)
    assert "The server or its worker ended after 1 of 60 epochs" in words_of(page)
    press(page, "Resume")
    assert line.find(OPENED.digest) is not None


@pytest.mark.parametrize(("status", "said"), [("running", "is trained by"), ("queued", "waits in")])
def test_a_training_of_another_process_is_followed_by_its_epochs(open_page, status, said) -> None:
    getattr(store(), {"running": "begin", "queued": "queue"}[status])(OPENED)
    page = open_page(runs=OPENED.digest)
    assert page.get("progress")[0].proto.text == f"It {said} another process of the lab: 0 of 60 epochs."
    assert not any(button.label == "Stop" for button in page.button)


def test_a_full_disk_is_said_where_one_looks_at_the_training(open_page, monkeypatch) -> None:
    monkeypatch.setattr(type(store()), "trouble", "The disk is full: the runs stay as they are.")
    assert any("The disk is full" in error.value for error in open_page().error)


JUNK = st.text(max_size=12) | st.sampled_from(["nan", "inf", "INF", "-1", "1e999", "<b>", "null", "[]", "0x1", "١٢"])
SENSIBLE = {
    "share": st.floats(0, 0.9).map(lambda share: f"{share:.3f}"),
    "net": st.sampled_from(["DigitsMLP", "ToyMLP"]),
    "loss": st.sampled_from(list(LOSSES)),
    "recipe": st.sampled_from(list(RECIPES)),
    "epochs": st.integers(1, 500).map(str),
    "batch": st.integers(1, 1297).map(str),
    "lr": st.floats(1e-4, 1).map(lambda rate: f"{rate:.4f}"),
    "wd": st.floats(0, 0.01).map(lambda decay: f"{decay:.4f}"),
    "optimiser": st.sampled_from(["Adam", "SGD with momentum"]),
    "mixup": st.floats(0, 4).map(lambda alpha: f"{alpha:.1f}"),
    "samples": st.sampled_from(["true", "false"]),
    "s_init": st.integers(0, 99).map(str),
    "s_batch": st.integers(0, 99).map(str),
}


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.fixed_dictionaries({}, optional={name: values | JUNK for name, values in SENSIBLE.items()}))
def test_any_address_opens_and_the_address_it_becomes_means_the_same(open_page, line, params) -> None:
    first = open_page(**params)
    link = {name: values if isinstance(values, str) else values[0] for name, values in first.query_params.items()}
    second = open_page(**link)
    assert asked_for(second, line) == asked_for(first, line)
    assert sum(len(name) + len(value) + 2 for name, value in link.items()) <= 1500


def asked_for(page: AppTest, line: JobQueue) -> Experiment | list[str]:
    """What its button trains; where there is none, what the page says is impossible."""
    if not any(button.label == "Train" for button in page.button):
        return [error.value for error in page.error]
    press(page, "Train")
    job = line.find(page.query_params["runs"].split(",")[-1])
    line.cancel(job)
    line.forget(job)
    return job.request


def test_a_finished_training_shows_rates_best_and_last_and_the_badge(open_page, line) -> None:
    clean = Experiment(
        dataset=DataSource(),
        noise=Semantic(0.4, "digits"),
        backbone=DigitsMLP(),
        method=CrossEntropy(),
        schedule=Schedule(early_stopping="clean"),
    )
    metrics = {
        "epochs": [POINT],
        "best": POINT,
        "last": POINT,
        "best_epoch": 1,
        "effective_rate": 0.2,
        "realised_rate": 0.21,
    }
    metrics |= {"n_train": 1168, "n_test": 500, "seconds": 2.0, "device": "cpu"}
    line.finish(start(line, clean), "done", run=Run(clean, metrics, {"y": np.zeros(3, dtype=np.uint8)}, 2.0))
    words = words_of(open_page(runs=clean.digest))
    assert "last 50.0\N{NO-BREAK SPACE}% (epoch 1), best 50.0\N{NO-BREAK SPACE}% (epoch 1)" in words
    assert "20.0\N{NO-BREAK SPACE}% expected, 21.0\N{NO-BREAK SPACE}% here" in words
    assert "uses clean labels" in words


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"epochs": "0"}, "Epochs must be an integer in"),
        ({"batch": "2000"}, "at most the 1,297 training rows"),
        ({"lr": "0"}, "Learning\\_rate must be"),
    ],
)
def test_an_impossible_setting_is_a_sentence_and_the_runs_stay(open_page, params, said) -> None:
    page = open_page(**params)
    assert said in "\n".join(error.value for error in page.error)
    assert not any(button.label == "Train" for button in page.button)
    assert "Test accuracy: last" in words_of(page)


@pytest.mark.parametrize("digests", ["nonsense", "../../etc/passwd", ",,,", "0" * 12])
def test_a_link_to_runs_that_nobody_knows_opens_all_the_same(open_page, digests) -> None:
    page = open_page(runs=digests)
    assert any(button.label == "Train" for button in page.button)
