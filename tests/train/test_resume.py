"""An interrupted training goes on to the very same end; a checkpoint is whole or not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.specs import Schedule
from lab.train import checkpoint as checkpoints
from lab.train.checkpoint import Checkpoint
from tests.train import small_training as tiny

EVERYTHING_BY_ADAM = replace(tiny.EVERYTHING, optimiser="adam", early_stopping="off", decay="cosine")


class Enough(Exception):
    """Somebody stopped it."""


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every epoch."""
    monkeypatch.setattr(checkpoints, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE", 1e9)
    return


def run_until(calls: int, folder: Path, schedule: Schedule) -> None:
    """Train in a process of its own, as it were, and stop at the n-th report."""
    left = calls

    def stop(fraction: float, **more: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Enough

    with pytest.raises(Enough):
        tiny.make(schedule).run(Checkpoint(folder), stop)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("schedule", [tiny.EVERYTHING, EVERYTHING_BY_ADAM], ids=["sgd", "adam"])
@pytest.mark.parametrize("calls", [(9,), (14, 4), (2, 30)], ids=str)
def test_what_was_interrupted_ends_bit_for_bit_as_what_was_not(
    schedule: Schedule, calls: tuple[int, ...], tmp_path: Path
) -> None:
    """Weights, optimiser, generators, dropout's masks, the best weights, points, and everything recorded."""
    whole, resumed = tiny.make(schedule), tiny.make(schedule)
    whole.run(tiny.no_checkpoint(tmp_path), tiny.quiet)
    for n in calls:
        run_until(n, tmp_path / "checkpoint", schedule)
    resumed.run(Checkpoint(tmp_path / "checkpoint"), tiny.quiet)
    assert resumed.recorder.points == whole.recorder.points
    assert resumed.step.count == whole.step.count
    expected, found = tiny.everything(whole), tiny.everything(resumed)
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    assert "record.snapshot.epoch2_train_features" in found


@pytest.mark.usefixtures("always")
def test_going_on_takes_no_step_twice_and_says_the_last_point_again(tmp_path: Path) -> None:
    run_until(14, tmp_path, tiny.EVERYTHING)
    before = Checkpoint(tmp_path).load()
    assert before is not None
    done, said = len(before.plain["points"]), []
    assert done > 0

    def say(fraction: float, **more: object) -> None:
        if point := more.get("point"):
            said.append(point["epoch"])  # type: ignore[index]

    training = tiny.make()
    training.run(Checkpoint(tmp_path), say)
    assert said == list(range(done, training.epoch + 1))


def test_nothing_is_written_more_often_than_every_ten_seconds(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "here")
    tiny.make().run(checkpoint, tiny.quiet)
    assert not (tmp_path / "here").exists()


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("cut", [0, 10, -100])
def test_a_damaged_checkpoint_is_as_none(cut: int, tmp_path: Path) -> None:
    run_until(14, tmp_path, tiny.EVERYTHING)
    file = tmp_path / checkpoints.FILE
    file.write_bytes(file.read_bytes()[:cut])
    assert Checkpoint(tmp_path).load() is None
    training = tiny.make()
    training.run(Checkpoint(tmp_path), tiny.quiet)
    assert training.finished


@pytest.mark.usefixtures("always")
def test_a_full_disk_keeps_the_last_checkpoint_and_the_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_until(14, tmp_path, tiny.EVERYTHING)
    before = (tmp_path / checkpoints.FILE).read_bytes()

    def full(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "save_file", full)
    checkpoint, training = Checkpoint(tmp_path), tiny.make()
    training.run(checkpoint, tiny.quiet)
    assert training.finished
    assert checkpoint.trouble == "no checkpoint could be written ([Errno 28] No space left on device)"
    assert [(file.name, file.read_bytes() == before) for file in tmp_path.iterdir()] == [(checkpoints.FILE, True)]
    checkpoint.remove()
    assert not tmp_path.exists()


def test_a_large_network_is_written_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now)
    written = []

    def slowly(*arguments: object) -> None:
        nonlocal now
        now += 3.0
        written.append(now)
        Path(arguments[1]).write_bytes(b"")  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoints, "save_file", slowly)
    checkpoint = Checkpoint(tmp_path)
    for _ in range(200):
        now += 1.0
        checkpoint.save_if_due(lambda: ({"x": torch.zeros(1)}, {}))
    assert np.diff(written).min() >= 60  # 3 s are a twentieth of them
    assert len(written) == 4
