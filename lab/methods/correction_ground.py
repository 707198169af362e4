"""What every correction of labels stands on: the rows, a training from start to end, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from torch import Tensor, nn

from lab.core.rng import torch_rng
from lab.methods.knn_correction import Outvoted
from lab.specs.training import Record, Schedule, Seeds
from lab.train.checkpoint import Checkpoint
from lab.train.evaluate import answer
from lab.train.fuse import to_ask
from lab.train.objectives import Objective, RowLoss
from lab.train.record import Labelled, Recorder
from lab.train.rows import evaluation_batch
from lab.train.training import Targets, Training

Network = Callable[[torch.Generator], nn.Module]
Say = Callable[[float, str], None]
"""How far it is, a share of the whole, and with what; may raise to stop."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What every method stands on.

    Attributes:
        parts: "train" with its given labels, and "test" where there is one; on one device.
        network: draws a network's weights and puts it on that device.
        loss: of a row, for the methods that bring none.
        schedule: of one training.
        folder: where what is needed to go on after an interruption is kept; it is left to the caller to remove.
    """

    parts: Mapping[str, Labelled]
    network: Network
    loss: RowLoss
    schedule: Schedule
    seeds: Seeds
    n_classes: int
    folder: Path

    @property
    def train(self) -> Labelled:
        """The rows whose labels are corrected."""
        return self.parts["train"]

    @property
    def y_clean(self) -> Int[ndarray, " n"] | None:
        """Their true labels, where they are known."""
        return None if self.train.y_clean is None else self.train.y_clean.cpu().numpy()

    def on_device(self, y: Int[ndarray, " n"]) -> Int[Tensor, " n"]:
        """Labels where the network can reach them."""
        return torch.from_numpy(y).to(self.train.rows.device)


@dataclass(eq=False)
class Corrected:
    """What came of it.

    Attributes:
        labels: of every row, first as given, then after every episode.
        reference: of every episode, whether a row took part in the vote.
        episodes: of every episode `gamma`, `percent` and `k` where the method has them, and the numbers of its last and
            best epoch.
        outvoted: of every episode, some rows that it changed.
        kept: rows that the last network is trained on.
        final: the training of the last network.
    """

    labels: list[Int[ndarray, " n"]]
    kept: Bool[ndarray, " n"]
    reference: list[Bool[ndarray, " n"]] = field(default_factory=list)
    episodes: list[dict[str, Any]] = field(default_factory=list)
    outvoted: list[Outvoted] = field(default_factory=list)
    final: Training | None = None


def train_one(
    ground: Ground, name: str, model: nn.Module, objective: Objective, say: Callable[[float], None], **more: Any
) -> Training:
    """One training from start to end, gone on with where it was interrupted; arguments as in `prepare_training`."""
    training = prepare_training(ground, name, model, objective, **more)
    checkpoint = Checkpoint(ground.folder / name.replace(" ", "_"))
    training.run(checkpoint, lambda fraction, **point: say(fraction))
    checkpoint.remove()
    return training


def prepare_training(
    ground: Ground,
    name: str,
    model: nn.Module,
    objective: Objective,
    *,
    y: Int[ndarray, " n"],
    schedule: Schedule | None = None,
    targets: Targets | None = None,
    memory: Sequence[Tensor] = (),
) -> Training:
    """A training before its first step.

    Args:
        name: of its seeds and its checkpoint.
        y: labels in force, to which the losses of rows are written down.
        memory: what an optimiser remembered, to go on with.
    """
    schedule = schedule or ground.schedule
    parts = {**ground.parts, "train": ground.train._replace(y_given=ground.on_device(y))}
    training = Training(
        model,
        ground.train.rows,
        objective,
        schedule,
        Recorder(parts, Record(), epochs=schedule.epochs, n_classes=ground.n_classes),
        order=torch_rng(ground.seeds.batch, f"order {name}"),
        augmentation=torch_rng(ground.seeds.batch, f"augmentation {name}", ground.train.rows.device.type),
        targets=targets,
    )
    for new, old in zip(training.step.optimiser.state(), memory, strict=False):
        new.copy_(old)
    return training


@torch.inference_mode()
def tap_features(model: Any, part: Labelled, tap: str) -> Float[ndarray, "n d"]:
    """What a layer puts out for every row, in eval mode and without augmentation."""
    asked: Any = to_ask(model)
    rows = part.rows
    if tap in ("penultimate", "logits"):
        answers = answer(asked, rows, features=True)
        found = answers.logits if tap == "logits" else answers.features
        assert found is not None
        return found.float().cpu().numpy()
    size = evaluation_batch(rows)
    batches = (rows[slice(start, start + size)] for start in range(0, len(rows), size))
    return torch.cat([asked.taps(x)[tap].float().cpu() for x in batches]).numpy()


def numbers_of(training: Training) -> dict[str, float]:
    """Of a training's last and best epoch."""
    points = training.recorder.points
    last, best = points[-1], points[training.best_epoch - 1]
    numbers = {"train_loss": last["train_loss"]}
    if "test_accuracy" in last:
        numbers |= {"test_last": last["test_accuracy"], "test_best": max(p["test_accuracy"] for p in points)}
        numbers["best_epoch"] = best["epoch"]
    return numbers
