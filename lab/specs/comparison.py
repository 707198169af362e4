"""kNN or kNet on a finished training: what is compared, on which numbers, and how large kNet may be."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.core.checks import check_choice, check_integer, require
from lab.specs.codec import Asked
from lab.specs.experiment import Experiment
from lab.specs.labels import DataSource
from lab.specs.methods import K_LIMIT, KAPPAS, KNet

FEATURES = ("penultimate", "raw", "early", "mid", "last_conv", "logits")  # what the neighbours are searched in
WEIGHTS = ("last", "best")
METRICS = ("l2", "cosine")
FIXED_KS = (1, 11, 51, 101)  # the columns of KNET Table 2
MANY_ROWS = 10_000  # from here on kNet is trained as for CIFAR: 30 epochs, batches of 512, a rate of 1e-3
WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128)


def knet_for(n_train: int, fixed_ks: tuple[int, ...] = FIXED_KS) -> KNet:
    """kNet with the schedule that fits so many training rows; the paper gives none."""
    if n_train < MANY_ROWS:
        return KNet(fixed_ks=fixed_ks)
    return KNet(fixed_ks=fixed_ks, epochs=30, batch_size=512, learning_rate=1e-3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison(Asked):
    """Network, kNN, kNet and fixed kNet on one training, judged by its test rows.

    Attributes:
        experiment: the training, of a `DataSource`.
        knet: the kNet that is trained on it; `fixed_ks` are further ones, for one k each.
        features: what neighbours are searched in and kNet sees: the penultimate layer (the paper), the raw inputs, or
            another tap of the network.
        weights: the network after its "last" epoch or after its "best".
        metric: of the neighbours. z_score: bring every feature to one scale first.
        seed: of kNet's weights and batches, and of the noise drawn on the labels of the test rows.
    Raises: ValueError where a field breaks its rule.
    """

    experiment: Experiment
    knet: KNet = field(default_factory=lambda: KNet(fixed_ks=FIXED_KS))
    features: str = "penultimate"
    weights: str = "last"
    metric: str = "l2"
    z_score: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        of_data = isinstance(self.experiment.dataset, DataSource)
        require(of_data, "experiment", "the training of a DataSource", self.experiment.dataset)
        check_choice("features", self.features, FEATURES)
        check_choice("weights", self.weights, WEIGHTS)
        check_choice("metric", self.metric, METRICS)
        require(isinstance(self.z_score, bool), "z_score", "true or false", self.z_score)
        check_integer("seed", self.seed, 0, 2**31 - 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class KNetSizes(Asked):
    """How well kNet does against its width, and against the form in which k enters it.

    Attributes:
        comparison: training, features and kNet; its width and form are what the other is varied at.
        widths: of the hidden layer. kappas: the forms.
        ks: where the difference from the neighbours is read.
    """

    comparison: Comparison
    widths: tuple[int, ...] = WIDTHS
    kappas: tuple[str, ...] = KAPPAS
    ks: tuple[int, ...] = (1, 11, 51, 101)

    def __post_init__(self) -> None:
        for name, values in (("widths", self.widths), ("kappas", self.kappas), ("ks", self.ks)):
            require(0 < len(values) <= 12, name, "1 to 12", len(values))
            require(len(set(values)) == len(values), name, "without repeats", values)
        for width in self.widths:
            check_integer("widths", width, 1, 4096)
        for kappa in self.kappas:
            check_choice("kappas", kappa, KAPPAS)
        for k in self.ks:
            check_integer("ks", k, 1, K_LIMIT)
