"""The toy page: real on first sight, every control means something, and nothing that is typed breaks it."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1 import AppTest

from lab.experiments import Experiment
from lab.experiments.gallery import shipped
from lab.figures import field_payload
from lab.noise import Matrix, ToyAsymmetric
from lab.specs import KNet, Schedule, Toy, ToyMLP, from_json
from lab.specs.code import as_code
from lab.specs.presets import GALLERY, TOY, TOY_CLEAN
from lab.ui.lessons import load_lesson
from lab.ui.toy_results import bundle, curves_csv, numbers_at, points_csv

WIDGETS = ("selectbox", "number_input", "slider", "toggle", "multiselect")
MATRIX = {"noise": "Your own matrix"}
EACH, FLIP, OWN_WIDTH = {"each": "true"}, {"noise": "Flip"}, {"kwidth": "Your own"}
Control = tuple[str, str, Any, str | list[str]]  # kind, key, a value other than the default, the same in the address
ALWAYS: list[Control] = [
    ("selectbox", "shape", "rings", "Concentric rings"),
    ("number_input", "n", 450, "450"),
    ("slider", "imb", 2.5, "2.5"),
    ("slider", "sep", 1.3, "1.3"),
    ("slider", "spread", 0.7, "0.7"),
    ("number_input", "seed", 4, "4"),
    ("selectbox", "noise", "symmetric", "Symmetric"),
    ("number_input", "width", 32, "32"),
    ("number_input", "epochs", 70, "70"),
    ("number_input", "batch", 96, "96"),
    ("number_input", "lr", 0.01, "0.01"),
    ("selectbox", "stop", "noisy", "On noisy validation labels"),
    ("selectbox", "kwidth", "paper", "Paper (d / 16)"),
    ("selectbox", "kappa", "log", "log k / log 101"),
    ("selectbox", "self", "include", "Votes for itself"),
    ("number_input", "kepochs", 30, "30"),
    ("multiselect", "fixed", [5, 25], ["5", "25"]),
    ("number_input", "s_noise", 1, "1"),
    ("number_input", "s_init", 2, "2"),
    ("number_input", "s_batch", 3, "3"),
]
SOMETIMES: dict[str, tuple[dict[str, str], list[Control]]] = {  # controls that stand there only after another one
    "counts": (EACH, [("number_input", f"n{i}", 90 + i, f"{90 + i}") for i in range(3)]),
    "rate": (FLIP, [("slider", "rate", 0.45, "0.45")]),
    "width": (OWN_WIDTH, [("number_input", "kunits", 12, "12")]),
}
MATRIX_KEYS = [f"t{i}{j}" for i in range(3) for j in range(3)]
KEYS = [key for _, key, *_ in ALWAYS] + [key for _, controls in SOMETIMES.values() for _, key, *_ in controls]
KEYS += ["each", *MATRIX_KEYS]
VIEW_PARAMS = ("k", "view", "panels", "field", "layers", "curve", "step", "hide", "edits")


def change(page: AppTest, kind: str, key: str, value: object) -> None:
    """What a person does to one widget. The first run draws a part of the page, as in the browser; the second all of it."""
    getattr(page, kind)(key=key).set_value(value)
    page.run()
    page.run()
    assert not page.exception


def component(page: AppTest) -> Any:
    """The decision-boundary component's message."""
    return next(one.proto for one in page.get("bidi_component") if one.proto.component_name == "lab_boundaries")


def component_options(page: AppTest) -> dict[str, Any]:
    protos = [one.proto for one in page.get("bidi_component")]
    return json.loads(next(proto.json for proto in protos if proto.component_name == "lab_boundaries_options"))[0]


def drawn(page: AppTest) -> field_payload.Scene:
    return field_payload.decode(component(page).bytes.partition(b"\n")[2])


def draws_the_run_of(page: AppTest, experiment: Experiment) -> bool:
    run = shipped(experiment.digest)
    assert run is not None
    return component(page).bytes.partition(b"\n")[2] == run.arrays["payload"].tobytes()


