"""The page about softmax and neighbours: it opens finished, looks at any training, and says what it sees."""

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

from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.experiments.worker_aggregates import run_aggregates
from lab.specs import Aggregates
from lab.specs.presets import AGGREGATES, TRAININGS
from lab.ui.aggregates_view import diagrams_csv, diagrams_of, parts_of, samples_csv

PAGE = Path(__file__).parents[2] / "pages" / "aggregates.py"


@pytest.fixture
def asked(monkeypatch, tmp_path) -> list[Aggregates]:
    """What the page asked a worker for; it is computed at once, in this process."""
    requests: list[Aggregates] = []

    def submit(request: Aggregates, lane: str | None = None) -> SimpleNamespace:
        requests.append(request)
        run = run_aggregates(request, lambda fraction, message, *, point=None: None)
        return SimpleNamespace(id=request.digest, run=run, error=None, status="done", finished=True)

    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    monkeypatch.setattr("lab.ui.jobs.submit", submit)
    monkeypatch.setattr("lab.ui.jobs.find", lambda digest: None)
    return requests


@pytest.fixture
def open_page(asked) -> Callable[..., AppTest]:
    def open_page(**params: str) -> AppTest:
        page = AppTest.from_file(str(PAGE), default_timeout=30)
        for name, value in params.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return open_page


def message(page: AppTest) -> dict[str, Any]:
    """The header of what the component was sent."""
    payload = page.get("bidi_component")[0].proto.bytes.partition(b"\n")[2]
    return json.loads(payload[4 : 4 + int.from_bytes(payload[:4], "little")])


def figures(page: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]


def test_it_opens_with_a_finished_study_and_asks_no_worker(open_page, asked) -> None:
    page = open_page()
    assert asked == []
    assert message(page)["n"] == 300
    assert len(figures(page)) == 1
    assert {metric.label for metric in page.metric} >= {"Nominal noise rate", "Wrong labels π, effective"}
    run = shipped(AGGREGATES.digest)
    assert any(f"{run.metrics['median_distance']:.4f}" in text.value for text in page.markdown)
    assert any("as printed" in text.value for text in page.markdown)
    assert not page.error


def test_noise_with_a_place_has_diagrams_of_both_regions(open_page, asked) -> None:
    page = open_page(run=TRAININGS[2].digest)
    assert asked == [Aggregates(experiment=TRAININGS[2])]
    assert len(figures(page)) == 2
    said = " ".join(text.value for text in page.markdown)
    assert "Inside the noisy places: the tallest bar is the true class in 0 of 10 diagrams" in said
    assert "Outside the noisy places: the tallest bar is the true class in 10 of 10 diagrams" in said
    assert "inside" in [name for name, *_ in message(page)["sections"]]


def test_all_classes_turned_is_one_diagram_and_the_best_epoch_another_study(open_page, asked) -> None:
    page = open_page(diagrams="all classes, turned", epoch="best")
    assert asked == [Aggregates(experiment=TRAININGS[0], epoch="best")]
    assert len([trace for trace in figures(page)[0]["data"] if trace["type"] == "bar"]) == 1


def test_before_the_noise_is_trained_on_request(open_page, asked, monkeypatch) -> None:
    page = open_page(before="true")
    train = next(button for button in page.button if button.label.startswith("Train the same network"))
    noisy = shipped(AGGREGATES.digest)
    clean = Run(AGGREGATES.before_noise, noisy.metrics, noisy.arrays, 1.0)
    monkeypatch.setattr("lab.ui.aggregates_view.finished_run", lambda request: asked.append(request) or clean)
    train.click().run()
    assert not page.exception
    assert asked == [AGGREGATES.before_noise]
    assert len(figures(page)) == 2


def test_where_there_is_no_noise_there_is_nothing_before_it(open_page, asked) -> None:
    page = open_page(figure="Fig. 7a")
    assert page.toggle(key="before").disabled
    said = " ".join(text.value for text in page.markdown)
    assert "median is within a point of its share of the labels" in said
    assert not open_page().toggle(key="before").disabled


def test_single_classes_may_lie_far_from_where_all_together_lie(open_page, asked) -> None:
    said = " ".join(text.value for text in open_page(figure="Figs. 7c, 9").markdown)
    assert "Over all classes, the true class’s median is within 6 points" in said
    assert "of single classes it is up to 4" in said


def test_a_network_that_is_not_sure_yet_is_not_said_to_know_its_labels_by_heart(open_page, asked) -> None:
    said = " ".join(text.value for text in open_page(figure="Figs. 7c, 9", epoch="best").markdown)
    assert "points below: this network is less sure than the labels are" in said
    assert "by heart" not in said


def test_the_download_has_the_numbers_of_the_figure() -> None:
    run = shipped(AGGREGATES.digest)
    lines = list(csv.DictReader(io.StringIO(diagrams_csv(run).decode())))
    assert len(lines) == 100
    diagrams = diagrams_of(run, parts_of(run)[0], pooled=False)
    medians = np.array([float(line["softmax_median"]) for line in lines]).reshape(10, 10)
    np.testing.assert_allclose(medians, diagrams.median, atol=1e-6)
    assert len(samples_csv(run).decode().splitlines()) == 301


@pytest.mark.parametrize(
    "params", [{"run": "<b>"}, {"run": "0" * 12, "row": "-5"}, {"epoch": "x", "figure": "y", "row": "9" * 30}]
)
def test_junk_in_the_link_never_raises(open_page, params: dict[str, str]) -> None:
    assert message(open_page(**params))["n"] == 300
