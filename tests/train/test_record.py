"""What is recorded: the numbers of every epoch worked out again from the network's plain answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.specs import Record, Schedule
from lab.train.evaluate import answer
from lab.train.training import Training
from tests.train import small_training as tiny

PLAIN = Schedule(epochs=3, batch_size=16, optimiser="sgd")


def trained(tmp_path: Path, schedule: Schedule = PLAIN, record: Record = tiny.FULL) -> Training:
    training = tiny.make(schedule, record)
    training.run(tiny.no_checkpoint(tmp_path), tiny.quiet)
    return training


@pytest.fixture(autouse=True)
def in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are compared to more digits than bfloat16 has, which some CPUs multiply."""
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: False)


def plain_probabilities(training: Training, part: str) -> np.ndarray:
    """Softmax in float64 of one row after another, in eval mode."""
    rows = training.recorder.parts[part].rows
    net = training.model.eval()
    with torch.no_grad():
        logits = torch.cat([net(rows[slice(i, i + 1)]) for i in range(len(rows))]).double()
    return logits.softmax(dim=1).numpy()


def test_the_last_point_is_that_of_the_network_as_it_is(tmp_path: Path) -> None:
    training = trained(tmp_path)
    last = training.recorder.points[-1]
    assert last["epoch"] == 3
    for part, labels in training.recorder.parts.items():
        p = plain_probabilities(training, part)
        for y, which in ((labels.y_given, ""), (labels.y_clean, "clean_")):
            if y is None:
                assert f"{part}_clean_accuracy" not in last
                continue
            hit = p[np.arange(len(p)), y.numpy()]
            assert last[f"{part}_{which}accuracy"] == pytest.approx((p.argmax(1) == y.numpy()).mean())
            assert last[f"{part}_{which}loss"] == pytest.approx(-np.log(hit).mean(), rel=1e-4)


def test_every_sample_is_recorded_after_every_epoch(tmp_path: Path) -> None:
    training = trained(tmp_path)
    arrays, part = training.recorder.recorded(), training.recorder.parts["train"]
    p = plain_probabilities(training, "train")
    given = p[np.arange(tiny.N), part.y_given.numpy()]
    np.testing.assert_allclose(arrays["sample_p_given"][-1], given, rtol=2e-3)
    np.testing.assert_allclose(arrays["sample_loss"][-1], -np.log(given), rtol=2e-3, atol=1e-3)
    np.testing.assert_array_equal(arrays["sample_predicted"][-1], p.argmax(1))
    assert {name: array.dtype.name for name, array in arrays.items()} == {
        "sample_loss": "float16",
        "sample_p_given": "float16",
        "sample_predicted": "uint8",
        "consistency": "float32",
    }
    shares = (arrays["sample_predicted"] == part.y_given.numpy()).mean(axis=1)
    np.testing.assert_allclose(shares, [point["train_accuracy"] for point in training.recorder.points], rtol=1e-6)


def test_the_consistency_curves_are_means_at_rows_and_half_way_to_their_neighbours(tmp_path: Path) -> None:
    training = trained(tmp_path)
    part = training.recorder.parts["train"]
    x = part.rows[slice(0, tiny.N)]
    features = answer(training.model.eval(), part.rows, features=True).features
    assert features is not None
    other = tiny.nearest(features.float().numpy())
    with torch.no_grad():
        half_way = training.model.eval()((x + x[torch.from_numpy(other)]) / 2).double().softmax(dim=1).numpy()
    clean = (part.y_given == part.y_clean).numpy()
    expected = []
    for p in (plain_probabilities(training, "train"), half_way):
        given = p[np.arange(tiny.N), part.y_given.numpy()]
        expected += [given[clean].mean(), given[~clean].mean()]
    np.testing.assert_allclose(training.recorder.arrays["consistency"][-1], expected, rtol=1e-4)


def test_features_and_softmax_are_kept_of_chosen_epochs(tmp_path: Path) -> None:
    training = trained(tmp_path)
    kept = training.recorder.snapshots
    assert set(kept) == {f"epoch2_{part}_{what}" for part in ("train", "test") for what in ("features", "softmax")}
    assert kept["epoch2_train_features"].shape == (tiny.N, 5)
    np.testing.assert_allclose(kept["epoch2_test_softmax"].sum(axis=1), 1, rtol=1e-5)
    predicted = kept["epoch2_train_softmax"].argmax(axis=1)
    np.testing.assert_array_equal(predicted, training.recorder.arrays["sample_predicted"][1])