def edit(page: AppTest, *messages: dict[str, Any]) -> None:
    """Changes of labels as the component sends them."""
    trigger = f"$$STREAMLIT_INTERNAL_KEY_{component(page).id}__events"
    value = json.dumps([{"event": "edit", "value": list(messages)}])
    page._run(WidgetStates(widgets=[WidgetState(id=trigger, json_trigger_value=value)]))
    page.run()
    assert not page.exception


def sentences(page: AppTest) -> list[str]:
    return [re.sub(r"\\(.)", r"\1", error.value) for error in page.error]


# First sight


def test_the_page_opens_with_a_finished_run_and_asks_no_worker(open_page, monkeypatch) -> None:
    monkeypatch.setattr("lab.ui.jobs.submit", lambda *asked: pytest.fail("a worker was asked"))
    page = open_page()
    assert draws_the_run_of(page, TOY)
    assert not page.error
    assert not page.warning
    assert any(TOY.digest in caption.value for caption in page.caption)


def test_the_controls_stand_on_the_shipped_experiment(open_page, described) -> None:
    open_page()
    assert described == [TOY]


@pytest.mark.parametrize("step", range(1, 7))
def test_every_step_of_the_lesson_shows_a_shipped_run(open_page, described, step) -> None:
    page = open_page(step=str(step))
    assert described[-1].digest in {experiment.digest for experiment in GALLERY if isinstance(experiment, Experiment)}
    assert draws_the_run_of(page, described[-1])
    state, view = component_options(page)["state"], load_lesson("toy")["steps"][step - 1]["view"]
    assert {name: state[name] for name in view} == view


# Controls


def widget_keys(page: AppTest) -> set[str]:
    return {widget.key for kind in WIDGETS for widget in getattr(page, kind)}


def test_the_list_of_controls_is_complete(open_page) -> None:
    pages = [open_page(), open_page(**FLIP), open_page(**EACH, **MATRIX, **OWN_WIDTH)]
    assert set().union(*map(widget_keys, pages)) == set(KEYS)


@pytest.mark.parametrize(("others", "controls"), [({}, ALWAYS), *SOMETIMES.values()], ids=["always", *SOMETIMES])
def test_every_control_changes_the_experiment_and_the_address_says_the_same(
    open_page, described, others, controls
) -> None:
    page = open_page(**others)
    for kind, key, value, _ in controls:
        before = described[-1].digest
        change(page, kind, key, value)
        assert described[-1].digest != before, key
    mine = described[-1]
    open_page(**others, **{key: text for _, key, _, text in controls})
    assert described[-1] == mine


def test_counts_by_hand_change_the_experiment(open_page, described) -> None:
    page = open_page(n="90")
    change(page, "toggle", "each", True)
    assert described[-1].dataset == Toy(n_per_class=(500, 500, 500))


def test_every_cell_of_the_matrix_counts(open_page, described) -> None:
    page, T = open_page(**MATRIX), ToyAsymmetric().transition(3)
    assert described[-1].noise == Matrix(1.0, T.tolist())
    for i, (gives, takes) in enumerate(((0, 1), (1, 2), (2, 0))):
        T[i, gives] -= 0.05
        T[i, takes] += 0.05
        for j in (gives, takes):
            page.number_input(key=f"t{i}{j}").set_value(float(T[i, j]))
        page.run()
        page.run()
        assert described[-1].noise == Matrix(1.0, T.tolist())


def test_a_change_draws_its_own_group_and_the_result_alone(open_page) -> None:
    page = open_page()
    page.number_input(key="s_noise").set_value(1).run()
    assert widget_keys(page) == {"s_noise", "s_init", "s_batch"}
    assert component(page)


def test_fixed_knets_beyond_the_data_are_left_out_and_named(open_page, described) -> None:
    page = open_page(n="10")
    assert described[-1].method.fixed_ks == (1,)
    assert [info.value for info in page.info] == ["Left out: k = 51. A point has only 29 neighbours here."]


