"""The page about noise: it opens finished, says what is wrong where it stands, and its table is its download."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from lab.experiments import Run
from lab.experiments.worker_labels import run_labels
from lab.noise import Matrix
from lab.specs import DataSource, LabelStudy
from lab.specs.presets import LABELS
from lab.ui.noise_matrix import first_matrix, read_matrix, write_matrix
from lab.ui.noise_samples import _row
from lab.ui.noise_study import labels_csv, safe_text

PAGE = Path(__file__).parents[2] / "pages" / "noise.py"
KINDS = (
    "Look-alike classes",
    "Symmetric",
    "Uniform",
    "Flip",
    "Random asymmetric",
    "Your own matrix",
    "One place per class",
    "From spread to one place",
    "Hard samples",
    "No noise",
)


@pytest.fixture
def asked(monkeypatch) -> list[LabelStudy]:
    """Studies that the page asked for; they are computed at once, in this process."""
    studies: list[LabelStudy] = []

    def submit(study: LabelStudy, lane: str | None = None) -> SimpleNamespace:
        studies.append(study)
        try:
            run, error = run_labels(study, lambda fraction, message: None), None
        except ValueError as problem:
            run, error = None, str(problem)
        status = "failed" if error else "done"
        return SimpleNamespace(id=study.digest, run=run, error=error, status=status, finished=True)

    monkeypatch.setattr("lab.ui.jobs.submit", submit)
    monkeypatch.setattr("lab.ui.jobs.find", lambda digest: None)
    return studies


@pytest.fixture
def open_page(asked, monkeypatch) -> Callable[..., AppTest]:
    monkeypatch.delenv("LAB_DATA", raising=False)

    def open_page(**params: str) -> AppTest:
        page = AppTest.from_file(str(PAGE), default_timeout=30)
        for name, value in params.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return open_page


def charts(page: AppTest) -> dict[str, dict]:
    """The figures by their title."""
    found = [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]
    return {figure["layout"]["title"]["text"]: figure for figure in found}


def numbers(values: object) -> np.ndarray:
    """An array of a figure's JSON, which may be base64."""
    if isinstance(values, dict):
        import base64

        flat = np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
        return flat.reshape([int(n) for n in values["shape"].split(",")]) if "shape" in values else flat
    return np.array(values, dtype=float)


def test_it_opens_with_a_finished_run_and_asks_no_worker(open_page, asked) -> None:
    page = open_page()
    assert asked == []
    assert [metric.value for metric in page.metric] == ["40%", "20.1%", "21.2%", "40.4%"]
    assert list(charts(page)) == ["Planned", "Drawn here", "Labels of each class, before and after"]
    assert not page.error
    assert not page.warning


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_noise_is_drawn(open_page, kind: str) -> None:
    page = open_page(model=kind)
    assert not page.error
    figures = charts(page)
    assert "Drawn here" in figures
    placed = kind in KINDS[6:9]
    assert ("Planned" in figures) != placed
    assert ("All classes" in figures) == placed


def test_the_figures_are_the_numbers_of_the_download(open_page, asked) -> None:
    page = open_page(model="Symmetric", share="0.3")
    run = run_labels(asked[-1], lambda fraction, message: None)
    table = pd.read_csv(io.BytesIO(labels_csv(run)), dtype={"clean": str, "given": str})
    figures = charts(page)
    _, after = figures["Labels of each class, before and after"]["data"]
    assert numbers(after["y"]).tolist() == table["given"].value_counts().sort_index().tolist()
    share = pd.crosstab(table["clean"], table["given"], normalize="index").to_numpy()
    np.testing.assert_allclose(numbers(figures["Drawn here"]["data"][0]["z"]), 100 * share, atol=0.051)
    assert page.metric[2].value == f"{table['changed'].mean():.1%}"
    assert (table["changed"] == (table["clean"] != table["given"])).all()


def test_classes_that_lose_the_plurality_are_named_with_the_rate(open_page) -> None:
    page = open_page(set="Iris", model="Flip", share="0.5")
    assert "“setosa”, “versicolor”, “virginica” lost the plurality" in page.warning[0].value
    assert "from a nominal rate of 50% on" in page.warning[0].value


