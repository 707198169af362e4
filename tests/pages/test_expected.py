"""The page about expected accuracy: it opens finished, shows the paper's figures, and says what is wrong where it stands."""

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
from numpy.polynomial.chebyshev import chebval
from streamlit.testing.v1 import AppTest

from lab.analysis.plurality_noise import uniform_noise_accuracy
from lab.experiments.worker_blind import run_blind
from lab.experiments.worker_check import run_check
from lab.experiments.worker_forecast import run_forecast
from lab.noise import Concentrated, Flip, Matrix, Uniform
from lab.specs import BlindForecast, Forecast, ForecastCheck, NoData, from_json, to_json
from lab.specs.forecast import even_levels
from lab.specs.presets import DRO_FIGURES, FORECAST, TRAININGS
from lab.ui.forecast_figures import PRESETS, WORDS
from lab.ui.forecast_form import controls_of, read_ks, write_ks
from lab.ui.forecast_view import curves_csv, votes_csv
from lab.ui.noise_matrix import first_matrix, write_matrix

PAGE = Path(__file__).parents[2] / "pages" / "expected.py"
KINDS = ("Uniform", "Symmetric", "Flip", "Two alternatives", "Look-alike classes", "Your own matrix")


@pytest.fixture
def asked(monkeypatch) -> list[Any]:
    """What the page asked a worker for; it is computed at once, in this process."""
    requests: list[Any] = []
    monkeypatch.setattr("lab.experiments.worker_check.BUDGET", 1000)

    def submit(request: Any, lane: str | None = None) -> SimpleNamespace:
        requests.append(request)
        compute = {Forecast: run_forecast, ForecastCheck: run_check, BlindForecast: run_blind}[type(request)]
        try:
            run, error = compute(request, lambda fraction, message: None), None
        except ValueError as problem:
            run, error = None, str(problem)
        job = SimpleNamespace(id=request.digest, run=run, error=error, status="failed" if error else "done")
        job.finished = True
        return job

    monkeypatch.setattr("lab.ui.jobs.submit", submit)
    monkeypatch.setattr("lab.ui.jobs.find", lambda digest: None)
    return requests


@pytest.fixture(autouse=True)
def _empty_history(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path))


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


def message(page: AppTest) -> dict[str, Any]:
    """What the component was sent."""
    return json.loads(page.get("bidi_component")[0].proto.bytes.partition(b"\n")[2])


def check(page: AppTest) -> None:
    """Ask for the table at the level."""
    next(button for button in page.button if button.label.startswith("Simulate and measure")).click().run()
    assert not page.exception


def linked(page: AppTest, name: str) -> str:
    """A parameter of the address."""
    value = page.query_params[name]
    return value if isinstance(value, str) else value[0]


def drawn(page: AppTest, k: int, level: float) -> float:
    """The accuracy that the component shows."""
    sent = message(page)
    return float(chebval(2 * level / sent["highest"] - 1, sent["coefficients"][sent["ks"].index(k)]))