# Impossible input


BAD: dict[str, tuple[dict[str, str], str, str, Any, str]] = {
    "no points": ({}, "number_input", "n", 0, "“Points per class” must be an integer >= 5, got 0."),
    "too many": ({}, "number_input", "n", 10**9, "Total of points must be in [30, 20000], got 3000000000."),
    "one small class": ({"each": "true"}, "number_input", "n1", 2, "“Points per class” must be an integer >= 5, got 2."),
    "imbalance": ({"n": "50"}, "slider", "imb", 20.0, "Smallest class must be at least 5 points, got 2."),
    "negative seed": ({}, "number_input", "seed", -1, "“Seed of the data” must be an integer in [0, 4294967295], got -1."),
    "noise seed": ({}, "number_input", "s_noise", -7, "“Which labels flip” must be an integer in [0, 4294967295], got -7."),
    "narrow": ({}, "number_input", "width", 1, "“Units per hidden layer” must be an integer in [2, "),
    "no epochs": ({}, "number_input", "epochs", 0, "“Epochs” must be an integer in [1, 2000], got 0."),
    "tiny batch": ({}, "number_input", "batch", 2, "“Batch size” must be an integer in [4, 65536], got 2."),
    "no step": ({}, "number_input", "lr", 0.0, "“Learning rate” must be a finite number in [1e-06, 10], got 0.0."),
    "no hidden unit": (
        {"kwidth": "Your own"}, "number_input", "kunits", 0, "“Hidden units” must be an integer in [1, 4096], got 0."),
    "a row that does not sum to 1": (
        MATRIX, "number_input", "t10", 0.5,
        "The row of class “left” must be three numbers >= 0 that sum to 1, got 0.5 + 0.7 + 0.2 = 1.4."),
    "a negative cell": (
        MATRIX | {"t21": "0.5"}, "number_input", "t22", -0.1,
        "The row of class “right” must be three numbers >= 0 that sum to 1, got 0.2 + 0.5 + -0.1 = 0.6."),
}  # fmt: skip


@pytest.mark.parametrize(("others", "kind", "key", "value", "sentence"), BAD.values(), ids=BAD)
def test_impossible_input_gets_one_sentence_and_nothing_is_lost(
    open_page, described, line, others, kind, key, value, sentence
) -> None:
    page = open_page(**others)
    asked = list(line._jobs)
    change(page, kind, key, value)
    (said,) = sentences(page)
    assert said.startswith(sentence)
    assert getattr(page, kind)(key=key).value == value
    assert draws_the_run_of(page, TOY), "the last finished run still stands there"
    assert list(line._jobs) == asked
    assert "Nothing new can be computed" in page.warning[0].value


def test_an_impossible_link_says_so_outside_the_closed_group(open_page) -> None:
    page = open_page(epochs="0", s_init="-1")
    assert len(page.error) == 2
    assert not any(expander.error for expander in page.expander)
    assert "“Network” and “Seeds”" in page.warning[0].value
    assert draws_the_run_of(page, TOY)


# Jobs


def test_progress_stands_over_the_run_before(open_page, line, described) -> None:
    page = open_page(seed="4")
    assert line.find(described[-1].digest).status == "queued"
    assert len(page.get("progress")) == 1
    assert [button.label for button in page.button].count("Stop") == 1
    assert draws_the_run_of(page, TOY)
    assert component_options(page)["busy"] is True


def test_stop_stops_the_job(open_page, line, described) -> None:
    page = open_page(seed="4")
    next(button for button in page.button if button.label == "Stop").click().run()
    assert line.find(described[-1].digest).status == "stopped"


