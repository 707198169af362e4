"""What a finished network answers, beside the labels around each sample."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.core.checks import check_choice, check_integer, require
from lab.noise import Clean
from lab.specs.codec import Asked
from lab.specs.experiment import Experiment
from lab.specs.labels import DataSource

EPOCHS = ("last", "best")
PAPER_KS = tuple(range(10, 301, 10))  # DRO App. A: "between 10 and 300"; the step is ours
LARGEST_K = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Aggregates(Asked):
    """The softmax of a training, class by class and sample by sample, with the histograms of the neighbours' labels.

    Attributes:
        experiment: a training on a `DataSource`; one that is not finished yet is trained.
        epoch: whose softmax and features, those of the "last" or of the "best".
        ks: numbers of neighbours that are compared with each softmax, ascending; those that the training set has not
            got are left out.
        n_shown: so many samples at most can be looked at one by one, in the proportions of the classes.
    Raises: ValueError if a part is out of range.
    """

    experiment: Experiment
    epoch: str = "last"
    ks: tuple[int, ...] = PAPER_KS
    n_shown: int = 300

    def __post_init__(self) -> None:
        is_training = isinstance(self.experiment, Experiment) and isinstance(self.experiment.dataset, DataSource)
        require(is_training, "experiment", "an Experiment on a DataSource", self.experiment)
        check_choice("epoch", self.epoch, EPOCHS)
        for k in self.ks:
            check_integer("ks", k, 1, LARGEST_K)
        ascending = len(self.ks) > 0 and list(self.ks) == sorted(set(self.ks))
        require(ascending, "ks", "ascending, without repeats, not empty", self.ks)
        check_integer("n_shown", self.n_shown, 1, 5000)

    @property
    def before_noise(self) -> Aggregates:
        """The same of a network that was trained on clean labels."""
        return replace(self, experiment=replace(self.experiment, noise=Clean()))
