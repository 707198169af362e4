"""What can not be trained is said in one sentence, before or while it is tried."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lab.experiments.progress import unheard
from lab.experiments.worker import compute
from lab.noise import HumanLabels, Uniform
from lab.specs import (
    DataSource,
    Record,
    Schedule,
    from_json,
    to_json,
)
from lab.specs.backbones import CNN4, DenseNet121, PreActResNet18, ToyMLP
from lab.train.training import Training
from tests.experiments.tiny_training import SHORT, SMALL


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Checkpoints of these tests stay among themselves."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_table_of_ones_own_is_standardised_and_may_lack_test_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 60)
    np.savez(tmp_path / "mine.npz", x=np.column_stack([1000 * y + rng.normal(size=60), rng.normal(size=60)]), y=y)
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    mine = replace(SMALL, dataset=DataSource(name="mine.npz"), backbone=ToyMLP(), noise=Uniform(0.0), record=Record())
    run = compute(replace(mine, schedule=Schedule(epochs=10, batch_size=16)), unheard)
    assert run.metrics["n_test"] == 0
    assert run.metrics["best_epoch"] == 10
    assert run.metrics["last"]["train_accuracy"] > 0.95
    assert "test_accuracy" not in run.metrics["last"]
    for change, problem in (
        ({"backbone": CNN4()}, r"backbone must be a fully connected network .* got 'CNN4'"),
        ({"schedule": replace(SHORT, augmentation="crop")}, r"augmentation must be 'none' for a table of features"),
        ({"schedule": replace(SHORT, batch_size=64)}, "batch_size must be at most the 60 rows to train on, got 64"),
    ):
        with pytest.raises(ValueError, match=problem):
            compute(replace(mine, **change), unheard)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"backbone": CNN4()},
            r"input_shape must be \(channels, height, width\) with sides of 20 to 64 pixels for CNN4",
        ),
        ({"backbone": DenseNet121()}, r"sides of 32 or more pixels for DenseNet121, got \(3, 8, 8\)"),
        (
            {"schedule": replace(SHORT, batch_size=200, early_stopping="clean")},
            "batch_size must be at most the 180 rows",
        ),
        (
            {"schedule": replace(SHORT, learning_rate=10.0, weight_decay=1.0, epochs=40)},
            "learning_rate must be low enough",
        ),
        ({"noise": HumanLabels("nowhere.npy", "worse")}, "LAB_DATA must be"),
    ],
    ids=["small images", "grey", "batch", "diverges", "no file"],
)
def test_what_can_not_be_trained_is_said_in_a_sentence(
    change: dict[str, Any], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAB_DATA", raising=False)
    change = {"dataset": DataSource()} | change if "noise" in change else change
    with pytest.raises(ValueError, match=problem) as caught:
        compute(replace(SMALL, **change), unheard)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=["python", "cuda", "cpu"],
)
def test_too_little_memory_is_said_in_a_sentence(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Training, rows: torch.Tensor) -> torch.Tensor:
        raise error

    monkeypatch.setattr(Training, "batch_loss", fail)
    with pytest.raises(ValueError, match=r"batch_size must be small enough .* memory of cpu, got 32"):
        compute(SMALL, unheard)


def test_a_training_that_would_be_killed_for_want_of_memory_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.experiments.worker_training_data.usable_memory", lambda: 10**8)
    large = replace(SMALL, backbone=PreActResNet18())
    with pytest.raises(
        ValueError, match=r"batch_size must be small enough for 0\.1 GB .* takes about 0\.\d GB\), got 32"
    ):
        compute(large, unheard)


def test_another_runtime_error_is_not_taken_for_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Training, rows: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("something else")

    monkeypatch.setattr(Training, "batch_loss", fail)
    with pytest.raises(RuntimeError, match="something else"):
        compute(SMALL, unheard)


def test_an_unknown_backbone_is_refused_also_where_nothing_has_checked_the_request() -> None:
    request = replace(SMALL)
    object.__setattr__(request, "backbone", "ResNet99")
    with pytest.raises(ValueError, match=r"backbone must be one of ToyMLP, DigitsMLP, ResNet20.* got 'ResNet99'"):
        compute(request, unheard)


@pytest.mark.parametrize(
    ("written", "instead", "problem"),
    [
        ('"learning_rate":0.02', '"learning_rate":NaN', "learning_rate must be a finite number"),
        ('"learning_rate":0.02', '"learning_rate":"fast"', "Schedule must be given values of its fields' types"),
        ('"epochs":3', '"epochs":0', "epochs must be an integer"),
        ('"kind":"DigitsMLP"', '"kind":"ResNet99"', "kind must be one of .*DigitsMLP.* got 'ResNet99'"),
        ('"batch_size":32', '"batch_size":256', "batch_size must be at most the 200 training rows, got 256"),
    ],
    ids=["NaN", "text", "no epochs", "backbone", "batch"],
)
def test_a_bad_request_is_refused_when_it_is_read(written: str, instead: str, problem: str) -> None:
    text = to_json(SMALL)
    assert written in text
    with pytest.raises(ValueError, match=problem):
        from_json(text.replace(written, instead))