def test_what_is_not_asked_for_is_not_kept(tmp_path: Path) -> None:
    training = trained(tmp_path, record=Record(samples=False))
    assert training.recorder.recorded() == {}
    assert training.recorder.snapshots == {}
    assert len(training.recorder.points) == 3


def test_asking_changes_nothing_about_the_training(tmp_path: Path) -> None:
    """Recording less or more gives the same network."""
    little, much = trained(tmp_path, record=Record(samples=False)), trained(tmp_path)
    for p, q in zip(little.model.parameters(), much.model.parameters(), strict=True):
        assert torch.equal(p, q)


def test_the_same_seeds_give_the_same_run_and_another_order_another(tmp_path: Path) -> None:
    first, second = trained(tmp_path, tiny.EVERYTHING), trained(tmp_path, tiny.EVERYTHING)
    for name, array in tiny.everything(first).items():
        np.testing.assert_array_equal(tiny.everything(second)[name], array, err_msg=name)
    other = tiny.make()
    other.generators["order"].manual_seed(5)
    other.run(tiny.no_checkpoint(tmp_path), tiny.quiet)
    assert other.recorder.points != first.recorder.points


@pytest.mark.parametrize(("stopping", "judge"), [("noisy", "val_accuracy"), ("clean", "val_clean_accuracy")])
def test_early_stopping_ends_after_its_patience_with_the_best_weights(
    stopping: str, judge: str, tmp_path: Path
) -> None:
    training = trained(tmp_path, replace(PLAIN, epochs=30, early_stopping=stopping, patience=3))
    found = [point[judge] for point in training.recorder.points]
    assert training.best_epoch == found.index(max(found)) + 1
    assert training.epoch == min(training.best_epoch + 3, 30)
    training.model.load_state_dict(training.best)
    p, part = plain_probabilities(training, "val"), training.recorder.parts["val"]
    y = part.y_given if stopping == "noisy" else part.y_clean
    assert (p.argmax(1) == y.numpy()).mean() == pytest.approx(max(found))  # type: ignore[union-attr]


def test_without_validation_rows_the_best_epoch_is_that_of_the_test_rows(tmp_path: Path) -> None:
    training = trained(tmp_path)
    found = [point["test_accuracy"] for point in training.recorder.points]
    assert training.best_epoch == found.index(max(found)) + 1
    assert training.epoch == 3


def test_a_loss_that_does_not_stay_finite_ends_the_training_in_a_sentence(tmp_path: Path) -> None:
    training = tiny.make(replace(PLAIN, learning_rate=10.0, epochs=30))
    with torch.no_grad():
        training.model.head.weight[0, 0] = torch.inf
    with pytest.raises(ValueError, match=r"learning_rate must be low enough .* epoch 1, got 10\.0"):
        training.run(tiny.no_checkpoint(tmp_path), tiny.quiet)


def test_the_fraction_said_never_goes_back_and_ends_at_one(tmp_path: Path) -> None:
    fractions: list[float] = []
    tiny.make().run(tiny.no_checkpoint(tmp_path), lambda fraction, **more: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < 0.1
    assert fractions[-1] == 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_no_step_waits_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    training = tiny.make(device=torch.device("cuda"))
    training.train_epoch(lambda rows: None)  # what is set up once may wait
    set_up = training.batch_loss
    taken = []

    def watched(rows: torch.Tensor) -> torch.Tensor:
        torch.cuda.set_sync_debug_mode("error")
        taken.append(len(rows))
        return set_up(rows)

    monkeypatch.setattr(training, "batch_loss", watched)
    try:
        training.train_epoch(lambda rows: None)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert sum(taken) == tiny.N


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_cuda_the_same_seeds_give_the_same_run(tmp_path: Path) -> None:
    runs = []
    for _ in range(2):
        training = tiny.make(device=torch.device("cuda"))
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
            training.run(tiny.no_checkpoint(tmp_path), tiny.quiet)
        runs.append(training)
    for name, array in tiny.everything(runs[0]).items():
        np.testing.assert_array_equal(tiny.everything(runs[1])[name], array, err_msg=name)
