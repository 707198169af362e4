"""Feature maps from the request to the run: what forms on the way, and that the arrays say what the networks say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lab.analysis.map_quality import layer_study
from lab.analysis.tsne import fit_map
from lab.core.threads import threads
from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.experiments.progress import Stopped, unheard
from lab.experiments.worker import compute
from lab.experiments.worker_map import run_map
from lab.experiments.worker_map_layers import judge_layers, lay_out_layers
from lab.experiments.worker_map_scores import learnt_in
from lab.experiments.worker_map_sides import Side, Trained, all_layers, network_after, shelf
from lab.experiments.worker_training import network_of
from lab.neighbors import NeighborTable
from lab.noise import Uniform
from lab.specs import TSNE, FeatureMap, KNet, MapSource, Record
from lab.specs.presets import FEATURE_MAPS, TRAININGS
from tests.experiments.tiny_training import SMALL

QUICK = TSNE(perplexity=10, early_iterations=50, iterations=50)
PLAIN = FeatureMap(
    left=MapSource(experiment=SMALL),
    right=MapSource(experiment=SMALL, tap="knet"),
    knet=KNet(epochs=4),
    tsne=QUICK,
    n=90,
)


class Watcher:
    """Somebody who looks at every frame, and may have had enough."""

    def __init__(self, enough: int | None = None) -> None:
        self.frames: list[Mapping[str, Any]] = []
        self.enough = enough

    def __call__(self, fraction: float, message: str, *, point: Mapping[str, float] | None = None) -> None:
        assert 0 <= fraction <= 1
        if self.enough is not None and len(self.frames) >= self.enough:
            raise Stopped

    def show(self, frame: Mapping[str, Any]) -> None:
        self.frames.append(frame)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def seen() -> Watcher:
    return Watcher()


@pytest.fixture(scope="module")
def whole(seen: Watcher) -> Run:
    """All 500 test rows."""
    return compute(replace(PLAIN, n=500), seen)


@pytest.fixture(scope="module")
def few() -> Run:
    """90 of them, and the circled ones."""
    return compute(PLAIN, unheard)


@pytest.fixture(scope="module")
def trained() -> Run:
    return compute(SMALL, unheard)


def test_both_maps_form_in_frames_of_at_most_50_iterations(whole: Run, seen: Watcher) -> None:
    for index, side in enumerate(("left", "right")):
        frames = [frame for frame in seen.frames if frame["map"] == index]
        at = [frame["iteration"] for frame in frames]
        assert at[0] == 0
        assert at[-1] == frames[-1]["n_iterations"] == 100
        assert max(np.diff(at)) <= 50
        last = np.frombuffer(frames[-1]["places"], np.float16).reshape(-1, 2).astype(float)
        places = whole.arrays[f"{side}_places"]
        np.testing.assert_allclose(last, places / np.abs(places).max(), atol=0.02)  # the end is centred
        assert np.frombuffer(frames[0]["y"], np.uint8).tolist() == whole.arrays["y_true"].tolist()
        assert sum(len(value) for value in frames[0].values() if isinstance(value, bytes)) == 5 * 500


def test_a_stop_is_heard_within_a_frame() -> None:
    watcher = Watcher(enough=3)
    with pytest.raises(Stopped):
        run_map(replace(PLAIN, n=500), watcher)
    assert len(watcher.frames) == 3


def test_the_same_request_gives_the_same_coordinates(whole: Run) -> None:
    again = compute(replace(PLAIN, n=500), unheard)
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(array, again.arrays[name], err_msg=name)


def test_answers_votes_and_neighbours_are_those_of_the_training(whole: Run, trained: Run) -> None:
    arrays, ks = whole.arrays, whole.metrics["ks"]
    np.testing.assert_array_equal(arrays["y_true"], trained.arrays["test_y"])
    predicted = trained.arrays["test_softmax"].argmax(axis=1)
    np.testing.assert_array_equal(arrays["left_answers"], predicted[:, None])
    assert arrays["right_answers"].shape == (500, len(ks))
    features = [np.asarray(trained.arrays[f"{part}_features"], dtype=np.float32) for part in ("train", "test")]
    table = NeighborTable.build(*features, k_max=101)
    y = trained.arrays["y_given"].astype(np.int64)
    at = ks.index(11)
    np.testing.assert_array_equal(arrays["left_votes"][:, at], table.predict(y, 11))
    own = (y[table.idx[:, :11]] == arrays["y_true"][:, None]).sum(axis=1)
    np.testing.assert_array_equal(arrays["left_agree"][:, at], own)
    np.testing.assert_allclose(arrays["left_dist"], table.dist[:, :8], rtol=1e-6)
    near = arrays["left_near"].astype(int) - 500  # none of them is a test row
    np.testing.assert_array_equal(arrays["cast_given"][near], y[table.idx[:, :8]])
    np.testing.assert_array_equal(arrays["cast_true"][near], trained.arrays["y_clean"][table.idx[:, :8]])
    wrong = arrays["left_answers"][:, 0] != arrays["y_true"]
    assert whole.metrics["left"]["accuracy"][0] == pytest.approx(1 - wrong.mean())
    assert whole.metrics["left"]["last_test_accuracy"] == pytest.approx(1 - wrong.mean(), abs=1e-6)


def test_above_the_budget_all_circled_rows_stay_and_it_is_told(whole: Run, few: Run) -> None:
    at = PLAIN.k == np.array(few.metrics["ks"])
    wrong = (whole.arrays["left_answers"] != whole.arrays["y_true"][:, None]).ravel()
    wrong |= (whole.arrays["right_answers"][:, at] != whole.arrays["y_true"][:, None]).ravel()
    assert set(np.flatnonzero(wrong)) <= set(few.arrays["rows"])
    assert 90 <= len(few.arrays["rows"]) < 500
    assert (few.metrics["n_all"], few.metrics["n_circled"]) == (500, wrong.sum())


@pytest.fixture(scope="module")
def sides(trained: Run) -> dict[str, Any]:
    """Both sides with all 500 test rows."""
    take = shelf(unheard)
    both = {"left": PLAIN.left, "right": PLAIN.right}
    return {
        name: (Side(source, "test", take, ks=(5, PLAIN.k), k=PLAIN.k, knet=PLAIN.knet), np.arange(500))
        for name, source in both.items()
    }


def numbers(rows: list[dict[str, Any]]) -> np.ndarray:
    return np.array([[row["silhouette"], row["knn_accuracy"]] for row in rows])


def test_layers_are_judged_by_all_rows_whether_on_the_map_or_not(whole: Run, few: Run, trained: Run) -> None:
    opened = Trained(trained, "last", unheard)
    layers = all_layers(opened.network, opened.data.parts["test"].rows, np.arange(500))
    study = layer_study(layers, trained.arrays["test_y"].astype(np.int64))
    assert numbers(whole.metrics["layers"][:5]).tolist() == [[one.silhouette, one.knn_accuracy] for one in study]
    assert len(few.arrays["rows"]) < 500
    np.testing.assert_allclose(numbers(few.metrics["layers"]), numbers(whole.metrics["layers"]), atol=2e-5)


def test_layers_that_do_not_fit_at_once_are_asked_one_by_one(sides, whole: Run, monkeypatch) -> None:
    monkeypatch.setattr("lab.experiments.worker_map_layers.MOST_BYTES", 1000)
    asked: list[Any] = []
    layers = Trained.layers
    monkeypatch.setattr(Trained, "layers", lambda *args: asked.append(args[3]) or layers(*args))
    rows = judge_layers(PLAIN, sides, unheard)
    assert asked[1:] == [("early",), ("mid",), ("last_conv",), ("penultimate",), ("logits",)]
    np.testing.assert_allclose(numbers(rows), numbers(whole.metrics["layers"]), atol=2e-5)


def test_of_too_many_rows_a_random_part_judges_the_layers_and_says_how_sure_it_is(
    sides, whole: Run, monkeypatch
) -> None:
    monkeypatch.setattr("lab.experiments.worker_map_layers.MOST_JUDGED", 250)
    for one, other in zip(judge_layers(PLAIN, sides, unheard), whole.metrics["layers"], strict=True):
        assert one["silhouette_error"] > 1.2 * other["silhouette_error"]
        assert 0 < abs(one["silhouette"] - other["silhouette"]) < 5 * one["silhouette_error"]


def test_a_stop_is_heard_while_layers_are_judged(sides) -> None:
    heard: list[str] = []

    def report(fraction: float, message: str) -> None:
        heard.append(message)
        if message.startswith("judging layer 2 of 6"):
            raise Stopped

    with pytest.raises(Stopped):
        judge_layers(PLAIN, sides, report)
    assert heard[-1] == "judging layer 2 of 6 by 500 rows"


def test_a_stop_is_heard_while_layers_are_laid_out(sides) -> None:
    rows = [{"side": "left", "tap": "early"}, {"side": "left", "tap": "mid"}]
    told: list[float] = []

    def report(fraction: float, message: str) -> None:
        told.append(fraction)
        if message == "laying out layer 2 of 2":
            raise Stopped

    with pytest.raises(Stopped):
        lay_out_layers(PLAIN, sides, rows, [], report)
    assert told == sorted(told)
    assert (len(told), told[-1]) == (6, 0.5)


def test_training_rows_know_their_given_label_and_their_neighbours_on_the_map(trained: Run) -> None:
    other = replace(SMALL, noise=Uniform(0.2))
    left = MapSource(experiment=SMALL, epoch="best")
    study = FeatureMap(left=left, right=replace(left, labels_of=other), part="train", tsne=QUICK, inn=True)
    run = compute(study, unheard)
    arrays = run.arrays
    np.testing.assert_array_equal(arrays["rows"], np.sort(trained.arrays["rows"]))
    np.testing.assert_array_equal(arrays["y_given"], trained.arrays["y_given"])
    changed = (arrays["y_given"] != arrays["y_true"]).mean()
    assert changed == pytest.approx(run.metrics["left"]["realised_rate"])
    assert (arrays["right_y_given"] != arrays["y_true"]).mean() < changed
    assert "right_places" not in arrays  # one layout serves both
    assert arrays["left_near"].max() < 200  # every neighbour is on the map
    assert (arrays["left_near"] != np.arange(200)[:, None]).all()
    names = run.metrics["scores"]
    assert names == [
        f"{name}, {side}" for side in ("left", "right") for name in ("loss", "label learnt in epoch", "INN score")
    ]
    inn = arrays[f"score_{names.index('INN score, left')}"]
    right = arrays["y_given"] == arrays["y_true"]
    assert inn[right].mean() > inn[~right].mean()


def test_a_network_after_an_epoch_nobody_kept_is_the_very_one(trained: Run) -> None:
    experiment = trained.request  # whose Record keeps the features after epoch 2
    opened = Trained(trained, 2, unheard)
    network = network_after(experiment, 2, opened.data, unheard)
    rows = opened.data.parts["test"].rows
    found = all_layers(network, rows, np.arange(len(rows)))["penultimate"]
    kept = trained.arrays["epoch2_test_features"].astype(np.float32)
    np.testing.assert_allclose(found, kept, rtol=2e-3, atol=2e-3)
    last = all_layers(network_of(trained), rows, np.arange(len(rows)))["penultimate"]
    assert np.abs(last - kept).max() > 0.05


@pytest.mark.parametrize("tap", ["early", "logits", "input"])
def test_any_layer_after_any_epoch_can_be_a_map(tap: str) -> None:
    record = replace(SMALL, record=Record(samples=False))
    left = MapSource(experiment=record, tap=tap, epoch=1)
    run = compute(replace(PLAIN, left=left, right=MapSource(experiment=record, epoch="best"), n=60), unheard)
    assert run.metrics["left"]["n_features"] == {"early": 256, "logits": 10, "input": 64}[tap]
    assert run.metrics["left"]["epoch"] == 1
    taps = [row["tap"] for row in run.metrics["layers"] if row["side"] == "left"]
    assert taps == ["early", "mid", "last_conv", "penultimate", "logits"]


def test_an_epoch_after_the_end_is_one_sentence(trained: Run) -> None:
    with pytest.raises(ValueError, match="epoch must be at most 3, where this training ended, got 9"):
        Trained(trained, 9, unheard).epoch  # noqa: B018


def test_too_few_rows_for_the_perplexity_are_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"perplexity must be at most 166\.3, a third of the 499 others, got 300"):
        compute(replace(PLAIN, n=500, tsne=replace(QUICK, perplexity=300)), unheard)


def test_the_epoch_in_which_a_label_was_learnt_is_the_one_since_which_it_is_always_right() -> None:
    predicted = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [1, 1, 1, 0]])
    np.testing.assert_array_equal(learnt_in(predicted, np.ones(4, dtype=int)), [3, 2, 1, np.nan])


def test_the_shipped_maps_are_the_computed_ones() -> None:
    run = shipped(FEATURE_MAPS["KNET Fig. 4"].digest)
    assert run is not None
    features = shipped(TRAININGS[0].digest).arrays["test_features"].astype(np.float32)
    with threads(1):
        fresh = fit_map(features, TSNE())
    closest = np.abs(fresh.coordinates - run.arrays["left_places"]).max() / np.abs(fresh.coordinates).max()
    print(f"\nshipped map against a fresh one: largest difference {closest:.2e} of its reach")
    assert fresh.kl == pytest.approx(run.metrics["left"]["kl"], abs=0.05)