def test_a_stop_is_said_before_the_worker_has_heard_it(open_page, line, described) -> None:
    page = open_page(seed="4")
    job = line.take("quick")
    assert job.id == described[-1].digest
    next(button for button in page.button if button.label == "Stop").click().run()
    assert (job.status, job.stop_asked) == ("running", True)
    assert [warning.value for warning in page.warning] == ["Stopped. Below is the last finished run."]
    assert not page.get("progress")
    assert not {"Stop", "Try again"} & {button.label for button in page.button}
    line.finish(job, "stopped")
    page.run()
    assert line.find(job.id) is job, "it is not asked for again"
    assert [warning.value for warning in page.warning] == ["Stopped. Below is the last finished run."]
    assert "Try again" in {button.label for button in page.button}


@pytest.mark.parametrize(("ending", "said"), [("failed", "error"), ("stopped", "warning")])
def test_a_job_that_ended_badly_says_so_and_is_tried_again_on_request_only(
    open_page, line, described, monkeypatch, ending, said
) -> None:
    def submit(request: Experiment, lane: str | None = None) -> object:
        job = line.submit(request)
        if ending == "stopped":
            job.cancel()
        else:
            line.finish(job, ending, error="given labels must be of at least two classes, got 'top'")
        return job

    monkeypatch.setattr("lab.ui.jobs.submit", submit)
    page = open_page(seed="4")
    first = line.find(described[-1].digest)
    page.run()
    assert line.find(described[-1].digest) is first, "a rerun of the page does not ask again"
    words = {
        "failed": ["Given labels must be of at least two classes, got 'top'."],
        "stopped": ["Stopped. Below is the last finished run."],
    }
    assert [element.value for element in getattr(page, said)] == words[ending]
    assert len(page.error) + len(page.warning) == 1
    assert component_options(page)["busy"] is False
    assert draws_the_run_of(page, TOY)
    monkeypatch.setattr("lab.ui.jobs.submit", line.submit)
    next(button for button in page.button if button.label == "Try again").click()
    page.run()
    page.run()
    assert line.find(described[-1].digest) is not first
    assert len(page.get("progress")) == 1


# The address


def test_hide_hides_the_named_groups_and_no_other(open_page) -> None:
    styles = [html.proto.body for html in open_page(hide="network,seeds,nonsense,</style>").get("html")]
    assert [style for style in styles if "st-key-group-" in style] == [
        "<style>.st-key-group-network, .st-key-group-seeds { display: none; }</style>"
    ]
    assert not any("st-key-group-" in html.proto.body for html in open_page().get("html"))


JUNK = ("", "junk", "-1", "0", "1e999", "nan", "9" * 5000, "<b>x</b>", "none", "1,2,3", "true", "\0", "٣", "½", "%")


@pytest.mark.parametrize("junk", JUNK, ids=lambda text: ascii(text[:9]))
def test_junk_in_every_parameter_is_left_out_or_explained(open_page, junk) -> None:
    for others in ({}, EACH | MATRIX | OWN_WIDTH):
        page = open_page(**dict.fromkeys([*KEYS, *VIEW_PARAMS], junk) | others)
        assert component(page)
        assert all(text.endswith(".") for text in sentences(page))


@given(params=st.dictionaries(st.sampled_from([*KEYS, *VIEW_PARAMS]), st.text(max_size=12)))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_address_breaks_the_page(open_page, params) -> None:
    assert component(open_page(**params))


def test_the_address_carries_the_view(open_page) -> None:
    state = {"k": 33, "view": "fig2", "panels": ["network", "knn", "bayes"], "field": "probability", "layers": [],
             "curve": "agreement", "revision": 0}  # fmt: skip
    page = open_page()
    page.session_state["boundaries"] = {"state": state}
    page.run()
    link = page.query_params
    assert link == {"k": "33", "view": "fig2", "panels": "network,knn,bayes", "field": "probability",
                    "layers": "none", "curve": "agreement"}  # fmt: skip
    assert "kNN, k = 33" in page.markdown[-1].value
    again = component_options(open_page(**link))["state"]
    assert again == {name: value for name, value in state.items() if name != "revision"}


