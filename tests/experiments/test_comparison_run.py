"""A comparison's run: its numbers are those of the library's parts, agree with one another, and bad data is a sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.analysis.calibration import calibration
from lab.analysis.knet_field import softmax
from lab.core.threads import threads
from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.experiments.progress import Stopped, unheard
from lab.experiments.worker_comparison import N_SHOWN, run_comparison
from lab.experiments.worker_knet_sizes import run_knet_sizes
from lab.neighbors import NeighborTable
from lab.noise import Uniform
from lab.specs import Comparison, DataSource, Experiment, KNet, KNetSizes, Schedule
from lab.specs.backbones import DigitsMLP
from lab.specs.code import as_code
from lab.specs.methods import CrossEntropy
from lab.specs.presets import COMPARISON, KNET_SIZES, TRAININGS

QUICK = KNet(epochs=2, fixed_ks=(1, 5))
IRIS = Experiment(
    dataset=DataSource(name="iris"), noise=Uniform(0.3), backbone=DigitsMLP(), method=CrossEntropy(),
    schedule=Schedule(epochs=2, batch_size=16),
)  # fmt: skip
SIZES = ("mended", "broken", "both_right", "both_wrong")


@pytest.fixture(scope="module")
def run() -> Run:
    with threads(1):
        return run_comparison(replace(COMPARISON, knet=QUICK), unheard)


def changed(monkeypatch, **arrays: np.ndarray) -> None:
    """The shipped training with other arrays."""
    before = shipped(TRAININGS[0].digest)
    assert before is not None
    other = Run(before.request, before.metrics, before.arrays | arrays, before.seconds)
    monkeypatch.setattr("lab.experiments.worker_comparison_ground.finished", lambda *args, **more: other)


def test_the_network_and_the_votes_are_those_of_the_training(run: Run) -> None:
    training = shipped(TRAININGS[0].digest)
    assert training is not None
    accuracy = run.metrics["accuracy"]
    assert accuracy["network"] == pytest.approx(training.metrics["last"]["test_accuracy"], abs=1e-6)
    features = [training.arrays[f"{part}_features"].astype(np.float32) for part in ("train", "test")]
    table = NeighborTable.build(*features)
    y, given = training.arrays["test_y"], training.arrays["y_given"]
    for k in (1, 11, 101):
        votes = table.predict(given, k)
        np.testing.assert_array_equal(run.arrays["knn"][:, k - 1], votes)
        assert accuracy["knn"][k - 1] == pytest.approx((votes == y).mean(), abs=1e-6)
        shares = table.votes_at(given, 10, k) / k
        told = run.metrics["calibration"]["knn"]
        for against, labels in (("clean", y), ("given", run.arrays["y_noisy"])):
            assert told[against]["ece"][k - 1] == pytest.approx(calibration(shares, labels).ece, abs=1e-6)
    np.testing.assert_array_equal(run.arrays["neighbours"], table.idx)


def test_the_counts_add_up_and_are_the_difference_of_the_accuracies(run: Run) -> None:
    m, accuracy = len(run.arrays["y"]), run.metrics["accuracy"]
    for name in ("knn", "knet"):
        counts = np.array([run.metrics["changes"][name][size] for size in SIZES])
        assert (counts.sum(axis=0) == m).all()
        gain = np.array(accuracy[name]) - accuracy["network"]
        np.testing.assert_allclose((counts[0] - counts[1]) / m, gain, atol=2e-6)


def test_knet_follows_from_what_is_kept_of_it(run: Run) -> None:
    """The browser computes kNet's answer from these parts, for the k that is dragged."""
    a = run.arrays
    for k in (1, 51, 101):
        logits = np.maximum(a["knet_start"] + a["knet_kappa"][k - 1] * a["knet_k"], 0) @ a["knet_w"].T + a["knet_b"]
        probs = softmax(logits)
        assert (probs.argmax(axis=1) == a["knet"][:, k - 1]).mean() > 0.998  # but for ties in the last digit
        assert probs.max(axis=1).mean() == pytest.approx(run.metrics["imitation"]["max_knet"][k - 1], abs=1e-5)


def test_costs_are_the_papers_formulas_and_measured_times(run: Run) -> None:
    cost = run.metrics["cost"]
    assert cost["knn"]["numbers"] == 1297 * 64
    assert cost["knet"]["numbers"] == 65 * 16 + 16 + 2 * 16 + 16 * 10 + 10
    assert all(cost[name]["microseconds"] > 0 for name in ("network", "knn", "knet"))


def test_given_labels_of_test_rows_are_wrong_as_often_as_those_of_training_rows(run: Run) -> None:
    a = run.arrays
    here, there = (a["y_noisy"] != a["y"]).mean(), (a["y_given"] != a["y_clean"]).mean()
    assert abs(here - there) < 4 * np.sqrt(there * (1 - there) / len(a["y"]))


