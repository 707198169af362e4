"""Two maps of the same rows side by side: which network, which of its layers, after which epoch."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.core.checks import check_choice, check_integer, require
from lab.specs.codec import Asked
from lab.specs.experiment import Experiment
from lab.specs.labels import DataSource
from lab.specs.methods import KNet
from lab.specs.tsne import TSNE

TAPS = ("penultimate", "knet", "early", "mid", "last_conv", "logits", "input")
EPOCHS = ("last", "best")
PARTS = ("test", "train")
KS = (1, 3, 5, 11, 21, 31, 51, 71, 101)  # for which votes and answers are kept
MOST_POINTS = 10_000
MOST_JUDGED = 60_000  # rows of the layer study, which takes the square of them; of more, a random part


@dataclass(frozen=True, kw_only=True, slots=True)
class MapSource:
    """What one map is of.

    Attributes:
        experiment: the training, of a `DataSource`.
        tap: a layer of its network; "knet", the hidden layer of a kNet trained on its penultimate features; or the
            "input" itself.
        epoch: after which the network is looked at: "last", "best", or a number.
        labels_of: another training on the same rows. Its given labels and answers are shown at the places of this one
            (DRO Fig. 1: two kinds of noise on the map of a network that was trained on clean labels).
    """

    experiment: Experiment
    tap: str = "penultimate"
    epoch: int | str = "last"
    labels_of: Experiment | None = None

    def __post_init__(self) -> None:
        for name, experiment in (("experiment", self.experiment), ("labels_of", self.labels_of)):
            of_data = experiment is None or isinstance(experiment.dataset, DataSource)
            require(of_data, name, "the training of a DataSource", experiment)
        check_choice("tap", self.tap, TAPS)
        if isinstance(self.epoch, str):
            check_choice("epoch", self.epoch, EPOCHS)
        else:
            check_integer("epoch", self.epoch, 1, self.experiment.schedule.epochs)

    @property
    def judge(self) -> Experiment:
        """The training whose labels and answers are shown."""
        return self.labels_of or self.experiment


@dataclass(frozen=True, kw_only=True, slots=True)
class FeatureMap(Asked):
    """Two maps of the same rows, with everything that a page links to them.

    Attributes:
        left, right: what the maps are of. A row is circled by who is wrong: the left one's answer, the right one's.
        part: "test" or "train": which rows are on the maps.
        n: at most so many of them, besides the circled ones, which all stay.
        k: at which kNet's hidden layer is taken and rows are circled for the sample.
        knet: the kNet. tsne: of both maps.
        inn: also the INN score of each training row, which asks the network about 100 times a row.
    Source: KNET Fig. 4, KED Fig. 2, DRO Fig. 1. Departs from it: right -> wrong is circled too.
    """

    left: MapSource
    right: MapSource
    part: str = "test"
    n: int = 3000
    k: int = 51
    knet: KNet = field(default_factory=KNet)
    tsne: TSNE = field(default_factory=TSNE)
    inn: bool = False

    def __post_init__(self) -> None:
        check_choice("part", self.part, PARTS)
        check_integer("n", self.n, 2, MOST_POINTS)
        check_choice("k", self.k, KS)
        check_choice("inn", self.inn, (True, False))
        require(not self.inn or self.part == "train", "inn", "false for test rows, which have no given label", self.inn)
        names = {source.experiment.dataset.name for source in (self.left, self.right)}  # type: ignore[union-attr]
        require(len(names) == 1, "data sets of the two maps", "the same", ", ".join(sorted(names)))