@given(chosen=st.lists(st.sampled_from(ALWAYS), min_size=1, max_size=8, unique_by=lambda control: control[1]))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_link_gives_the_same_experiment_in_a_fresh_session(open_page, described, chosen) -> None:
    page = open_page()
    for kind, key, value, _ in chosen:
        getattr(page, kind)(key=key).set_value(value)
    page.run()
    page.run()
    mine = described[-1]
    open_page(**{key: text for _, key, _, text in chosen})
    assert described[-1] == mine
    assert described[-1].digest == mine.digest


# Labels set by hand


def test_labels_set_by_hand_change_the_experiment_and_undo_takes_them_back(open_page, described) -> None:
    page = open_page()
    edit(page, {"n": 1, "ids": [3, 5], "label": 2})
    assert described[-1] == replace(TOY, edits=((3, 2), (5, 2)))
    link = page.query_params["edits"]
    edit(page, {"n": 2, "ids": [5, 8], "label": 0})
    assert described[-1].edits == ((3, 2), (5, 0), (8, 0))
    edit(page, {"n": 3, "undo": True})
    assert described[-1].edits == ((3, 2), (5, 2))
    assert page.query_params["edits"] == link
    edit(page, {"n": 4, "reset": True})
    assert described[-1] == TOY
    assert "edits" not in page.query_params
    edit(page, {"n": 5, "undo": True})
    assert described[-1].edits == ((3, 2), (5, 2)), "a reset can be undone too"
    edit(page, {"n": 6, "undo": True}, {"n": 7, "undo": True}, {"n": 8, "undo": True})
    assert described[-1] == TOY
    open_page(edits=link)
    assert described[-1].edits == ((3, 2), (5, 2))


def test_labels_set_by_hand_belong_to_their_data_set(open_page, described) -> None:
    page = open_page()
    edit(page, {"n": 1, "ids": [3], "label": 2})
    change(page, "number_input", "seed", 1)
    assert described[-1].edits == ()
    change(page, "number_input", "seed", 0)
    assert described[-1].edits == ((3, 2),)


def test_damaged_edits_in_a_link_are_left_out_and_said(open_page, described) -> None:
    page = open_page(edits="AAAA")
    assert described[-1] == TOY
    assert [warning.value for warning in page.warning] == [
        "Edits in the link must be whole, got a damaged text; they are left out."
    ]


# The lesson


def press(page: AppTest, key: str) -> None:
    page.button(key=key).click()
    page.run()
    assert not page.exception


def test_the_tour_goes_forth_and_back_and_returns_what_was_entered(open_page, described) -> None:
    page = open_page(sep="1.5", noise="Symmetric", rate="0.4")
    mine = described[-1]
    press(page, "tour")
    assert (page.query_params["step"], described[-1]) == ("1", TOY_CLEAN)
    assert page.button(key="lesson-back").disabled
    press(page, "lesson-next")
    assert (page.query_params["step"], described[-1]) == ("2", TOY)
    press(page, "lesson-back")
    assert (page.query_params["step"], described[-1]) == ("1", TOY_CLEAN)
    for _ in range(5):
        press(page, "lesson-next")
    assert page.query_params["step"] == "6"
    assert page.button(key="lesson-next").disabled
    press(page, "lesson-leave")
    assert "step" not in page.query_params
    assert described[-1] == mine


def test_a_step_reveals_after_a_guess_only(open_page) -> None:
    page, step = open_page(step="3"), load_lesson("toy")["steps"][2]
    assert not page.info
    page.radio[0].set_value(step["choices"][0]).run()
    assert [info.value for info in page.info] == [step["reveal"]]


def test_a_link_to_a_step_may_say_more_than_the_step(open_page, described) -> None:
    page = open_page(step="3", k="77", seed="9")
    state = component_options(page)["state"]
    assert (state["k"], state["layers"]) == (77, ["points", "wrong"])
    assert described[-1] == replace(TOY, dataset=Toy(seed=9))


# What is taken home


