"""A training that takes a tenth of a second: 40 small images, a network with BatchNorm and dropout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from lab.core.rng import numpy_rng, torch_rng
from lab.nets.backbone import Backbone, Dropout, draw_weights
from lab.nets.layers import conv_norm_relu
from lab.specs import CrossEntropy, Record, Schedule
from lab.train.checkpoint import Checkpoint
from lab.train.objectives import objective_of, row_loss
from lab.train.record import Labelled, Recorder
from lab.train.rows import Rows, Scaling, placed
from lab.train.training import Training

N, N_TEST, CLASSES = 40, 12, 3
FULL = Record(epochs=(2,), consistency=True)
EVERYTHING = Schedule(
    epochs=4, batch_size=16, optimiser="sgd", augmentation="full", cutout=2, mixup=1.0, early_stopping="noisy"
)


def network(generator: torch.Generator) -> Backbone:
    """Two convolutions, BatchNorm, dropout, global mean, linear."""
    with torch.device("meta"):
        layers = conv_norm_relu(3, 4), conv_norm_relu(4, 4), torch.nn.Sequential(conv_norm_relu(4, 5), Dropout(0.3))
        net = Backbone(*layers, torch.nn.Linear(5, CLASSES), penultimate_size=5)
    draw_weights(net, generator)
    return net


def labelled(n: int, stream: str, device: torch.device, scaling: Scaling | None = None) -> Labelled:
    """Images whose class is their brightest channel, a third of the given labels wrong."""
    rng = numpy_rng(0, stream)
    y_clean = rng.integers(0, CLASSES, n)
    x = rng.integers(0, 128, (n, 8, 8, 3), dtype=np.uint8)
    x[np.arange(n), :, :, y_clean] += 64
    y_given = np.where(rng.random(n) < 1 / 3, rng.integers(0, CLASSES, n), y_clean)
    labels = (torch.from_numpy(y).to(device) for y in (y_given, y_clean))
    return Labelled(Rows(x, device, scaling=scaling or Scaling.of_rows(x)), *labels)


def nearest(features: np.ndarray) -> np.ndarray:
    """Each row's nearest other row, by brute force."""
    distance = ((features[:, None].astype(np.float64) - features[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    return distance.argmin(axis=1)


def make(schedule: Schedule = EVERYTHING, record: Record = FULL, device: torch.device | None = None) -> Training:
    """The same training every time."""
    device = device or torch.device("cpu")
    parts = {name: labelled(n, name, device) for name, n in (("train", N), ("val", N_TEST), ("test", N_TEST))}
    parts["test"] = Labelled(parts["test"].rows, parts["test"].y_clean)
    if schedule.early_stopping == "off":
        del parts["val"]
    recorder = Recorder(parts, record, epochs=schedule.epochs, n_classes=CLASSES, nearest=nearest)
    return Training(
        placed(network(torch_rng(1)), device),
        parts["train"].rows,
        objective_of(row_loss(CrossEntropy(), None, device), parts["train"].y_given),
        schedule,
        recorder,
        order=torch_rng(2),
        augmentation=torch_rng(3, device=device.type),
    )


def quiet(fraction: float, **more: Any) -> None:
    """Nobody listens."""


def no_checkpoint(tmp_path: Path) -> Checkpoint:
    """One that has nothing in it."""
    return Checkpoint(tmp_path / "nothing")


def everything(training: Training) -> dict[str, np.ndarray]:
    """All that a training leaves behind."""
    tensors, _ = training.state()
    return {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
