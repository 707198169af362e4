"""How a network is trained: schedule, what is written down, and the three seeds."""

from __future__ import annotations

from dataclasses import dataclass

from lab.core.checks import check_choice, check_integer, check_number, require

OPTIMISERS = ("adam", "sgd")
DECAYS = ("linear", "cosine", "steps", "constant")
AUGMENTATIONS = ("none", "crop", "crop_flip", "full")
EARLY_STOPPING = ("off", "noisy", "clean")


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """Optimiser, learning rate over time, batches, augmentation, and when to stop.

    Defaults: the toy's small network on 1,500 points, long enough to fit some of the wrong labels; about 0.8 s on one
    slow core.

    Attributes:
        optimiser: "adam" (betas .9 and .999) or "sgd" with `momentum`, Nesterov if asked for.
        weight_decay: L2, added to the gradient, in Adam too, as the papers have it (not AdamW).
        decay: how the learning rate falls: "linear" or "cosine" to zero at the last step, "steps" (times `factor` after
            each epoch of `milestones`), or "constant".
        augmentation: of images, on the device: "none", "crop" (padded by 4 and cropped), "crop_flip", or "full" (crop,
            flip, affine, brightness and contrast, as KED). `cutout` is the side of an erased square, 0 for none.
        mixup: alpha of MixUp's Beta; 0 for none.
        early_stopping: on which validation labels, a tenth of the training rows; "clean" needs labels nobody has in
            practice.
        patience: epochs without a better validation accuracy before stopping.
    """

    epochs: int = 60
    batch_size: int = 128
    learning_rate: float = 0.02
    optimiser: str = "adam"
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0
    decay: str = "linear"
    milestones: tuple[int, ...] = ()
    factor: float = 0.1
    augmentation: str = "none"
    cutout: int = 0
    mixup: float = 0.0
    early_stopping: str = "off"
    patience: int = 10

    def __post_init__(self) -> None:
        check_integer("epochs", self.epochs, 1, 2000)
        check_integer("batch_size", self.batch_size, 4, 65_536)
        check_number("learning_rate", self.learning_rate, 1e-6, 10)
        check_choice("optimiser", self.optimiser, OPTIMISERS)
        check_number("momentum", self.momentum, 0, 0.9999)
        check_choice("nesterov", self.nesterov, (True, False))
        check_number("weight_decay", self.weight_decay, 0, 1)
        check_choice("decay", self.decay, DECAYS)
        for epoch in self.milestones:
            check_integer("milestones", epoch, 1)
        ascending = list(self.milestones) == sorted(set(self.milestones))
        require(ascending, "milestones", "ascending epochs", self.milestones)
        check_number("factor", self.factor, 1e-4, 1)
        check_choice("augmentation", self.augmentation, AUGMENTATIONS)
        check_integer("cutout", self.cutout, 0, 64)
        check_number("mixup", self.mixup, 0, 1000)
        check_choice("early_stopping", self.early_stopping, EARLY_STOPPING)
        check_integer("patience", self.patience, 1, 1000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What is written down while a network trains, besides the curves.

    Attributes:
        samples: of every training row after every epoch its loss, the probability of its given label and its
            predicted label.
        epochs: after these epochs the features and softmax of training and test rows; after the last and the best one
            always.
        consistency: the four curves of INN's consistency effect (INN §3.2, Fig. 2).
    """

    samples: bool = True
    epochs: tuple[int, ...] = ()
    consistency: bool = False

    def __post_init__(self) -> None:
        check_choice("samples", self.samples, (True, False))
        for epoch in self.epochs:
            check_integer("epochs to record", epoch, 1)
        require(list(self.epochs) == sorted(set(self.epochs)), "epochs to record", "ascending", self.epochs)
        check_choice("consistency", self.consistency, (True, False))


@dataclass(frozen=True, kw_only=True, slots=True)
class Seeds:
    """Which labels flip, where the weights start, and the order of the batches vary apart from one another."""

    noise: int = 0
    init: int = 0
    batch: int = 0

    def __post_init__(self) -> None:
        for name in ("noise", "init", "batch"):
            check_integer(f"seeds.{name}", getattr(self, name), 0, 2**32 - 1)