@pytest.mark.parametrize("features", ["raw", "mid", "logits"])
def test_it_is_done_on_raw_inputs_and_on_other_taps(features: str) -> None:
    found = run_comparison(replace(COMPARISON, knet=QUICK, features=features, z_score=True, metric="cosine"), unheard)
    assert found.metrics["n_features"] == {"raw": 64, "mid": 256, "logits": 10}[features]
    assert found.metrics["accuracy"]["knn"][50] > 0.5


def test_the_best_weights_may_be_asked_instead_of_the_last() -> None:
    training = shipped(TRAININGS[0].digest)
    assert training is not None
    found = run_comparison(replace(COMPARISON, knet=QUICK, weights="best"), unheard)
    assert found.metrics["accuracy"]["network"] == pytest.approx(training.metrics["best"]["test_accuracy"], abs=1e-6)


def test_few_rows_give_few_neighbours_and_no_fixed_net_beyond_them() -> None:
    found = run_comparison(Comparison(experiment=IRIS, knet=replace(QUICK, fixed_ks=(1, 101))), unheard)
    n = found.metrics["n_train"]
    assert found.metrics["k_max"] == min(101, n - 1)
    assert "train_pictures" not in found.arrays
    assert list(found.metrics["accuracy"]["fixed"]) == ["1"] + ["101"] * (n > 101)


def test_nan_features_are_a_sentence(monkeypatch) -> None:
    features = shipped(TRAININGS[0].digest).arrays["train_features"].copy()
    features[3, 5] = np.nan
    changed(monkeypatch, train_features=features)
    with pytest.raises(ValueError, match="reference must be finite numbers"):
        run_comparison(replace(COMPARISON, knet=QUICK), unheard)


@pytest.mark.parametrize("kind", ["constant", "one class", "missing class", "40 identical rows"])
def test_odd_data_get_a_right_answer(monkeypatch, kind: str) -> None:
    before = shipped(TRAININGS[0].digest).arrays
    given, features = before["y_given"].copy(), before["train_features"].copy()
    if kind == "constant":
        features[:] = 1
    elif kind == "one class":
        given[:] = 4
    elif kind == "missing class":
        given[given == 9] = 0
    else:
        features[:40] = features[0]
    changed(monkeypatch, y_given=given, train_features=features)
    found = run_comparison(replace(COMPARISON, knet=KNet(epochs=20)), unheard)
    truth = found.arrays["y"]
    if kind == "one class":
        assert (found.arrays["knn"] == 4).all()
        assert (found.arrays["knet"] == 4).mean() > 0.98
        assert found.metrics["accuracy"]["knn"][0] == pytest.approx((truth == 4).mean(), abs=1e-6)
    if kind == "missing class":
        assert not (found.arrays["knn"] == 9).any()
    assert np.isfinite(found.metrics["imitation"]["difference"]).all()
    assert found.metrics["choice"]["left_one_out"]["log_loss"][0] < np.inf


def test_without_test_rows_the_training_rows_are_asked_and_none_votes_for_itself(monkeypatch) -> None:
    before = shipped(TRAININGS[0].digest).arrays
    changed(monkeypatch, test_y=before["test_y"][:0])
    found = run_comparison(replace(COMPARISON, knet=QUICK), unheard)
    assert found.metrics["left_out"]
    rows = np.arange(found.metrics["n_train"])[:, None]
    assert not (found.arrays["neighbours"] == rows).any()
    np.testing.assert_array_equal(found.arrays["y_noisy"], found.arrays["y_given"])


def test_a_stop_is_felt_between_two_epochs_of_knet() -> None:
    def stop(fraction: float, message: str) -> None:
        if "kNet" in message:
            raise Stopped

    with pytest.raises(Stopped):
        run_comparison(COMPARISON, stop)


def test_sizes_are_measured_on_the_comparison_itself(run: Run) -> None:
    study = KNetSizes(comparison=run.request, widths=(4, 16), kappas=("scaled",), ks=(1, 51))
    told = run_knet_sizes(study, unheard).metrics
    assert [one["parameters"] for one in told["widths"]] == [322, 1258]
    same = told["widths"][1]
    assert same["difference"]["51"] == pytest.approx(run.metrics["imitation"]["difference"][50], abs=1e-6)
    assert same["accuracy"]["1"] == pytest.approx(run.metrics["accuracy"]["knet"][0], abs=1e-6)
    assert told["kappas"][0] == same


def test_what_ships_is_whole_and_small() -> None:
    for request in (COMPARISON, KNET_SIZES):
        found = shipped(request.digest)
        assert found is not None, f"lab gallery build --only {request.digest}"
        assert found.request == request
    assert shipped(COMPARISON.digest).nbytes < 500_000
    assert shipped(COMPARISON.digest).arrays["distances"].shape == (500, N_SHOWN)


def test_as_code_gives_the_same_numbers(run: Run, capsys) -> None:
    code = as_code(run.request)
    exec(compile(code, "as code", "exec"), {})
    said = capsys.readouterr().out
    assert said.splitlines()[0] == run.request.digest
    assert f"kNet [{run.metrics['accuracy']['knet'][0]}" in said
