"""The three networks that the detectors read, looked at after some epochs; and what needs no network."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Int
from numpy import ndarray
from torch import nn

from lab.core.checks import require
from lab.core.device import choose_device
from lab.data.vision import data_root
from lab.experiments.progress import PlainReport
from lab.experiments.worker_rows import needs_files, open_rows, pick
from lab.experiments.worker_training import prepare
from lab.experiments.worker_training_data import TrainingData, as_images, load_training_data
from lab.neighbors import NeighborTable
from lab.noise import NoisyLabels
from lab.specs import CrossEntropy, Experiment, NegativeEntropy
from lab.specs.detection import Detection
from lab.train.evaluate import answer
from lab.train.fuse import to_ask

MOST_LOGITS = 30  # epochs that a margin over training is averaged over
N_AGREEING = 10
WORDS = {"ce": "cross-entropy", "ce_ne": "cross-entropy and negative entropy", "mixup": "MixUp"}


@dataclass(frozen=True, eq=False)
class Trained:
    """Attributes:
    x: normalised inputs, on the device.
    images: the rows as they came.
    nets, losses: by loss ("ce", "ce_ne", "mixup"), one for each watched epoch; networks are copies in eval mode, of
        "ce_ne" none are kept.
    features: of the last network trained with cross-entropy. nearest: neighbours by its features at each watched epoch.
    logits: of that network at evenly spaced epochs.
    """

    x: torch.Tensor
    images: Any
    y_given: Int[ndarray, " n"]
    y_clean: Int[ndarray, " n"]
    index: Int[ndarray, " n"]
    classes: tuple[str, ...]
    labels: NoisyLabels
    nets: dict[str, list[nn.Module]]
    losses: dict[str, list[Float32[ndarray, " n"]]]
    features: Float32[ndarray, "n d"]
    nearest: list[Int[ndarray, "n k"]]
    logits: Float32[ndarray, "e n c"]


def train_three(study: Detection, report: PlainReport) -> Trained:
    """Train with cross-entropy, with the negative entropy added, and with MixUp, from the same seeds."""
    device = choose_device()
    plain = as_asked(study.experiment)
    data = load_training_data(plain, device, lambda fraction, message: report(0.0, message))
    rows = data.parts["train"].rows
    watch = _Watch(data, study.watched, evenly(plain.schedule.epochs))
    experiments = {
        "ce": plain,
        "ce_ne": replace(plain, method=NegativeEntropy()),
        "mixup": replace(plain, schedule=replace(plain.schedule, mixup=1.0)),
    }
    for i, (name, experiment) in enumerate(experiments.items()):
        training = prepare(experiment, data, device)

        def say(epoch: int, name: str = name, part: int = i, epochs: int = experiment.schedule.epochs) -> None:
            report((part + epoch / epochs) / 3, f"training with {WORDS[name]}, epoch {epoch} of {epochs}")

        for epoch in range(1, experiment.schedule.epochs + 1):
            total = training.train_epoch(lambda rows, epoch=epoch, say=say: say(epoch))  # type: ignore[misc]
            rule = f"low enough for the loss to stay finite, which it did not in epoch {epoch}"
            require(math.isfinite(total), "learning_rate", rule, experiment.schedule.learning_rate)
            watch.look(name, epoch, training.model.eval())
    study_of = study.experiment.label_study
    root = str(data_root()) if needs_files(study_of) else ""
    everything = open_rows(study_of.dataset, root)
    own = pick(everything, np.searchsorted(everything.index, data.index))
    return Trained(
        x=rows[slice(0, len(rows))],
        images=as_images(study_of.dataset.name, own.x),
        y_given=data.y_given,
        y_clean=data.y_clean,
        index=data.index,
        classes=data.classes,
        labels=data.labels,
        nets=watch.nets,
        losses=watch.losses,
        features=watch.features,
        nearest=watch.nearest,
        logits=np.stack(watch.logits),
    )


def as_asked(experiment: Experiment) -> Experiment:
    """The experiment with plain cross-entropy, every row and every epoch."""
    schedule = replace(experiment.schedule, mixup=0.0, early_stopping="off")
    return replace(experiment, method=CrossEntropy(), schedule=schedule)


def evenly(epochs: int) -> set[int]:
    """At most 30 epochs, evenly spaced, the last among them."""
    return {int(epoch) for epoch in np.linspace(epochs, 0, min(epochs, MOST_LOGITS), endpoint=False).round()}


class _Watch:
    """What is kept of the networks on their way."""

    def __init__(self, data: TrainingData, watched: tuple[int, ...], with_logits: set[int]) -> None:
        self.rows, self.y = data.parts["train"].rows, data.parts["train"].y_given
        self.watched, self.with_logits = watched, with_logits
        self.nets: dict[str, list[nn.Module]] = {"ce": [], "mixup": []}
        self.losses: dict[str, list[ndarray]] = {"ce": [], "ce_ne": [], "mixup": []}
        self.nearest: list[ndarray] = []
        self.logits: list[ndarray] = []
        self.features = np.zeros((0, 0), dtype=np.float32)

    def look(self, name: str, epoch: int, model: nn.Module) -> None:
        """After an epoch."""
        watched, with_logits = epoch in self.watched, name == "ce" and epoch in self.with_logits
        if not (watched or with_logits):
            return
        answers = answer(to_ask(model), self.rows, features=name == "ce" and watched)
        if with_logits:
            self.logits.append(answers.logits.cpu().numpy())
        if not watched:
            return
        losses = -answers.log_p.gather(1, self.y[:, None])[:, 0]
        self.losses[name].append(losses.cpu().numpy())
        if name in self.nets:
            self.nets[name].append(copy.deepcopy(model).eval())
        if answers.features is not None:
            self.features = answers.features.float().cpu().numpy()
            k = min(N_AGREEING, len(self.rows) - 1)
            self.nearest.append(NeighborTable.build(self.features, k_max=k).idx[:, :k])


def inputs_for_rivals(study: Detection, trained: Trained) -> Float32[ndarray, "n d"]:
    """What neighbours and held-out probabilities see."""
    if study.space == "network":
        return trained.features
    return trained.x.reshape(len(trained.x), -1).cpu().numpy()
