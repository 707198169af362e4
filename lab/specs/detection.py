"""Which labels of a training are wrong? Every detector asked, and INN's own figures."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.core.checks import check_choice, check_integer, require
from lab.specs.codec import Asked
from lab.specs.experiment import Experiment
from lab.specs.labels import DataSource

SPACES = ("inputs", "network")
FIGURES = ("imbalance", "heavy")
MOST_SEEDS, MOST_WATCHED = 10, 12
EARLIEST = (1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1280)


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection(Asked):
    """All detectors on the labels of one training.

    Three networks are trained by the experiment's schedule: with cross-entropy (features for INN's neighbours, losses),
    with the negative entropy added, and with MixUp (INN's f).

    Attributes:
        experiment: data, noise, network, schedule and seeds; of a `DataSource`. Its own loss, MixUp and early stopping
            are put aside.
        space: what the rivals that ask neighbours, and the held-out probabilities, look at: "inputs" as they came, or
            the penultimate features of the "network", which the wrong labels have shaped.
        epochs: after which the networks are looked at, ascending; the last one always is. None are chosen by doubling.
    Raises: ValueError if the parts do not fit.
    """

    experiment: Experiment
    space: str = "inputs"
    epochs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        rule = "the training of a backbone on a data set"
        require(isinstance(self.experiment.dataset, DataSource), "experiment", rule, self.experiment.dataset)
        check_choice("space", self.space, SPACES)
        object.__setattr__(self, "epochs", tuple(self.epochs))
        for epoch in self.epochs:
            check_integer("epochs", epoch, 1, self.experiment.schedule.epochs)
        require(list(self.epochs) == sorted(set(self.epochs)), "epochs", "ascending, without repeats", self.epochs)
        require(len(self.epochs) <= MOST_WATCHED, "epochs", f"at most {MOST_WATCHED}", len(self.epochs))

    @property
    def watched(self) -> tuple[int, ...]:
        """The epochs after which the networks are looked at."""
        last = self.experiment.schedule.epochs
        return tuple(sorted({last, *(self.epochs or (epoch for epoch in EARLIEST if epoch < last))}))

    @property
    def lane(self) -> str:
        """It trains networks."""
        return "training"


@dataclass(frozen=True, kw_only=True, slots=True)
class InnFigure(Asked):
    """A figure of INN's on digits that needs trainings of its own.

    Attributes:
        figure: "imbalance" (Fig. 6 and C.1: a large and a small class) or "heavy" (Table 1: 80 and 90 % symmetric noise).
        seeds: one run each.
    """

    figure: str = "imbalance"
    seeds: tuple[int, ...] = field(default=(0, 1, 2))

    def __post_init__(self) -> None:
        check_choice("figure", self.figure, FIGURES)
        object.__setattr__(self, "seeds", tuple(self.seeds))
        for seed in self.seeds:
            check_integer("seeds", seed, 0, 2**32 - 1)
        require(1 <= len(self.seeds) <= MOST_SEEDS, "seeds", f"1 to {MOST_SEEDS}", len(self.seeds))

    @property
    def lane(self) -> str:
        """It trains networks."""
        return "training"
