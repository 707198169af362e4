"""Label correction from start to end: the label history, the ways an episode starts, and interruptions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.methods import knn_episodes
from lab.methods.correction import correct
from lab.methods.correction_ground import Corrected
from lab.methods.knn_episodes import correct_labels, mixed_objective
from lab.specs import PENCIL, IterKNN, JointOptimization, KNNFilter, OwnPrediction, SelKNN, SymmetricCrossEntropy
from lab.train.losses import symmetric_cross_entropy
from lab.train.objectives import row_loss
from tests.methods.small_correction import CPU, ground, quiet
from tests.train.small_training import CLASSES

JOINT = JointOptimization(epochs=6, begin=2, window=2, final_epochs=3, snapshots=2)
METHODS = [
    IterKNN(episodes=2, k=5),
    SelKNN(episodes=3, k=5, percent_step=40),
    KNNFilter(k=5),
    JOINT,
    PENCIL(epochs=6, begin=2, final_epochs=3, snapshots=2),
    OwnPrediction(),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_every_method_leaves_a_label_history_that_starts_with_the_given_ones(method, tmp_path: Path) -> None:
    stand = ground(tmp_path)
    found = correct(stand, method, quiet)
    labels = np.stack(found.labels)
    assert labels.shape == (len(found.episodes) + 1, 60)
    assert (labels[0] == stand.train.y_given.numpy()).all()
    assert labels.min() >= 0
    assert labels.max() < CLASSES
    assert found.final is not None
    assert found.final.recorder.points[-1]["test_accuracy"] >= 0
    assert [one["episode"] for one in found.episodes] == list(range(1, len(found.episodes) + 1))


class Interrupted(Exception):
    """Somebody stopped it."""


def stop_at(fraction: float) -> Callable[[float, str], None]:
    def say(done: float, message: str) -> None:
        if done > fraction:
            raise Interrupted

    return say


@pytest.mark.parametrize("retrain", ["fresh", "continue", "reset"])
def test_stopped_between_episodes_and_gone_on_with_it_ends_with_the_same_labels(retrain: str, tmp_path: Path) -> None:
    method = SelKNN(episodes=3, k=5, percent_step=20, retrain=retrain, accumulate="all")
    whole = correct(ground(tmp_path / "whole"), method, quiet)
    with pytest.raises(Interrupted):
        correct(ground(tmp_path / "parts"), method, stop_at(0.55))  # in the third of four trainings
    seen: list[str] = []
    resumed = correct(ground(tmp_path / "parts"), method, lambda fraction, message: seen.append(message))
    assert "episode 1 of 3" not in seen
    assert "episode 3 of 3" in seen
    same_in_all(whole, resumed)


def same_in_all(one: Corrected, other: Corrected) -> None:
    np.testing.assert_array_equal(np.stack(one.labels), np.stack(other.labels))
    np.testing.assert_array_equal(np.stack(one.reference), np.stack(other.reference))
    assert one.episodes == other.episodes
    for ours, theirs in zip(one.outvoted, other.outvoted, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
    assert one.final is not None
    assert other.final is not None
    assert one.final.recorder.points == other.final.recorder.points


@pytest.mark.parametrize("method", [JOINT, METHODS[4]], ids=["joint", "pencil"])
def test_labels_that_change_while_a_network_trains_are_in_its_checkpoint(method, tmp_path, monkeypatch) -> None:
    whole = correct(ground(tmp_path / "whole"), method, quiet)
    monkeypatch.setattr("lab.train.checkpoint.SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr("lab.train.checkpoint.SHARE", 1e9)
    with pytest.raises(Interrupted):
        correct(ground(tmp_path / "parts"), method, stop_at(0.5))  # in the fifth of nine epochs
    assert (tmp_path / "parts" / "episode_1" / "training.safetensors").is_file()
    resumed = correct(ground(tmp_path / "parts"), method, quiet)
    np.testing.assert_array_equal(np.stack(whole.labels), np.stack(resumed.labels))


def test_ways_to_start_an_episode_differ_after_the_first(tmp_path: Path) -> None:
    runs = {
        how: correct(ground(tmp_path / how), IterKNN(episodes=2, k=5, retrain=how), quiet)
        for how in ("fresh", "same", "reset", "continue")
    }
    first = [run.episodes[0]["train_loss"] for run in runs.values()]
    second = [run.episodes[1]["train_loss"] for run in runs.values()]
    assert len(set(first)) == 1
    assert len(set(second)) == 4


def test_continuing_keeps_the_last_learning_rate_and_what_the_optimiser_remembers(tmp_path, monkeypatch) -> None:
    asked: list[tuple[float, str, int]] = []
    real = knn_episodes.train_one

    def spy(stand, name, model, objective, say, **more):
        schedule = more.get("schedule") or stand.schedule
        asked.append((schedule.learning_rate, schedule.decay, len(more.get("memory", ()))))
        return real(stand, name, model, objective, say, **more)

    monkeypatch.setattr(knn_episodes, "train_one", spy)
    correct(ground(tmp_path / "a"), IterKNN(episodes=2, k=5, retrain="continue"), quiet)
    correct(ground(tmp_path / "b"), IterKNN(episodes=2, k=5, retrain="reset"), quiet)
    assert asked[0] == asked[2] == asked[3] == asked[5] == (0.01, "steps", 0)
    assert asked[1][:2] == (pytest.approx(0.001), "constant")
    assert asked[1][2] > 0
    assert asked[4] == (0.01, "steps", 0)


def test_selknn_hands_over_to_iterknn_at_a_hundred_percent() -> None:
    rng = np.random.default_rng(0)
    x, y, losses = rng.normal(size=(50, 2)).astype(np.float32), rng.integers(0, 3, 50), rng.random(50)
    method = SelKNN(k=7)
    for episode in range(1, 11):
        step = correct_labels(x, y, method, episode, losses=losses)
        kept = (step.labels == y)[step.reference].all()
        if episode < 9:
            assert kept
            assert step.reference.sum() < 50
        else:
            assert step.reference.all()
            plain = correct_labels(x, y, IterKNN(k=7), 1, losses=losses)
            assert (step.labels == plain.labels).all()
            assert not kept
    capped = correct_labels(x, y, SelKNN(k=7, first_percent=100, cap=4), 9, losses=losses)
    assert capped.reference.sum() == 12


def test_a_known_clean_share_votes_with_its_true_labels() -> None:
    rng = np.random.default_rng(1)
    clean = np.repeat(np.arange(3), 30)
    x = (clean[:, None] * 5 + rng.normal(size=(90, 2))).astype(np.float32)
    y = rng.integers(0, 3, 90)
    method = SelKNN(k=5, reference="clean")
    step = correct_labels(x, y, method, 1, losses=rng.random(90), y_clean=clean)
    assert step.reference.sum() == 18
    assert (step.labels == clean)[step.reference].all()
    assert (step.labels == clean).mean() > 0.95


def test_both_losses_are_mixed_and_not_their_targets() -> None:
    """The reverse cross-entropy is not affine in its target: a mixed target would give a smaller loss."""
    loss = row_loss(SymmetricCrossEntropy(), None, CPU)
    logits, y, given = (
        torch.randn(4, 3, generator=torch.Generator().manual_seed(0)),
        torch.tensor([0, 1, 2, 0]),
        torch.tensor([1, 1, 0, 2]),
    )
    rows = torch.arange(4)
    mixed = mixed_objective(loss, y, given, 0.4)(logits, rows)
    torch.testing.assert_close(mixed, 0.6 * loss(logits, y) + 0.4 * loss(logits, given))
    target = 0.6 * torch.nn.functional.one_hot(y, 3) + 0.4 * torch.nn.functional.one_hot(given, 3)
    assert (symmetric_cross_entropy(logits, target.float())[[0, 2, 3]] < mixed[[0, 2, 3]] - 0.1).all()
    torch.testing.assert_close(mixed_objective(loss, y, given, 1.0)(logits, rows), loss(logits, given))
    torch.testing.assert_close(mixed_objective(loss, y, given, 0.0)(logits, rows), loss(logits, y))


def test_rows_that_are_filtered_out_teach_nothing(tmp_path: Path, monkeypatch) -> None:
    """With another label on a left-out row the last network is the same, but for what it is asked."""
    found = []
    for label in (0, 1):
        stand = ground(tmp_path / str(label))
        monkeypatch.setattr("lab.methods.correction.knn_filter", lambda features, y, **more: np.arange(len(y)) != 3)
        stand.train.y_given[3] = 2
        run = correct_with(stand, label)
        found.append(run)
    np.testing.assert_array_equal(found[0], found[1])


def correct_with(stand, label: int) -> np.ndarray:
    """Weights of the last network of the filter, row 3's label changed after the first training."""
    from lab.methods import correction

    first = correction._first_training

    def then_change(*args):
        training = first(*args)
        stand.train.y_given[3] = label
        return training

    correction._first_training = then_change
    try:
        training = correct(stand, KNNFilter(k=5), quiet).final
    finally:
        correction._first_training = first
    assert training is not None
    return torch.cat([p.flatten() for p in training.model.state_dict().values() if p.is_floating_point()]).numpy()
