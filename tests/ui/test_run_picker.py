"""Which training a page looks at, from the history, the gallery and the address."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.experiments.store import Store, store
from lab.specs import Schedule
from lab.specs.presets import TRAININGS

OWN = replace(TRAININGS[0], schedule=Schedule(epochs=3))
POINT = {"epoch": 1, "test_accuracy": 0.5}


def page() -> None:
    import streamlit as st

    from lab.ui.run_picker import choose_run

    view = choose_run()
    st.text(view.digest if view else "nothing")


@pytest.fixture
def history(tmp_path, monkeypatch) -> Store:
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    monkeypatch.setattr("lab.experiments.store.Index.of_environment", lambda: None)
    monkeypatch.setattr("streamlit.page_link", lambda page, **look: None)
    return store()


def opened(**params: str) -> AppTest:
    app = AppTest.from_function(page, default_timeout=60)
    app.query_params.update(params)
    app.run()
    assert not app.exception
    return app


def keep(history: Store) -> None:
    history.begin(OWN)
    run = Run(OWN, {"epochs": [POINT], "last": POINT, "best": POINT}, {"y_given": np.zeros(3)}, 1.0)
    history.finish(OWN.digest, "done", run=run)
    assert history.settle(20)


def test_with_no_history_the_first_training_that_ships_with_the_lab_opens(history):
    assert shipped(TRAININGS[0].digest)
    app = opened()
    assert app.text[0].value == TRAININGS[0].digest
    assert len(app.selectbox[0].options) == len(TRAININGS)


def test_ones_own_training_opens_first_and_under_the_name_it_was_given(history):
    keep(history)
    history.rename(OWN.digest, "mine")
    app = opened()
    assert app.text[0].value == OWN.digest
    assert app.selectbox[0].options[0] == "mine"


def test_the_address_says_which_and_a_choice_is_put_into_it(history):
    keep(history)
    app = opened(run=TRAININGS[1].digest)
    assert app.text[0].value == TRAININGS[1].digest
    assert app.selectbox[0].options[0].endswith(f"({OWN.digest[:6]})")  # it differs from a shipped one in epochs alone
    app.selectbox[0].select_index(0).run()
    assert app.text[0].value == OWN.digest
    assert app.query_params["run"] in (OWN.digest, [OWN.digest])


@pytest.mark.parametrize("nonsense", ["gone123", "../../etc", "<b>"])
def test_an_address_that_names_nothing_is_answered_in_a_sentence_and_another_run(history, nonsense):
    app = opened(run=nonsense)
    assert app.warning[0].value == "The address names a training that is not in this history."
    assert app.text[0].value == TRAININGS[0].digest


def test_a_training_that_failed_is_said_to_be_unfinished(history):
    other = replace(OWN, schedule=Schedule(epochs=4))
    history.begin(other)
    history.finish(other.digest, "failed", error="loss must be finite, got nan")
    app = opened(run=other.digest)
    assert app.info[0].value.endswith("It is not finished, but failed.")
