"""A correction that takes a fifth of a second: 60 small images of three classes, a third of their labels wrong."""

from __future__ import annotations

from pathlib import Path

import torch

from lab.methods.correction_ground import Ground
from lab.specs import CrossEntropy, Schedule, Seeds
from lab.train.objectives import row_loss
from lab.train.record import Labelled
from lab.train.rows import placed
from tests.train.small_training import CLASSES, labelled, network

CPU = torch.device("cpu")
QUICK = Schedule(epochs=3, batch_size=16, learning_rate=0.01, decay="steps", milestones=(2,))


def ground(folder: Path, *, n: int = 60, schedule: Schedule = QUICK) -> Ground:
    """The same every time."""
    test = labelled(12, "test", CPU)
    return Ground(
        parts={"train": labelled(n, "train", CPU), "test": Labelled(test.rows, test.y_clean)},
        network=lambda generator: placed(network(generator), CPU),
        loss=row_loss(CrossEntropy(), None, CPU),
        schedule=schedule,
        seeds=Seeds(),
        n_classes=CLASSES,
        folder=folder,
    )


def quiet(fraction: float, message: str) -> None:
    """Nobody listens."""
