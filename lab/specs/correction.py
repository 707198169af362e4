"""A study of labels that are repaired: an experiment, and the method that changes its labels between trainings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lab.core.checks import check_integer, require
from lab.noise import Symmetric
from lab.specs.backbones import DigitsMLP
from lab.specs.codec import Asked
from lab.specs.correction_methods import (
    PENCIL,
    CorrectionMethod,
    IterKNN,
    JointOptimization,
    SelKNN,
)
from lab.specs.experiment import Experiment
from lab.specs.labels import DataSource
from lab.specs.methods import CrossEntropy, KNet, LossCorrection, SymmetricCrossEntropy
from lab.specs.recipes import RECIPES

MOST_KS = 12
EPISODE = replace(  # KED's on MNIST at half its length
    RECIPES["Digits, Adam, 20 epochs"], weight_decay=1e-4, decay="steps", milestones=(10, 15)
)


def digits_experiment() -> Experiment:
    """Digits with 60 % symmetric noise as KED has it, and one episode of training on them."""
    return Experiment(
        dataset=DataSource(),
        noise=Symmetric(0.6),
        backbone=DigitsMLP(),
        schedule=EPISODE,
        method=SymmetricCrossEntropy(),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction(Asked):
    """Labels repaired episode by episode, and a network trained on what came out.

    Attributes:
        experiment: data, noise, network, seeds; its schedule is that of one episode, its loss that of every training.
            Joint Optimization and PENCIL bring schedules and losses of their own: of these two parts they take only the
            batch size and the augmentation.
        method: how labels change; defaults are the digits' analogue of KED.
    Raises: ValueError where the parts do not fit together.
    """

    experiment: Experiment = field(default_factory=digits_experiment)
    method: CorrectionMethod = field(default_factory=lambda: SelKNN(episodes=4, k=30, percent_step=20.0))

    def __post_init__(self) -> None:
        check_study(self.experiment)
        own_loss = isinstance(self.method, JointOptimization | PENCIL)
        require(
            not own_loss or not self.experiment.schedule.mixup,
            "mixup",
            "0: the method's targets are of single rows",
            self.experiment.schedule.mixup,
        )

    @property
    def lane(self) -> str:
        """It trains several networks; see `lab.experiments.engine`."""
        return "training"

    @property
    def uses_clean_labels(self) -> bool:
        """Whether it learns from labels that nobody has in practice."""
        oracle = isinstance(self.method, IterKNN) and self.method.reference == "clean"
        return oracle or self.experiment.uses_clean_labels


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelInference(Asked):
    """How well the true labels can be inferred while one network trains (KED Figs 3, 5 and 6): nothing is corrected.

    Attributes:
        experiment: its schedule is one episode.
        every: epochs between two looks.
        ks: numbers of neighbours, ascending.
        k_all, k_chosen: of the figure over epochs, for votes of all rows and of the chosen ones; both among `ks`.
        percent: of each class, the rows of smallest loss that vote for SelKNN, and the known clean ones.
    """

    experiment: Experiment = field(
        default_factory=lambda: replace(
            digits_experiment(), schedule=replace(RECIPES["Digits, Adam, 20 epochs"], epochs=30), method=CrossEntropy()
        )
    )
    every: int = 3
    ks: tuple[int, ...] = (5, 20, 50, 100, 200)
    k_all: int = 50
    k_chosen: int = 20
    percent: float = 20.0

    def __post_init__(self) -> None:
        check_study(self.experiment)
        check_integer("every", self.every, 1, self.experiment.schedule.epochs)
        object.__setattr__(self, "ks", tuple(self.ks))
        for k in self.ks:
            check_integer("ks", k, 1, 2000)
        require(0 < len(self.ks) <= MOST_KS, "ks", f"1 to {MOST_KS} numbers", len(self.ks))
        require(list(self.ks) == sorted(set(self.ks)), "ks", "ascending, without repeats", self.ks)
        for name in ("k_all", "k_chosen"):
            require(getattr(self, name) in self.ks, name, f"among ks, {self.ks}", getattr(self, name))
        object.__setattr__(self, "percent", float(self.percent))
        require(0 < self.percent <= 100, "percent", "above 0 and at most 100", self.percent)

    @property
    def lane(self) -> str:
        """It trains a network."""
        return "training"


def check_study(experiment: Experiment) -> None:
    """Raises: ValueError if labels can not be corrected in this experiment."""
    require(isinstance(experiment.dataset, DataSource), "dataset", "a DataSource", experiment.dataset)
    require(
        not isinstance(experiment.method, KNet | LossCorrection), "method", "a loss that needs no T", experiment.method
    )
    stopping = experiment.schedule.early_stopping
    require(stopping == "off", "early_stopping", "'off': every episode is trained to its end", stopping)
