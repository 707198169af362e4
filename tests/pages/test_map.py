"""The page about feature maps without a browser: what it opens with, what its tables count, what it asks a worker for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.experiments.queueing import JobQueue
from lab.experiments.store import store
from lab.figures.packed_ids import ids_to_text
from lab.methods.knn_correction import flow
from lab.specs import TSNE, FeatureMap
from lab.specs.presets import FEATURE_MAPS
from lab.specs.repair import FIRST, correction_of
from lab.ui.map_points import at_k

PAGE = Path(__file__).parents[2] / "pages" / "map.py"
KNET, DRO = FEATURE_MAPS["KNET Fig. 4"], FEATURE_MAPS["DRO Fig. 1"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def links(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The parameters of every link to another page; run by itself, a page knows no other."""
    found: list[dict[str, str]] = []
    monkeypatch.setattr("streamlit.page_link", lambda page, **look: found.append(look["query_params"]))
    return found


@pytest.fixture
def open_map(line: JobQueue) -> Callable[..., AppTest]:
    def open_map(**params: str) -> AppTest:
        page = AppTest.from_file(str(PAGE), default_timeout=60)
        page.query_params.update(params)
        page.run()
        assert not page.exception
        return page

    return open_map


def messages(page: AppTest) -> dict[str, Any]:
    """Headers and bodies that the scatter was sent, by part."""
    found: dict[str, Any] = {}
    for element in page.get("bidi_component"):
        if element.proto.bytes:
            heading, _, body = element.proto.bytes.partition(b"\n")
            size = int.from_bytes(body[:4], "little")
            found[json.loads(heading).get("part", "points")] = json.loads(body[4 : 4 + size])
        else:
            heading, body = json.loads(element.proto.json)
            found[heading["part"]] = body
    return found


def counts(page: AppTest) -> dict[str, tuple[int, int]]:
    """Of each line of the counts: on the map, selected."""
    text = next(one.value for one in page.markdown if one.value.startswith("| Who is right"))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    return {row[0]: (int(row[2]), int(row[3])) for row in cells}


def the_run(study: FeatureMap) -> Run:
    run = shipped(study.digest)
    assert run is not None
    return run


def state_of(study: FeatureMap, ids: list[int]) -> dict[str, Any]:
    """What the browser reports when these points are selected."""
    return {"state": {"revision": 0, "colour": "", "hidden": [], "ids": ids_to_text(np.array(ids))}}


def test_it_opens_with_finished_maps_and_asks_no_worker(open_map, line: JobQueue) -> None:
    page = open_map()
    sent = messages(page)
    assert sent.keys() == {"points", "map0", "map1", "pictures", "options"}
    assert sent["points"]["n"] == 500
    assert sent["options"]["start"]["colour"] == "predicted, each map its own"
    assert sent["options"]["own"][0]["labels"] == ["predicted by network", "predicted by kNet"]
    assert not line.running()
    assert any("nominal 40" in one.value and "effective π 36.0" in one.value for one in page.caption)
    assert any("A map is not to scale" in one.value for one in page.caption)


def test_the_circles_count_what_the_table_below_counts(open_map) -> None:
    page = open_map()
    rings = {ring["name"]: ring["total"] for ring in messages(page)["points"]["rings"]}
    table = counts(page)
    assert {name: table[name][0] for name in rings} == rings
    assert sum(on_map for on_map, _ in table.values()) == 500
    page = open_map(k="1")
    rings = {ring["name"]: ring["total"] for ring in messages(page)["points"]["rings"]}
    assert {name: counts(page)[name][0] for name in rings} == rings


