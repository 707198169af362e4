"""The noise that is injected into one's own labels: which kinds there are, one's own matrix, and what of it is taken home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.experiments import uploads
from lab.experiments.queueing import JobQueue
from lab.noise import Matrix, Semantic, Symmetric
from lab.specs import UploadBudget, UploadForecast, UploadInjection, UploadRetrain, UploadStudy
from lab.ui.noise_matrix import UNIT, to_steps, write_matrix
from lab.ui.yours_code import code_of
from lab.ui.yours_noise import kinds_for
from lab.ui.yours_report import report_html
from lab.ui.yours_study import Study
from tests.pages import made_upload as made

PAGE = Path(__file__).parents[2] / "pages" / "yours.py"
FOUND = np.full((3, 3), 0.05) + np.eye(3) * 0.85  # as the made study estimates it
OWN = "Your own matrix"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    return uploads.keep(b"length,species\n1,a\n", "flowers.csv").digest


@pytest.fixture
def asked(line: JobQueue, monkeypatch: pytest.MonkeyPatch) -> list:
    """The injections that the page asked for."""
    seen: list = []
    answer = made.answering(line)

    def submit(request, lane=None):
        seen.extend([request] if isinstance(request, UploadInjection) else [])
        return answer(request, lane)

    monkeypatch.setattr("lab.ui.jobs.submit", submit)
    return seen


@pytest.fixture
def open_what_if(kept: str, asked: list) -> Callable[..., AppTest]:
    def open_what_if(**params: str) -> AppTest:
        page = AppTest.from_file(str(PAGE), default_timeout=60)
        page.query_params.update({"data": kept, "section": "What if"} | params)
        page.run()
        assert not page.exception
        return page

    return open_what_if


@pytest.fixture
def study(kept: str) -> Study:
    return Study(made.study(UploadStudy(upload=uploads.kept(kept))))


def test_every_kind_is_there_that_needs_no_labels_by_people(open_what_if) -> None:
    picker = open_what_if().selectbox(key="more-model")
    assert picker.options == [
        "Symmetric",
        "Uniform",
        "Flip",
        "The mistakes found here",
        "Look-alike classes",
        OWN,
        "Random asymmetric",
        "Toy asymmetric",
        "One place per class",
        "From spread to one place",
        "Hard samples",
    ]
    assert "labels by people" in picker.help


def test_kinds_that_do_not_fit_the_classes_are_left_out() -> None:
    assert not {"random", "toy"} & set(kinds_for(2, mistakes=True))
    assert not {"found", "look-alikes"} & set(kinds_for(10, mistakes=False))
    assert "matrix" in kinds_for(20, mistakes=True)
    assert "matrix" not in kinds_for(21, mistakes=True)
    assert "found" in kinds_for(21, mistakes=True)


def test_each_kind_is_asked_for(open_what_if, asked) -> None:
    page = open_what_if()
    for kind in page.selectbox(key="more-model").options[1:]:
        page.selectbox(key="more-model").set_value(kind).run()
        assert not page.exception
    names = [type(request.noise).__name__ for request in asked]
    first = ["Symmetric", "Uniform", "Flip", "Matrix", "Semantic"]  # one's own matrix starts as the one found here
    assert names == [
        *first,
        "RandomAsymmetric",
        "ToyAsymmetric",
        "LocallyConcentrated",
        "Concentrated",
        "InstanceDependent",
    ]


def test_the_mistakes_found_here_are_repeated_as_estimated(open_what_if, asked) -> None:
    open_what_if(**{"more-model": "The mistakes found here", "more-part": "0.5"})
    assert asked[-1].noise == Matrix(0.5, FOUND)


def test_look_alikes_are_those_most_often_confused_here(open_what_if, asked) -> None:
    page = open_what_if(**{"more-model": "Look-alike classes"})
    assert asked[-1].noise == Semantic(0.1, {0: 1, 1: 0, 2: 0})
    assert any("setosa → \\<b>bold" in one.value for one in page.caption)


def test_ones_own_matrix_starts_from_the_estimate_and_is_no_part_of_the_address_before_it_is_typed(
    open_what_if, asked
) -> None:
    page = open_what_if(**{"more-model": OWN})
    assert asked[-1].noise == Matrix(1.0, FOUND)
    assert "more-T" not in page.query_params
    next(button for button in page.button if "evenly" in button.label).click().run()
    assert asked[-1].noise == Matrix(1.0, Symmetric(0.2).transition(3))
    assert "more-T" in page.query_params


def test_without_an_estimate_the_matrix_starts_at_twenty_percent_evenly(open_what_if, asked, monkeypatch) -> None:
    monkeypatch.setattr(Study, "mistakes", None)
    page = open_what_if(**{"more-model": OWN})
    assert asked[-1].noise == Matrix(1.0, Symmetric(0.2).transition(3))
    assert any("No mistakes could be estimated" in one.value for one in page.caption)


def test_a_link_holds_the_matrix_and_other_labels_take_it_out(open_what_if, asked) -> None:
    T = np.array([[0.7, 0.3, 0], [0, 1, 0], [0.1, 0.1, 0.8]])
    link = {"more-model": OWN, "more-T": write_matrix(to_steps(T))}
    open_what_if(**link)
    assert asked[-1].noise == Matrix(1.0, T)
    page = open_what_if(section="In", **link)
    page.selectbox(key="label-column").set_value("colour").run()
    assert not page.exception
    assert "more-T" not in page.query_params


def test_a_row_that_does_not_sum_to_one_is_one_sentence_and_nothing_is_asked(open_what_if, asked) -> None:
    steps = to_steps(FOUND)
    steps[1, 1] = 0
    page = open_what_if(**{"more-model": OWN, "more-T": write_matrix(steps)})
    assert not asked
    assert [one.value for one in page.error] == [r"Each row must sum to 1\: “\<b>bold\</b>” sums to 0.1."]
    next(button for button in page.button if button.label == "Scale rows to 1").click().run()
    assert asked[-1].noise == Matrix(1.0, np.array([FOUND[0], [0.5, 0, 0.5], FOUND[2]]))


@pytest.mark.parametrize("text", ["not-a-matrix", "", write_matrix(UNIT * np.eye(4, dtype=np.int64))])
def test_a_damaged_matrix_in_the_link_is_left_out(open_what_if, asked, text) -> None:
    page = open_what_if(**{"more-model": OWN, "more-T": text})
    assert asked[-1].noise == Matrix(1.0, FOUND)
    assert len(page.warning) == bool(text)


def test_a_link_to_the_page_about_noise_sets_none_of_these_controls(open_what_if, asked) -> None:
    noise_page = {"model": OWN, "share": "0.9", "T": write_matrix(UNIT * np.eye(3, dtype=np.int64)), "part": "0.3"}
    open_what_if(**noise_page)
    assert asked[-1].noise == Symmetric(0.1)
    open_what_if(**{"more-share": "0.25"})
    assert asked[-1].noise == Symmetric(0.25)


def test_many_classes_have_no_grid_and_a_sentence_on_why(open_what_if, asked, monkeypatch) -> None:
    many = made.study

    def of_many(request):
        run = many(request)
        T = 0.9 * np.eye(30) + 0.1 / 30
        run.metrics["classes"] = [f"class {i}" for i in range(30)]
        run.arrays.update(T=T, T_low=T, T_high=T)
        return run

    monkeypatch.setitem(made.ANSWERS, UploadStudy, of_many)
    page = open_what_if()
    assert OWN not in page.selectbox(key="more-model").options
    assert any("at most 20 classes, and these are 30" in one.value for one in page.caption)
    page.selectbox(key="more-model").set_value("The mistakes found here").run()
    assert np.shape(asked[-1].noise.corruption) == (30, 30)


def test_class_names_in_and_around_the_grid_are_never_markup(open_what_if) -> None:
    for kind in (OWN, "Look-alike classes"):
        page = open_what_if(**{"more-model": kind})
        shown = [one.value for part in (page.markdown, page.caption, page.error) for one in part]
        assert not any("<b>" in words.replace("\\<", "") for words in shown)


@pytest.mark.parametrize(
    "make",
    [
        lambda study: study,
        lambda study: UploadInjection(study=study, noise=Matrix(0.5, FOUND)),
        lambda study: UploadForecast(study=study),
        lambda study: UploadBudget(study=study),
        lambda study: UploadRetrain(study=study, decisions=((3, "relabel", 'a "b"'),)),
    ],
)
def test_the_code_of_every_question_names_that_very_question(study, make) -> None:
    request, namespace = make(study.run.request), {}
    code = code_of(request, 'a "file".csv')
    exec(code.split("result =")[0].replace("uploads.keep", "len((1, ))  # "), namespace)
    assert namespace["asked"] == request
    compile(code, "code", "exec")


def test_the_report_has_the_matrix_and_the_answer_of_what_was_asked(study) -> None:
    request = study.run.request
    runs = [
        made.injection(UploadInjection(study=request, noise=Matrix(0.5, FOUND))),
        made.forecast(UploadForecast(study=request)),
        made.budget(UploadBudget(study=request)),
        made.retrain(UploadRetrain(study=request)),
    ]
    html = report_html("flowers.csv", study, "auto", {}, runs)
    for question in (
        "more labels were wrong",
        "there were more or less noise",
        "I checked some labels",
        "I trained again",
    ):
        assert f"<h2>What if {question}?</h2>" in html
    assert "Your own matrix, rate 0.5: 10.0" in html
    assert html.count("Planned share of each true class") == 2  # in the picture's name and below it
    assert html.count("from_json") == 2 * 5  # the study and each question, imported and called
    for words in ("removed hurts.", "nine tenths should be", "kNN agreement", "Labels checked"):
        assert words in html
    assert "<b>" not in html
    assert "What if" not in report_html("flowers.csv", study, "auto", {})


def test_the_page_puts_the_latest_answers_into_the_report(open_what_if) -> None:
    page = open_what_if()
    page.segmented_control(key="section").set_value("Out").run()
    assert not page.exception
    assert any("with your last answers under “What if”" in one.value for one in page.caption)
