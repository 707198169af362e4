"""Networks trained on an uploaded file. Nothing of them is written to the disk."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Int
from numpy import ndarray

from lab.core.checks import require
from lab.core.device import choose_device
from lab.core.rng import torch_rng
from lab.core.threads import threads
from lab.data.dataset import take
from lab.experiments.worker_held_out import folds
from lab.nets.registry import COLOUR_ONLY, build
from lab.specs.backbones import BackboneSpec
from lab.specs.budget import training_threads
from lab.specs.training import Record, Schedule
from lab.specs.upload_training import SMALLEST_BATCH, upload_backbone, upload_batch
from lab.train.evaluate import Answers, answer
from lab.train.fuse import to_ask
from lab.train.losses import cross_entropy
from lab.train.objectives import objective_of
from lab.train.record import Labelled, Recorder
from lab.train.rows import Rows, Scaling, placed
from lab.train.training import Training

LEARNING_RATE = 2e-3  # of Adam, in a line to zero
MOST_LOGITS = 40_000_000  # numbers kept of all epochs together

Say = Callable[[float], object]


@dataclass(frozen=True, eq=False)
class Plan:
    """How networks for this file are trained.

    Attributes:
        x: columns (n, d) of float32, or pictures (n, h, w, c) of uint8.
        epochs: of each training.
    """

    x: Any
    n_classes: int
    backbone: BackboneSpec
    epochs: int

    @classmethod
    def of(cls, x: Any, n_classes: int, backbone: str, epochs: int) -> Plan:
        """Raises: ValueError where the backbone does not fit the rows."""
        return cls(x, n_classes, upload_backbone(backbone, pictures=len(x.shape) == 4), epochs)

    def train(self, y: Int[ndarray, " n"], rows: Int[ndarray, " m"], seed: int, name: str, after: After) -> Network:
        """Train on some rows and these labels for them.

        Args:
            y: labels of all rows. after: told of every epoch and every few batches; it may raise to stop.
        """
        device = choose_device()
        x = np.ascontiguousarray(take(self.x, rows))
        colour = isinstance(self.backbone, COLOUR_ONLY)
        inputs = Rows(x, device, scaling=Scaling.of_rows(x), colour=colour)
        model = build(
            self.backbone,
            input_shape=inputs.shape,
            n_classes=self.n_classes,
            generator=torch_rng(seed, f"network {name}"),
        )
        labelled = Labelled(inputs, torch.from_numpy(y[rows]).to(device))
        require(len(rows) >= SMALLEST_BATCH, "rows to train on", f"at least {SMALLEST_BATCH}", len(rows))
        schedule = Schedule(epochs=self.epochs, batch_size=upload_batch(len(rows)), learning_rate=LEARNING_RATE)
        recorder = Recorder({"train": labelled}, Record(samples=False), epochs=self.epochs, n_classes=self.n_classes)
        training = Training(
            placed(model, device),
            inputs,
            objective_of(cross_entropy, labelled.y_given),
            schedule,
            recorder,
            order=torch_rng(seed, f"order {name}"),
            augmentation=torch_rng(seed, f"augmentation {name}", device.type),
        )
        network = Network(training.model, Scaling.of_rows(x), colour)
        with threads(training_threads(self.backbone)):
            for epoch in range(1, self.epochs + 1):
                total = training.train_epoch(partial(_tick, after, epoch - 1))
                rule = f"of a size that a network can learn from, which they were not in epoch {epoch}"
                require(math.isfinite(total), "columns", rule, "a loss that is not finite")
                after(epoch, network)
        return network


@dataclass(frozen=True, eq=False)
class Network:
    """A network, and how its inputs are scaled."""

    model: Any
    scaling: Scaling
    colour: bool

    def logits(self, x: Any) -> Float32[ndarray, "n c"]:
        """What it answers to rows as they came."""
        return self.answers(x).logits.cpu().numpy()

    def answers(self, x: Any) -> Answers:
        """The same, where it stands."""
        device = next(self.model.parameters()).device
        rows = Rows(np.ascontiguousarray(x), device, scaling=self.scaling, colour=self.colour)
        return answer(to_ask(self.model.eval()), rows)


After = Callable[[int, Network | None], object]
"""(finished epochs, the network after an epoch or None between)."""


def _tick(after: After, epochs: int, rows: int) -> None:
    after(epochs, None)


def cross_fitted(
    plan: Plan, y: Int[ndarray, " n"], *, n_folds: int, seed: int, say: Callable[[float, str], object]
) -> Float32[ndarray, "e n c"]:
    """Logits of every row after every epoch, by a network that did not see the row.

    Of very many rows, classes and epochs the last epochs alone are kept.
    """
    n, fold = len(y), folds(y, n_folds)
    kept = max(1, min(plan.epochs, MOST_LOGITS // (n * plan.n_classes)))
    logits = np.zeros((kept, n, plan.n_classes), dtype=np.float32)
    for held in range(n_folds):
        outside = np.flatnonzero(fold == held)
        if not len(outside):
            continue
        x_outside = take(plan.x, outside)

        def after(
            epoch: int, network: Network | None, held: int = held, out: Any = outside, x: Any = x_outside
        ) -> None:
            share = (held + epoch / plan.epochs) / n_folds
            say(share, f"network {held + 1} of {n_folds}, epoch {min(epoch + 1, plan.epochs)} of {plan.epochs}")
            place = epoch - 1 - (plan.epochs - kept)
            if network is not None and place >= 0:
                logits[place, out] = network.logits(x)

        plan.train(y, np.flatnonzero(fold != held), seed, f"fold {held}", after)
    return logits


def softmax(logits: Float32[ndarray, "n c"]) -> Float32[ndarray, "n c"]:
    """Probabilities, rows summing to 1."""
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