def test_a_selection_of_the_browser_is_in_every_table_and_survives_another_k(open_map) -> None:
    page = open_map()
    run = the_run(KNET)
    ids = [3, 17, 42, 499]
    page.session_state[f"map-{KNET.digest}"] = state_of(KNET, ids)
    page.run()
    for k in (51, 5):
        view = at_k(run, k)
        assert page.dataframe[0].value["point"].tolist() == ids
        assert page.dataframe[0].value["true label"].tolist() == [str(c) for c in run.arrays["y_true"][ids]]
        assert page.dataframe[1].value.to_numpy().sum() == 4
        assert sum(selected for _, selected in counts(page).values()) == 4
        wrong = view.outcome(left=False, right=True)
        assert counts(page)["network wrong → kNet right"] == (wrong.sum(), wrong[ids].sum())
        assert any(one.value.startswith("Point 3, row 3 of the data") for one in page.markdown)
        page.select_slider(key="k").set_value(5).run()
    assert not page.exception


def test_dro_fig_1_is_one_map_with_two_labels_each(open_map, line: JobQueue) -> None:
    page = open_map(figure="DRO Fig. 1")
    sent, run = messages(page), the_run(DRO)
    assert sent["options"]["own"][0]["labels"] == ["given label, left", "given label, right"]
    assert sent["options"]["start"]["colour"] == "given label, each map its own"
    assert sent["map0"]["corner"] == sent["map1"]["corner"]
    left, right = (run.metrics[side] for side in ("left", "right"))
    shares = [float((run.arrays[name] != run.arrays["y_true"]).mean()) for name in ("y_given", "right_y_given")]
    print(
        f"\nDRO Fig. 1 on digits: wrong labels {shares[0]:.3f} uniform, {shares[1]:.3f} local; test accuracy best/last "
        f"{left['best_test_accuracy']:.3f}/{left['last_test_accuracy']:.3f} and "
        f"{right['best_test_accuracy']:.3f}/{right['last_test_accuracy']:.3f} (as printed: about 1.00 and 0.80)"
    )
    assert abs(shares[0] - shares[1]) < 0.05
    assert left["best_test_accuracy"] >= 0.94
    assert abs(right["last_test_accuracy"] - (1 - shares[1])) <= 0.05
    assert not line.running()


def corrected_runs(rng: np.random.Generator) -> dict[str, Run]:
    """A finished correction of the labels on each map of DRO Fig. 1, its rows in another order; and one of other labels."""
    run, runs = the_run(DRO), {}
    for side, experiment, given in (
        ("left", DRO.left.judge, run.arrays["y_given"]),
        ("right", DRO.right.judge, run.arrays["right_y_given"]),
        ("other", replace(DRO.left.judge, seeds=replace(DRO.left.judge.seeds, noise=9)), run.arrays["y_given"]),
    ):
        order = rng.permutation(len(given))
        true = run.arrays["y_true"][order]
        first, last = given[order], np.where(rng.random(len(true)) < 0.7, true, given[order])
        moves = flow(first.astype(int), last.astype(int), true.astype(int))
        metrics = {
            "initial": {"recovery": float((first == true).mean())},
            "episodes": [{"recovery": float((last == true).mean()), "flow": dict(moves)}],
            "n_train": len(true),
            "uses_clean_labels": False,
        }
        study = correction_of(FIRST, "IterKNN")
        study = replace(study, experiment=replace(experiment, schedule=study.experiment.schedule))
        arrays = {"rows": run.arrays["rows"][order], "labels": np.stack([first, last]).astype(np.uint8)}
        runs[side] = Run(study, metrics, arrays, 1.0)
        store().begin(study)
        store().finish(study.digest, "done", run=runs[side])
    assert store().settle(20)
    return runs