def test_the_table_says_what_the_metrics_and_the_download_say(open_page) -> None:
    run = shipped(TOY.digest)
    k, metrics = 19, run.metrics
    accuracy, agreement = metrics["accuracy"], metrics["agreement"]
    assert numbers_at(run, k)[:4] == [
        ("kNN, k = 19", accuracy["knn"][18], agreement["knn"][18], 96_000),
        ("kNet, k = 19", accuracy["knet"][18], agreement["knet"][18], 1_139),
        ("fixed kNet, k = 1", accuracy["fixed"]["1"], agreement["fixed"]["1"], 1_139),
        ("fixed kNet, k = 51", accuracy["fixed"]["51"], agreement["fixed"]["51"], 1_139),
    ]
    row = list(csv.DictReader(io.StringIO(curves_csv(run).decode())))[k - 1]
    assert {name: float(value) for name, value in row.items()} == {
        "k": 19, "bayes_accuracy": metrics["bayes_accuracy"],
        **{f"{method}_{measure}": metrics[measure][method][18]
           for method in ("knn", "knet") for measure in ("accuracy", "agreement")},
        **{f"network_{measure}": metrics[measure]["network"] for measure in ("accuracy", "agreement")},
        **{f"fixed_knet_{own}_{measure}": metrics[measure]["fixed"][own]
           for own in ("1", "51") for measure in ("accuracy", "agreement")},
    }  # fmt: skip
    table = open_page(k="19").markdown[-1].value
    for name, right, agrees, kept in numbers_at(run, k):
        size = "–" if kept is None else f"{kept:,}"
        assert f"| {name} | {100 * right:.2f}\u00a0% | {100 * agrees:.2f}\u00a0% | {size} |" in table


def test_the_points_in_the_download_are_the_points_of_the_figure(open_page) -> None:
    run, scene = shipped(TOY.digest), drawn(open_page())
    rows = list(csv.DictReader(io.StringIO(points_csv(run).decode())))
    assert [float(row["x"]) for row in rows] == pytest.approx(scene.points[:, 0].tolist(), abs=1e-6)
    assert [row["given"] for row in rows] == [scene.classes[label] for label in scene.y_given]
    wrong = (scene.y_given != scene.y_clean).tolist()
    assert [row["changed"] == "True" for row in rows] == wrong
    assert sum(wrong) / len(wrong) == pytest.approx(run.metrics["realised_rate"])


def test_the_bundle_holds_everything(open_page) -> None:
    run = shipped(TOY.digest)
    with zipfile.ZipFile(io.BytesIO(bundle(run))) as archive:
        assert set(archive.namelist()) == {"experiment.json", "experiment.py", "points.csv", "curves.csv"}
        assert from_json(archive.read("experiment.json").decode()) == TOY
        assert archive.read("curves.csv") == curves_csv(run)


def open_window(page: AppTest, name: str) -> None:
    next(button for button in page.button if button.label.endswith(name)).click()
    page.run()
    assert not page.exception


def test_link_code_and_downloads_are_made_when_opened(open_page) -> None:
    page = open_page(k="19")
    page.context["url"] = "http://lab.example/toy?old=1"
    assert not page.code
    open_window(page, "Copy link")
    assert [element.value for element in page.code] == ["http://lab.example/toy?k=19"]
    open_window(page, "As code")
    assert [element.value for element in page.code] == [as_code(TOY).strip()]
    open_window(page, "Download")
    labels = [button.proto.label for button in page.get("download_button")]
    assert labels == ["Curves (CSV)", "Points (CSV)", "Experiment (JSON)", "Everything (ZIP)"]


@pytest.mark.slow
def test_the_code_runs_by_itself_and_prints_the_digest(tmp_path) -> None:
    tiny = Experiment(
        dataset=Toy(n_per_class=12),
        backbone=ToyMLP(width=4),
        schedule=Schedule(epochs=1),
        method=KNet(epochs=1),
        grid=20,
    )
    script = tmp_path / "experiment.py"
    script.write_text(as_code(tiny))
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == tiny.digest