def test_a_typed_cell_makes_the_matrix_ones_own_and_a_bad_row_is_named(open_page, asked) -> None:
    steps = first_matrix(3)
    page = open_page(set="Iris", model="Your own matrix", T=write_matrix(steps))
    np.testing.assert_allclose(asked[-1].noise.corruption, steps / 10_000)
    steps[0] = [9000, 500, 500]
    page = open_page(set="Iris", model="Your own matrix", T=write_matrix(steps))
    assert asked[-1].noise == Matrix(1.0, steps / 10_000)
    steps[2, 0] = 5000
    before = len(asked)
    page = open_page(set="Iris", model="Your own matrix", T=write_matrix(steps))
    assert len(asked) == before
    assert any("row of “virginica”" in error.value for error in page.error)


def test_a_matrix_that_does_not_sum_to_one_is_kept_and_scaled_on_request(open_page, asked) -> None:
    page = open_page(model="Your own matrix")
    steps = first_matrix(10)
    steps[4, 4] = 9000
    page.session_state["matrix-desk"] = {10: steps}
    page.run()
    assert any("“4” sums to 1.3" in error.value for error in page.error)
    page.button[0].click().run()
    assert not page.error
    assert asked[-1].noise.corruption[4][4] == pytest.approx(0.9 / 1.3, abs=1e-4)


@pytest.mark.parametrize(
    "params",
    [
        {"set": "nope", "model": "zzz", "share": "99", "draw": "-3", "rows": "many", "mode": "?"},
        {"model": "Your own matrix", "T": "not-a-matrix"},
        {"model": "One place per class", "clusters": "0", "pick": "any", "focus": "cat"},
        {"imbalance": "a rare pair", "whole": "0", "rare": "0"},
        {"set": "../../etc/passwd"},
    ],
)
def test_junk_in_the_link_never_raises(open_page, params: dict[str, str]) -> None:
    page = open_page(**params)
    assert page.metric


def test_missing_data_is_one_sentence_that_says_where_it_belongs(open_page, tmp_path, monkeypatch) -> None:
    page = open_page(set="CIFAR-10")
    assert "CIFAR-10 is read from the server’s folder LAB" in page.error[0].value
    assert "cifar-10-batches-py/data" in page.error[0].value.replace("\\", "")
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    page = AppTest.from_file(str(PAGE), default_timeout=30)
    page.query_params["set"] = "CIFAR-10"
    page.run()
    assert "CIFAR-10 is not on this server" in page.error[0].value
    assert "Shown meanwhile: Digits" in page.info[0].value.replace("\\", "")


def test_a_table_in_lab_data_is_found_and_its_classes_become_known(open_page, tmp_path, monkeypatch) -> None:
    rows = [f"{i % 7},{i % 5},{name}" for i, name in enumerate(["=cat", "<b>dog</b>"] * 20)]
    (tmp_path / "mine.csv").write_text("a,b,label\n" + "\n".join(rows))
    page = open_page()
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    page.run()
    page.selectbox(key="set").select("mine.csv").run()
    assert not page.exception
    assert "Your own matrix" in page.selectbox(key="model").options
    table = next(frame.value for frame in page.dataframe if "truth" in frame.value)
    assert set(table["truth"]) == {"=cat", "<b>dog</b>"}


def test_class_names_are_text_in_the_strip_and_no_formula_in_the_download() -> None:
    run = run_labels(LABELS, lambda fraction, message: None)
    names = ["<script>alert(1)</script>", "=SUM(A1)", "+1", "-1", "@x", "a", "b", "c", "d", "e"]
    odd = Run(run.request, run.metrics | {"classes": names}, run.arrays, run.seconds)
    for c in range(10):
        assert "<script" not in _row(odd, c)
    assert "&lt;script&gt;" in _row(odd, 0)
    table = pd.read_csv(io.BytesIO(labels_csv(odd)))
    assert set(table["clean"]) == {names[0], "'=SUM(A1)", "'+1", "'-1", "'@x", "a", "b", "c", "d", "e"}
    assert safe_text("\t=1") == "'\t=1"


def test_a_link_of_every_control_is_short(open_page) -> None:
    page = open_page(model="Your own matrix", part="0.55", draw="12345", mode="exact count per class", rows="1000")
    text = "&".join(
        f"{name}={value[0] if isinstance(value, list) else value}" for name, value in page.query_params.items()
    )
    assert len(text) < 1500
    text = page.query_params["T"]
    assert read_matrix(text if isinstance(text, str) else text[0], 10).shape == (10, 10)


def test_the_same_settings_ask_for_the_same_study(open_page, asked) -> None:
    for _ in range(2):
        open_page(set="Wine", model="Uniform", share="0.25", draw="7")
    assert asked[0] == asked[1]
    assert asked[0].dataset == DataSource(name="wine")
    assert asked[0].noise.rate == 0.25
    assert asked[0].seed == 7