def test_the_labels_of_finished_corrections_stand_at_their_rows_and_are_counted(open_map) -> None:
    runs, run = corrected_runs(np.random.default_rng(0)), the_run(DRO)
    page = open_map(figure="DRO Fig. 1")
    for side in ("left", "right"):
        (digest,) = [one.options for one in page.selectbox if one.label == f"Corrected labels, {side}"]
        assert len(digest) == 1
    assert {"corrected label, left", "corrected label, right"} <= set(messages(page)["points"]["labels"])
    own = {each["name"]: each["labels"] for each in messages(page)["options"]["own"]}
    assert own["corrected label, each map its own"] == ["corrected label, left", "corrected label, right"]
    ids = [3, 5, 77, 901, 1200]
    page.session_state[f"map-{DRO.digest}"] = state_of(DRO, ids)
    page.run()
    lines = page.dataframe[0].value
    assert sorted(lines["point"]) == sorted(ids)
    for side in ("left", "right"):
        arrays, last = runs[side].arrays, runs[side].metrics["episodes"][-1]
        by_row = dict(zip(arrays["rows"].tolist(), arrays["labels"][-1].tolist(), strict=True))
        assert lines[f"corrected label, {side}"].tolist() == [str(by_row[row]) for row in lines["row"]]
        text = next(one.value for one in page.markdown if one.value.startswith(f"| Given label → by IterKNN, {side}"))
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
        table = {row[0]: int(row[1].replace(",", "")) for row in cells}
        assert table["wrong → right"] == last["flow"]["wrong_right"]
        assert table["right → wrong"] == last["flow"]["right_wrong"]
        assert sum(table.values()) == len(run.arrays["rows"])
        assert sum(int(row[2]) for row in cells) == len(ids)
    page = open_map(figure="DRO Fig. 1", **{"corrected-left": runs["other"].request.digest})
    assert any("of other labels" in one.value for one in page.warning)


def test_without_a_finished_correction_the_page_says_how_to_get_one(open_map, links) -> None:
    page = open_map(figure="DRO Fig. 1")
    assert not [one for one in page.selectbox if one.label.startswith("Corrected")]
    assert any(one.value.startswith("To colour by corrected labels") for one in page.caption)
    assert [(link["model"], link["of"]) for link in links] == [
        ("Uniform", "Data and noise of your choice"),
        ("One place per class", "Data and noise of your choice"),
    ]
    for params, words in (({}, "to see some, choose"), ({"figure": "KNET Fig. 4"}, "to see some, unpick the figure")):
        assert any(words in one.value for one in open_map(**params).caption)


@pytest.mark.parametrize(
    ("params", "left", "right"),
    [
        ({"left": "Logits", "left-epoch": "3"}, {"tap": "logits", "epoch": 3}, {}),
        ({"right": "Early layer", "right-epoch": "best"}, {}, {"tap": "early", "epoch": "best"}),
    ],
)
def test_any_layer_and_epoch_can_be_asked_for_from_the_address(open_map, line: JobQueue, params, left, right) -> None:
    open_map(**params)
    assert line.find(replace(KNET, left=replace(KNET.left, **left), right=replace(KNET.right, **right)).digest)


def test_a_frame_of_a_forming_map_is_on_the_page(open_map, line: JobQueue) -> None:
    page = open_map(seed="7")
    study = FeatureMap(left=KNET.left, right=KNET.right, tsne=TSNE(seed=7))
    job = line.find(study.digest)
    assert job is not None
    job.begin()
    y = np.arange(90, dtype=np.uint8) % 10
    frame = {"classes": list("0123456789"), "y": y.tobytes(), "n_iterations": 750, "kl": 1.5}
    for side, iteration in ((0, 0), (0, 50), (1, 25)):
        places = np.random.default_rng(iteration).normal(size=(90, 2)).astype(np.float16).tobytes()
        job.show(frame | {"map": side, "iteration": iteration, "places": places})
    page.run()
    sent = messages(page)
    assert sent["points"]["n"] == 90
    assert [one["note"] for one in sent["options"]["maps"]] == ["Iteration 50 of 750.", "Iteration 25 of 750."]
    page.session_state["ended-badly"] = {job.id}  # as the clock of the progress does
    job.finish("failed", error="perplexity must be at most 16.3, a third of the 49 others, got 30")
    page.run()
    assert "Perplexity must be at most 16.3" in page.error[0].value
    assert not page.exception


def test_junk_in_the_link_never_raises(open_map) -> None:
    page = open_map(left="x", right="<b>", k="99999", figure="nope", seed="-3", perplexity="inf", n="1e9", part="?")
    assert messages(page)["points"]["n"] == 500
