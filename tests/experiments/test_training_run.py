"""A training from its request to its run, on the digits: what it holds, resumption, and bad requests in a sentence."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pytest
import torch

from lab.experiments import Run
from lab.experiments.home import checkpoint_folder
from lab.experiments.progress import Stopped, unheard
from lab.experiments.worker import compute
from lab.experiments.worker_labels import run_labels
from lab.experiments.worker_training import network_of
from lab.noise import LocallyConcentrated
from lab.specs import (
    DataSource,
    LossCorrection,
    RareClass,
    RarePair,
    Record,
    Schedule,
    Seeds,
)
from lab.specs.backbones import MNISTCNN5, DROLeNet
from lab.specs.budget import predicted_seconds, record_bytes
from lab.specs.recipes import RECIPES
from lab.train import checkpoint as checkpoints
from lab.train.training import Training
from tests.experiments.tiny_training import SHORT, SMALL


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Checkpoints of these tests stay among themselves."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The small run, computed once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(tmp_path_factory.mktemp("home")))
        return compute(SMALL, unheard)


def test_the_run_holds_what_is_promised(run: Run) -> None:
    a, m = run.arrays, run.metrics
    snapshot = {f"{part}_{what}" for part in ("train", "test") for what in ("features", "softmax")}
    expected = {"y_given", "y_clean", "rows", "val_rows", "test_y", "last_weights", "best_weights", "consistency"}
    expected |= {"sample_loss", "sample_p_given", "sample_predicted"} | snapshot | {f"epoch2_{s}" for s in snapshot}
    expected |= {f"best_{s}" for s in snapshot} if m["best_epoch"] != 3 else set()
    assert set(a) == expected
    assert a["train_features"].shape == (200, 64)
    assert a["test_softmax"].shape == (500, 10)
    assert a["sample_loss"].shape == (3, 200)
    assert (m["n_train"], m["n_val"], m["n_test"]) == (200, 0, 500)
    assert [point["epoch"] for point in m["epochs"]] == [1, 2, 3]
    assert m["last"] == m["epochs"][-1]
    assert m["best"] == m["epochs"][m["best_epoch"] - 1]
    assert m["best"]["test_accuracy"] == max(point["test_accuracy"] for point in m["epochs"])
    assert m["nominal_rate"] == 0.4
    assert m["effective_rate"] == pytest.approx(0.36)
    assert m["realised_rate"] == (a["y_given"] != a["y_clean"]).mean()
    assert (m["n_parameters"], m["device"], m["uses_clean_labels"]) == (100_682, "cpu", False)


def test_curves_features_and_samples_tell_the_same_story(run: Run) -> None:
    a, last = run.arrays, run.metrics["last"]
    assert last["test_accuracy"] == pytest.approx((a["test_softmax"].argmax(1) == a["test_y"]).mean())
    assert last["train_accuracy"] == pytest.approx((a["sample_predicted"][-1] == a["y_given"]).mean())
    assert last["train_clean_accuracy"] == pytest.approx((a["sample_predicted"][-1] == a["y_clean"]).mean())
    given = a["train_softmax"][np.arange(200), a["y_given"]]
    np.testing.assert_allclose(a["sample_p_given"][-1], given, rtol=2e-3)
    changed = a["y_given"] != a["y_clean"]
    np.testing.assert_allclose(a["consistency"][-1][:2], [given[~changed].mean(), given[changed].mean()], rtol=1e-4)


def test_its_labels_are_those_of_its_label_study(run: Run) -> None:
    study = run_labels(SMALL.label_study, unheard)
    for ours, theirs in (("y_given", "y_given"), ("y_clean", "y_clean"), ("rows", "index")):
        np.testing.assert_array_equal(run.arrays[ours], study.arrays[theirs])
    placed = replace(SMALL, noise=LocallyConcentrated(3), schedule=replace(SHORT, epochs=1))
    study = run_labels(placed.label_study, unheard)
    np.testing.assert_array_equal(compute(placed, unheard).arrays["y_given"], study.arrays["y_given"])


def test_the_network_comes_back_from_the_run(run: Run, tmp_path: Path) -> None:
    run.save(tmp_path)
    again = Run.load(tmp_path)
    x = torch.from_numpy(np.random.default_rng(0).random((5, 1, 8, 8), dtype=np.float32))
    for which in ("last", "best"):
        net = network_of(again, which)
        assert torch.equal(net(x), network_of(run, which)(x))
        assert not net.training
    from lab.data import load

    test = torch.from_numpy(load("digits").test.x)
    np.testing.assert_allclose(network_of(run)(test).softmax(dim=1), run.arrays["test_softmax"], atol=1e-5)


def test_the_budget_computed_before_is_what_the_run_takes(run: Run) -> None:
    whole = record_bytes(SMALL)
    best = 0 if run.metrics["best_epoch"] != 3 else 700 * (2 * 64 + 4 * 10)
    assert run.nbytes + best <= whole <= 1.02 * (run.nbytes + best)


def test_stopped_in_the_middle_and_asked_for_again_it_is_the_same_run(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE", 1e9)

    def stop(fraction: float, message: str, *, point: Mapping[str, float] | None = None) -> None:
        if point is not None and point["epoch"] == 2:
            raise Stopped

    with pytest.raises(Stopped):
        compute(SMALL, stop)
    assert checkpoint_folder(SMALL.digest).is_dir()
    steps = []
    take = Training.batch_loss
    monkeypatch.setattr(Training, "batch_loss", lambda self, rows: steps.append(1) or take(self, rows))
    again = compute(SMALL, unheard)
    assert len(steps) == 200 // 32 + 1  # one epoch, whose rest of 8 rows is too many to wait
    assert {**again.metrics, "seconds": 0} == {**run.metrics, "seconds": 0}
    for name, array in run.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array, err_msg=name)
    assert checkpoint_folder(SMALL.digest).exists()  # until somebody has put the run in safety
    shutil.rmtree(checkpoint_folder(SMALL.digest))


def test_noise_weights_and_batches_have_seeds_of_their_own() -> None:
    def first(**seeds: int) -> dict[str, np.ndarray]:
        request = replace(SMALL, seeds=Seeds(**seeds), schedule=replace(SHORT, epochs=1), record=Record())
        return dict(compute(request, unheard).arrays)

    base, noise, init, batch = first(), first(noise=1), first(init=1), first(batch=1)
    assert (base["y_given"] != noise["y_given"]).any()
    for other in (init, batch):
        np.testing.assert_array_equal(base["y_given"], other["y_given"])
        assert (base["train_softmax"] != other["train_softmax"]).any()
    assert (init["train_softmax"] != batch["train_softmax"]).any()


@pytest.mark.parametrize("stopping", ["noisy", "clean"])
def test_a_tenth_of_the_rows_is_held_out_for_early_stopping(stopping: str) -> None:
    request = replace(SMALL, schedule=replace(SHORT, early_stopping=stopping, patience=1))
    run = compute(request, unheard)
    a, m = run.arrays, run.metrics
    assert (m["n_train"], m["n_val"], len(a["val_rows"])) == (180, 20, 20)
    assert not set(a["rows"]) & set(a["val_rows"])
    assert m["uses_clean_labels"] == (stopping == "clean")
    judge = "val_accuracy" if stopping == "noisy" else "val_clean_accuracy"
    assert m["best"][judge] == max(point[judge] for point in m["epochs"])


def test_two_classes_of_ten_are_tested_on_these_two() -> None:
    run = compute(
        replace(SMALL, dataset=DataSource(), imbalance=RarePair(majority=3, minority=8), record=Record()), unheard
    )
    assert run.metrics["classes"] == ["3", "8"]
    assert set(run.arrays["test_y"]) == {0, 1}
    assert 95 <= run.metrics["n_test"] <= 105
    assert run.arrays["test_softmax"].shape[1] == 2
    assert run.metrics["last"]["test_accuracy"] > 0.5
    rare = compute(replace(SMALL, imbalance=RareClass(class_index=1, fraction=0.5), record=Record()), unheard)
    assert np.bincount(rare.arrays["y_clean"])[1] == 10


@pytest.mark.parametrize("method", [LossCorrection(), LossCorrection(direction="backward")])
def test_a_correction_gets_the_matrix_of_the_noise(method: LossCorrection) -> None:
    run = compute(replace(SMALL, method=method), unheard)
    assert run.metrics["uses_clean_labels"]
    assert len(run.metrics["epochs"]) == 3


@pytest.mark.parametrize("backbone", [MNISTCNN5(), DROLeNet(feature_size=16)], ids=["cnn", "lenet"])
def test_digits_are_images_to_a_convolutional_net(backbone: Any) -> None:
    schedule = Schedule(epochs=1, batch_size=16, augmentation="full", cutout=3, mixup=0.5)
    run = compute(
        replace(SMALL, dataset=DataSource(n=40), backbone=backbone, schedule=schedule, record=Record()), unheard
    )
    assert run.metrics["input_shape"] == [1, 8, 8]


def test_nothing_is_said_after_a_stop_and_every_point_is_said_once(home: Path) -> None:
    said: list[float] = []

    def listen(fraction: float, message: str, *, point: Mapping[str, float] | None = None) -> None:
        if point is not None:
            said.append(point["epoch"])

    compute(SMALL, listen)
    assert said == [1, 2, 3]
    assert not any(home.rglob("*.safetensors"))


@pytest.mark.slow
def test_the_time_predicted_for_the_digits_is_right_within_a_factor_of_two() -> None:
    request = replace(SMALL, dataset=DataSource(), schedule=RECIPES["Digits, 60 epochs"], record=Record())
    compute(SMALL, unheard)  # what is loaded once
    start = process_time()
    compute(request, unheard)
    assert 0.5 < (process_time() - start) / predicted_seconds(request) < 2


@pytest.mark.slow
def test_digits_as_the_papers_analogues_have_them() -> None:
    """Uniform .4 (DRO Fig. 4): the early network is right where the late one has learned the wrong labels by heart."""
    best, last = [], []
    for seed in range(3):
        request = replace(
            SMALL, dataset=DataSource(), schedule=RECIPES["Digits, 60 epochs"], seeds=Seeds(noise=seed, init=seed)
        )
        run = compute(request, unheard)
        best.append(run.metrics["best"]["test_accuracy"])
        last.append(run.metrics["last"]["test_accuracy"])
    assert np.mean(best) > 0.9
    assert np.mean(last) < np.mean(best) - 0.1