def table(page: AppTest) -> list[list[str]]:
    text = next(element.value for element in page.markdown if element.value.startswith("| K |"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


def test_it_opens_with_a_finished_forecast_and_its_check_and_asks_no_worker(open_page, asked) -> None:
    page = open_page()
    assert asked == []
    assert message(page)["ks"] == [1, 5, 11, 21, 51, 101]
    head, _, *rows = table(page)
    assert head == ["K", "Theorem 1", "Theorem 1, simulated", "Clean labels kept", "Real neighbours"]
    assert [row[0] for row in rows] == ["1", "5", "11", "21", "51", "101"]
    assert rows[0][1] == f"{drawn(page, 1, 0.6):.1%}".replace("%", "\N{NO-BREAK SPACE}%")
    assert not page.error
    assert not page.info


def test_networks_lie_over_the_curves_and_more_of_them_are_a_button_away(open_page, asked, monkeypatch) -> None:
    page = open_page()
    networks = message(page)["networks"]
    assert networks["levels"] == [0.2, 0.4, 0.6, 0.8, 0.9]
    assert networks["n_seeds"] == 3
    assert any(
        "15 trainings, mean of the seeds: γ = 0.20: last 87.4" in text.value.replace("\N{NO-BREAK SPACE}", " ")
        for text in page.markdown
    )  # the table's words are the figure's numbers
    assert networks["last"][0][0] == pytest.approx(0.874, abs=5e-4)
    assert any("at its largest" in text.value for text in page.markdown)
    assert any("lab sweep" in text.value for text in page.markdown)
    sweep = from_json(next(code.value for code in page.code if '"Sweep"' in code.value))
    assert len(sweep.cells) == 6
    started: list[Any] = []
    monkeypatch.setattr("lab.ui.forecast_networks.submit", started.append)
    next(button for button in page.button if button.label == "Train these 18 networks now").click().run()
    assert started == list(sweep.experiments)
    page.selectbox(key="nets").select_index(0).run()
    assert message(page)["networks"] is None
    assert asked == []


def test_the_noise_is_estimated_without_clean_labels_on_request(open_page, asked) -> None:
    page = open_page(set="Iris", kind="Uniform", ks="1, 4", draws="1", at="0.3")
    next(button for button in page.button if button.label.startswith("Estimate the noise at γ = 0.3")).click().run()
    assert not page.exception
    assert isinstance(asked[-1], BlindForecast)
    assert any("estimated from the given labels alone" in text.value for text in page.markdown)
    assert any(text.value.startswith("| K | Forecast, % |") for text in page.markdown)


def test_neighbours_may_be_looked_for_in_a_trainings_features(open_page, asked) -> None:
    page = open_page()
    page.selectbox(key="by").select_index(2).run()
    assert not page.exception
    assert asked[0].network == TRAININGS[0]
    assert any("in the features of a network" in caption.value for caption in page.caption)
    page.selectbox(key="clean").select_index(2).run()
    assert asked[-1].clean_from == "softmax"
    assert not page.exception


GOLDEN = {  # science.md 3.7: figure, K, level -> accuracy, ties counting as errors
    ("4a", 1, 0.2): 0.8,
    ("4a", 10, 0.4): 0.633103,
    ("4a", 20, 0.45): 0.591361,
    ("4a", 50, 0.4): 0.902193,
    ("4a", 5, 0.5): 0.5,
    ("4d", 1, 0.8): 0.28,
    ("4d", 10, 0.6): 0.86101,
    ("4d", 20, 0.8): 0.70933,
    ("4d", 50, 0.8): 0.95222,
    ("4d", 50, 0.9): 0.62186,
    ("4d", 100, 0.9): 0.84387,
}


@pytest.mark.parametrize("name", DRO_FIGURES)
def test_a_figure_is_one_click_from_the_start_and_shows_the_papers_numbers(open_page, asked, name: str) -> None:
    page = open_page()
    page.button(key=f"figure-{name}").click().run()
    assert not page.exception
    assert asked == []  # curves and table ship finished
    assert len(table(page)) == 2 + len(DRO_FIGURES[name].forecast.ks)
    assert any(text.value.startswith(f"**Fig. {name}.**") for text in page.markdown)
    assert linked(page, "at") == f"{DRO_FIGURES[name].level:g}"
    for (figure, k, level), accuracy in GOLDEN.items():
        if figure == name:
            assert drawn(page, k, level) == pytest.approx(accuracy, abs=6e-6)


def test_ties_drawn_at_random_have_their_own_golden_numbers(open_page) -> None:
    page = open_page(clean="all of the right class", ties="a draw among the tied", ks="10, 20", draws="0")
    assert drawn(page, 10, 0.6) == pytest.approx(0.89668, abs=6e-6)
    assert drawn(page, 20, 0.8) == pytest.approx(0.76390, abs=6e-6)
    assert message(page)["levels"] == []


def test_every_figure_is_what_its_controls_say(open_page, asked) -> None:
    assert set(WORDS) == set(PRESETS)
    for forecast in (figure.forecast for figure in PRESETS.values()):
        assert read_ks(write_ks(forecast.ks)) == forecast.ks
        of_data = {"clean", "draws", "tests", "by", "rows"} if forecast.has_data else {"classes", "purity"}
        assert {"set", "kind", "ks", "ties", "top"} | of_data <= set(controls_of(forecast))


@pytest.mark.parametrize("before", ["", "No data, L = 1,000"], ids=["at first", "after no data"])
@pytest.mark.parametrize("name", PRESETS)
def test_the_address_of_a_figure_is_the_figure(open_page, asked, name: str, before: str) -> None:
    page = open_page()
    for each in filter(None, (before, name)):
        page.button(key=f"figure-{each}").click().run()
    address = {key: linked(page, key) for key in page.query_params}
    again = open_page(**address)
    assert message(again) == message(page)
    assert again.button(key=f"figure-{name}").proto.type == "primary"
    assert asked == []


def test_without_data_there_is_theorem_1_for_any_number_of_classes_and_nothing_else(open_page, asked) -> None:
    page = open_page(set="None: theory alone", classes="300", ks="3, 50", top="0.8", at="0.7")
    assert asked == [Forecast(dataset=NoData(n_classes=300), ks=(3, 50), seeds=(), levels=even_levels(0.8))]
    for k in (3, 50):
        assert drawn(page, k, 0.7) == pytest.approx(uniform_noise_accuracy(0.7, k, 300), abs=1e-10)
    sent = message(page)
    assert sent["what"] == "Theory alone, no data, 300 classes, uniform noise"
    assert (sent["levels"], sent["networks"], sent["n_classes"]) == ([], None, 300)
    assert any("no data were used" in caption.value for caption in page.caption)
    assert any(text.value.startswith("Real neighbours, networks, and the estimate") for text in page.markdown)
    assert [title.value for title in page.subheader] == ["How exact is it?"]
    hidden = {"by", "clean", "draws", "tests", "nets", "rows"}
    assert not hidden & {widget.key for kind in ("selectbox", "slider", "number_input") for widget in page.get(kind)}
    page.button(key="figure-4a").click().run()
    assert message(page)["n_classes"] == 10
    assert hidden <= {widget.key for kind in ("selectbox", "slider", "number_input") for widget in page.get(kind)}


def test_without_data_votes_are_simulated_and_noise_in_one_place_needs_none(open_page, asked) -> None:
    page = open_page(set="None: theory alone", kind="Flip", classes="2", ks="1, 5", at="0.3")
    next(button for button in page.button if button.label == "Simulate at γ = 0.3").click().run()
    assert table(page)[0] == ["K", "Theorem 1", "Theorem 1, simulated"]
    assert table(page)[2][1] == "70.0\N{NO-BREAK SPACE}%"
    page = open_page(set="None: theory alone", kind="From spread to one place", spot="1.0", ks="1, 5", at="0.3")
    assert drawn(page, 5, 0.3) == pytest.approx(0.7)
    assert not page.subheader
    assert not page.error


def test_without_data_the_curves_can_be_taken_home_and_there_are_no_votes_to_take(open_page, asked) -> None:
    page = open_page(set="None: theory alone", classes="50", ks="7", top="0.8", at="0.4")
    run = run_forecast(asked[0], lambda fraction, message: None)
    middle = list(csv.DictReader(io.StringIO(curves_csv(run).decode())))[100]
    assert float(middle["level"]) == pytest.approx(0.4)
    assert float(middle["effective_rate"]) == pytest.approx(0.4 * 49 / 50)
    assert float(middle["expected_k7"]) == pytest.approx(drawn(page, 7, 0.4), abs=1e-9)
    assert from_json(to_json(run.request)) == asked[0]
    next(button for button in page.button if button.label.endswith("Download")).click().run()
    assert not page.exception
    assert [button.proto.label for button in page.get("download_button")] == ["Curves (CSV)", "Forecast (JSON)"]


@pytest.mark.parametrize("kind", ["Uniform", "Symmetric", "Flip", "Two alternatives", "Your own matrix"])
def test_every_kind_of_noise_that_needs_no_data_is_drawn_without(open_page, asked, kind: str) -> None:
    page = open_page(set="None: theory alone", kind=kind, classes="4", purity="0.8", ks="1, 3")
    assert not page.error
    assert asked[0].dataset == NoData(n_classes=4, purity=0.8)
    assert page.selectbox(key="kind").value == {"Flip": "flip", "Uniform": "uniform", "Symmetric": "symmetric"}.get(
        kind, "two" if kind == "Two alternatives" else "matrix"
    )
    assert drawn(page, 1, 0.0) == pytest.approx(0.8)
    assert "Look-alike classes" not in page.selectbox(key="kind").options


def test_overlap_is_of_all_classes_or_of_the_next_and_a_link_brings_it_back(open_page, asked) -> None:
    others = "of one look-alike class"
    for _ in range(2):
        page = open_page(
            set="None: theory alone", classes="100", purity="0.6", others=others, ks="21", kind="Symmetric"
        )
        assert linked(page, "others") == others
    assert asked[0] == asked[1]
    assert asked[0].dataset == NoData(n_classes=100, purity=0.6, others="next")
    assert any("60 % of a sample" in caption.value.replace("\N{NO-BREAK SPACE}", " ") for caption in page.caption)


def test_what_there_can_not_be_without_data_is_one_sentence_or_the_default(open_page, asked) -> None:
    page = open_page(set="None: theory alone", ks="1002")
    assert [error.value for error in page.error] == ["K must be an integer in \\[1, 1001\\], got 1002."]
    page = open_page(set="None: theory alone", classes="1001", purity="7", kind="Look-alike classes", ks="1")
    assert asked[-1].dataset == NoData()
    assert asked[-1].noise == Uniform(1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_noise_is_drawn(open_page, kind: str) -> None:
    page = open_page(
        set="Iris" if kind != "Look-alike classes" else "Digits", kind=kind, ks="1, 3", draws="1", tests="50"
    )
    assert not page.error
    sent = message(page)
    assert len(sent["mean"]) == len(sent["levels"]) == 10
    assert 0 < sent["effective_factor"] <= 1
    assert not sent["has_place"]


def test_the_dial_shows_one_minus_gamma_and_who_lies_outside(open_page, asked) -> None:
    page = open_page(set="Iris", kind="From spread to one place", spot="1.0", ks="1, 3", top="0.6", at="0.3")
    assert asked[0].noise == Concentrated(1.0, 1.0)
    sent = message(page)
    assert sent["has_place"]
    assert len(sent["outside"]) == len(sent["levels"])
    check(page)
    assert table(page)[0] == ["K", "Curve", "Place known", "Real neighbours"]
    assert any("1 − γ is 70.0\N{NO-BREAK SPACE}%" in caption.value for caption in page.caption)


def test_where_the_dial_spreads_the_noise_there_is_no_place(open_page, asked) -> None:
    page = open_page(set="Iris", kind="From spread to one place", spot="0", ks="1, 3", top="0.6", at="0.3")
    assert message(page)["outside"] is None
    check(page)
    assert table(page)[0] == ["K", "Curve", "Real neighbours"]
    assert any("choose the kind “Flip”" in text.value for text in page.markdown)


def test_the_figure_the_table_and_the_download_have_the_same_numbers(open_page, asked) -> None:
    page = open_page(set="Iris", kind="Flip", ks="1, 4", top="0.5", draws="2", at="0.25")
    run = run_forecast(asked[0], lambda fraction, message: None)
    sent = message(page)
    lines = list(csv.DictReader(io.StringIO(curves_csv(run).decode())))
    middle = next(row for row in lines if float(row["level"]) == 0.25)
    assert float(middle["expected_k4"]) == pytest.approx(drawn(page, 4, 0.25), abs=1e-9)
    assert float(middle["effective_rate"]) == 0.25
    votes = list(csv.DictReader(io.StringIO(votes_csv(run).decode())))
    here = [float(row["measured_k4"]) for row in votes if float(row["level"]) == 0.25]
    assert len(here) == 2
    assert sent["mean"][5][1] == pytest.approx(np.mean(here))
    check(page)
    assert table(page)[3][-1].startswith(f"{np.mean(here):.1%}".replace("%", "\N{NO-BREAK SPACE}%"))


@pytest.mark.parametrize(
    ("ks", "sentence"),
    [
        ("1, x", "K must be whole numbers with commas between them, got “x”"),
        (",", "K must be whole numbers with commas between them, got “,”"),
        ("5000", "K must be an integer in [1, 1001], got 5000"),
        ("1,2,3,4,5,6,7,8", "Ks must be at most 7, got 8"),
    ],
)
def test_a_wrong_k_is_one_sentence_at_its_control_and_the_page_stands(open_page, asked, ks, sentence) -> None:
    page = open_page(ks=ks)
    assert [error.value.replace("\\", "") for error in page.error] == [f"{sentence}."]
    assert asked == []
    assert "cannot be done" in page.info[0].value
    assert message(page)["ks"] == list(FORECAST.ks)
    assert page.text_input(key="ks").value == ks


def test_a_wrong_matrix_is_said_at_the_noise(open_page, asked) -> None:
    steps = first_matrix(3)
    page = open_page(set="Iris", kind="Your own matrix", T=write_matrix(steps), ks="1")
    assert asked[0].noise == Matrix(1.0, steps / 10_000)
    steps[2, 0] = 5000
    page = open_page(set="Iris", kind="Your own matrix", T=write_matrix(steps), ks="1")
    assert any("row of “virginica”" in error.value for error in page.error)


def test_missing_data_is_one_sentence_that_says_where_it_belongs(open_page) -> None:
    page = open_page(set="MNIST")
    assert "MNIST is read from the server’s folder LAB" in page.error[0].value


@pytest.mark.parametrize(
    "params",
    [
        {"set": "nope", "kind": "zzz", "ks": "9" * 40, "top": "99", "draws": "-3", "tests": "many", "at": "inf"},
        {"kind": "Your own matrix", "T": "not-a-matrix", "at": "<b>"},
        {"kind": "From spread to one place", "spot": "7", "ks": "1", "draws": "0", "at": "nan"},
    ],
)
def test_junk_in_the_link_never_raises(open_page, params: dict[str, str]) -> None:
    assert message(open_page(**params))["ks"]


def test_a_link_brings_back_the_same_forecast_and_level(open_page, asked) -> None:
    params = {"set": "Wine", "kind": "Flip", "ks": "3, 7", "ties": "won", "top": "0.5", "draws": "1", "at": "0.123"}
    for _ in range(2):
        page = open_page(**params)
        assert linked(page, "at") == "0.123"
    first, again = asked
    assert first == again
    check(page)
    assert asked[-1] == ForecastCheck(forecast=first, level=0.123)
    assert first.noise == Flip(1.0)
    assert (first.ks, first.ties, first.highest, first.seeds) == ((3, 7), "optimistic", 0.5, (0,))
