"""The page about wrong labels: it opens finished, its counts agree with table and download, and wrong links do no harm."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.figures.inn_payload import counts_at
from lab.specs import InnFigure
from lab.specs.presets import DETECTION, TRAININGS
from lab.ui.inn import Chosen, chosen
from lab.ui.inn_study import Study, trapezoid_area
from lab.ui.inn_view import code_of, detector_table, samples_csv

PAGE = Path(__file__).parents[2] / "pages" / "inn.py"


@pytest.fixture
def open_page(line, monkeypatch) -> Callable[..., AppTest]:
    monkeypatch.delenv("LAB_DATA", raising=False)

    def open_page(**params: str) -> AppTest:
        page = AppTest.from_file(str(PAGE), default_timeout=60)
        for name, value in params.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return open_page


@pytest.fixture(scope="module")
def study() -> Study:
    run = shipped(DETECTION.digest)
    assert run is not None
    return Study(run)


def head(page: AppTest) -> dict:
    """The JSON of what the component was sent."""
    message = page.get("bidi_component")[0].proto.bytes.partition(b"\n")[2]
    return json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])


def test_it_opens_with_a_finished_study_and_asks_no_worker(open_page, line) -> None:
    page = open_page(run=TRAININGS[0].digest)
    assert [one["name"] for one in head(page)["detectors"]] == ["inn", "auto", "small_loss_ce"]
    assert head(page)["detectors"][0]["marks"][0] == {"at": 0.75, "name": "3/4"}
    assert not page.error
    assert any("459 of 1,297" in text.value and "nominal rate" in text.value for text in page.markdown)
    assert len(page.dataframe) == 2


@pytest.mark.parametrize(
    ("look", "words"),
    [("Over training", "INN Fig. 4"), ("Parts of INN", "INN Fig. 3"), ("A small class", "INN Fig. 6"), ("Heavy noise", "Table 1")],
)  # fmt: skip
def test_every_figure_is_one_click_away(open_page, line, look: str, words: str) -> None:
    page = open_page(run=TRAININGS[0].digest, look=look)
    assert any(words in title.value for title in page.subheader)
    assert not page.error
    asks = [button for button in page.button if button.key and button.key.startswith("ask-")]
    assert len(asks) == (look in ("A small class", "Heavy noise"))  # their trainings wait for a button


def finished(figure: InnFigure) -> Run:
    """A run as the worker makes it, of made numbers."""
    epochs, names = [1, 10, 50], ("INN", "small loss, CE", "small loss, CE+NE", "small loss, MixUp")
    numbers = {"epochs": epochs, "seeds": [0, 1, 2]}
    if figure.figure == "heavy":
        best = {rate: {name: [0.7, 0.8, 0.9] for name in names} for rate in ("0.8", "0.9")}
        chosen_epochs = {rate: {name: [1, 10, 10] for name in names} for rate in ("0.8", "0.9")}
        return Run(figure, numbers | {"best": best, "best_epoch": chosen_epochs}, {}, 1.0)
    rng = np.random.default_rng(0)
    curve = {"whole": [[0.9, 0.8, 0.7]] * 3, "minority": [[0.0, 0.4, 0.3]] * 3}
    arrays = {
        "group": np.arange(80, dtype=np.uint8) % 4,
        "loss": rng.random((3, 80), dtype=np.float32),
        "inn": rng.random((3, 80), dtype=np.float32),
    }
    return Run(figure, numbers | {"auroc": dict.fromkeys(names, curve), "sizes": [20] * 4}, arrays, 1.0)


def test_the_small_class_is_drawn_in_four_groups_at_the_epochs_chosen(open_page, monkeypatch) -> None:
    monkeypatch.setattr("lab.ui.inn_figures.shipped", lambda digest: True)
    monkeypatch.setattr("lab.ui.inn_figures.finished_run", lambda figure, patience: finished(figure))
    page = open_page(look="A small class")
    assert [slider.value for slider in page.select_slider] == [1, 50]
    page.select_slider[0].set_value(10).run()
    assert not page.exception
    assert any("ends at 0.30" in caption.value for caption in page.caption)


def test_heavy_noise_stands_beside_what_the_paper_prints_and_says_whose_epoch_it_is(open_page, monkeypatch) -> None:
    monkeypatch.setattr("lab.ui.inn_figures.shipped", lambda digest: True)
    monkeypatch.setattr("lab.ui.inn_figures.finished_run", lambda figure, patience: finished(figure))
    page = open_page(look="Heavy noise")
    table = page.dataframe[0].value
    assert len(table) == 8
    inn = table[(table["Detector"] == "INN") & (table["Nominal rate"] == "80%")].iloc[0]
    assert (inn["Best AUC here"], inn["CIFAR-10, as printed"], inn["Effective rate"]) == (
        "0.800 (0.082)",
        "0.885",
        "72%",
    )
    assert any("only the true labels tell" in text.value for text in page.markdown)
    assert any("by 0.000 and 0.000 here, 0.028 and 0.061 as printed" in caption.value for caption in page.caption)


def test_another_training_says_what_it_costs_before_it_starts(open_page, line) -> None:
    page = open_page(run=TRAININGS[1].digest)
    assert "three networks" in page.info[0].value
    assert "Shown meanwhile\\: Digits" in page.info[1].value
    assert head(page)["n"] == 1297  # of the study that ships with the lab
    page.button(key="ask").click().run()
    assert not page.exception
    assert any(button.key and button.key.startswith("stop-") for button in page.button)


@pytest.mark.parametrize(
    "params",
    [
        {"look": "nope", "space": "moon", "detectors": "xyz", "sample": "-1"},
        {"sample": "999999", "run": "zzz"},
        {"sample": "<b>", "detectors": "inn,<script>", "lines": "inn:x,zzz:1,knn:nan,,:"},
    ],
)
def test_junk_in_the_link_never_raises(open_page, params: dict[str, str]) -> None:
    assert head(open_page(**params))["n"] == 1297


def test_a_link_opens_a_sample_and_puts_the_lines(open_page, study) -> None:
    page = open_page(run=TRAININGS[0].digest, sample="17", lines="inn:0.8,auto:0.3")
    heading = json.loads(page.get("bidi_component")[0].proto.bytes.partition(b"\n")[0])
    assert heading["cuts"] == {"inn": 0.8, "auto": 0.3}
    table = page.dataframe[1].value
    expected = counts_at(study.score("inn"), study.wrong, 0.8)
    assert table[table["Detector"] == "INN"]["Below it"].item() == expected.flagged
    assert any(text.value.replace("\\", "").startswith("Sample 17: given") for text in page.markdown)


def test_the_table_the_download_and_the_component_count_alike(study: Study) -> None:
    cuts = {"inn": 0.8, "knn": 0.35}
    lines = list(csv.DictReader(io.StringIO(samples_csv(study, cuts))))
    assert len(lines) == len(study.wrong) == 1297
    wrong = np.array([line["is_wrong"] == "1" for line in lines])
    np.testing.assert_array_equal(wrong, study.wrong)
    for one, row in zip(study.detectors, detector_table(study, cuts), strict=True):
        name = one["name"]
        flagged = np.array([line[f"below_line_{name}"] == "1" for line in lines])
        counts = counts_at(study.score(name), study.wrong, cuts.get(name, study.cut(name)))
        assert row["Below it"] == flagged.sum() == counts.flagged
        assert row["Truly wrong of these"] == (flagged & wrong).sum() == counts.hits
        own = sum(line[f"own_verdict_{name}"] == "1" for line in lines)
        assert row["Own verdict: called wrong"] == own == one["n_flagged"]


def test_the_area_that_is_drawn_is_the_score_of_the_table(study: Study) -> None:
    rows = range(0, len(study.wrong), 50)
    areas = [trapezoid_area(study.paths(row)).mean() for row in rows]
    np.testing.assert_allclose(areas, study.score("inn")[list(rows)], atol=1e-6)


def test_a_choice_that_makes_no_sense_is_not_taken(monkeypatch) -> None:
    state: dict = {}
    monkeypatch.setattr("streamlit.session_state", state)
    start = Chosen({"inn": 0.5}, "inn", -1)
    for told in (None, "x", {"digest": "other", "sample": 3}):
        state["c"] = {"state": told}
        assert chosen("c", "d", start) == start
    state["c"] = {
        "state": {"digest": "d", "cuts": {"inn": float("nan"), "knn": 0.2, "aum": "1"}, "focus": 5, "sample": 7}
    }
    assert chosen("c", "d", start) == Chosen({"inn": 0.5, "knn": 0.2}, "inn", 7)


def test_the_code_names_the_very_study() -> None:
    namespace: dict = {}
    exec(code_of(DETECTION).split("result =")[0], namespace)
    assert namespace["study"] == DETECTION
