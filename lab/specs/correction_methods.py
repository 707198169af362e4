"""Methods that change the given labels, or leave some of them out. Defaults are the papers', where these say.

What a paper leaves open is a named option; the first choice of each is the one that this lab recommends.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.core.checks import check_choice, check_integer, check_number, require

GAMMAS = ("divide", "multiply", "linear")
RETRAIN = ("fresh", "same", "reset", "continue")
TAPS = ("penultimate", "early", "mid", "last_conv", "logits")
REFERENCES = ("given", "clean")
NORMALISE = ("mean", "zscore", "minmax")
LARGEST_K = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class IterKNN:
    """A vote of the k nearest rows relabels every row after each episode of training (KED Algorithms 1 and 2).

    Attributes:
        gamma: how the weight of the given labels falls from 1 (Eq. 7): "divide" by `gamma_step` as the paper says, which
            ends at 0.194 after ten episodes and not near 0; "multiply" by it; or "linear" to 0.
        retrain: how an episode starts: a "fresh" network, the "same" first weights again (the paper's theta_0), the
            trained network with the learning rate "reset", or "continue" at the rate at which it ended.
        tap: the layer whose output is compared; "penultimate" is the input of the last linear layer.
        self_neighbour: "include" is the literal sum of Algorithm 2, where a row votes for itself.
        reference: "clean" lets the true labels vote, for the study of Fig. 3.
    """

    episodes: int = 10
    k: int = 100
    gamma: str = "divide"
    gamma_step: float = 1.2
    retrain: str = "fresh"
    tap: str = "penultimate"
    self_neighbour: str = "exclude"
    reference: str = "given"

    def __post_init__(self) -> None:
        check_integer("episodes", self.episodes, 1, 100)
        check_integer("k", self.k, 1, LARGEST_K)
        check_choice("gamma", self.gamma, GAMMAS)
        low, high = (1, 100) if self.gamma == "divide" else (0, 1) if self.gamma == "multiply" else (0, 100)
        check_number(f"gamma_step to {self.gamma} by", self.gamma_step, low, high)
        check_choice("retrain", self.retrain, RETRAIN)
        check_choice("tap", self.tap, TAPS)
        check_choice("self_neighbour", self.self_neighbour, ("exclude", "include"))
        check_choice("reference", self.reference, REFERENCES)

    def gamma_at(self, episode: int) -> float:
        """The weight of the given labels in an episode, counted from 1."""
        if self.gamma == "linear":
            return 1 - (episode - 1) / max(1, self.episodes - 1)
        return float(self.gamma_step ** ((episode - 1) * (-1 if self.gamma == "divide" else 1)))


@dataclass(frozen=True, kw_only=True, slots=True)
class SelKNN(IterKNN):
    """Rows of small loss keep their labels and relabel all others (KED Algorithm 3).

    Attributes:
        first_percent, percent_step: of each class, the share that is kept in the first episode and what is added after
            each; from 100 on it is IterKNN (A9).
        cap: at most so many rows of a class are kept (Clothing1M: 10,000); then it never becomes IterKNN.
        normalise: how the losses of an epoch are made comparable before they are added up (A10): minus their "mean" as
            O2U-Net does, "zscore", or "minmax".
        accumulate: over the epochs of the current "episode", or of "all" so far.
        limit_k: "reference" lets at most all kept rows vote, "class" at most as many as the smallest class has there,
            beyond which other classes dilute the vote.
    """

    first_percent: float = 20.0
    percent_step: float = 10.0
    cap: int | None = None
    normalise: str = "mean"
    accumulate: str = "episode"
    limit_k: str = "reference"

    def __post_init__(self) -> None:
        IterKNN.__post_init__(self)  # zero-argument super() does not know a class with slots
        check_number("first_percent", self.first_percent, 0.1, 100)
        check_number("percent_step", self.percent_step, 0, 100)
        if self.cap is not None:
            check_integer("cap", self.cap, 1)
        check_choice("normalise", self.normalise, NORMALISE)
        check_choice("accumulate", self.accumulate, ("episode", "all"))
        check_choice("limit_k", self.limit_k, ("reference", "class"))

    def percent_at(self, episode: int) -> float:
        """The share of each class, in percent, that is kept in an episode, counted from 1."""
        return min(100.0, self.first_percent + self.percent_step * (episode - 1))

    def relabels_all(self, episode: int) -> bool:
        """Whether it has become IterKNN."""
        return self.percent_at(episode) >= 100 and self.cap is None


@dataclass(frozen=True, kw_only=True, slots=True)
class KNNFilter:
    """Rows whose label is not that of their neighbours are left out (Bahri, Jiang and Gupta 2020)."""

    k: int = 100
    tap: str = "logits"

    def __post_init__(self) -> None:
        check_integer("k", self.k, 1, LARGEST_K)
        check_choice("tap", self.tap, TAPS)


@dataclass(frozen=True, kw_only=True, slots=True)
class JointOptimization:
    """Labels become the network's own recent predictions while it trains (Tanaka et al. 2018).

    Defaults: the published schedule, alpha and beta of a port for symmetric noise (the published code has 1 and .5).

    Attributes:
        epochs, learning_rate: of the first step; a high constant rate is what keeps wrong labels from being learned.
        begin: the epoch after which labels begin to change.
        window: predictions of so many epochs are averaged.
        prior: of the classes: "uniform", or their shares among the "given" labels.
        final_epochs, final_rate: of a new network on the labels found; the rate is divided by 10 after each third.
        snapshots: how often the labels are written down while they change.
    """

    epochs: int = 200
    learning_rate: float = 0.1
    begin: int = 70
    window: int = 10
    alpha: float = 1.2
    beta: float = 0.8
    prior: str = "uniform"
    final_epochs: int = 120
    final_rate: float = 0.2
    snapshots: int = 10

    def __post_init__(self) -> None:
        check_integer("epochs", self.epochs, 1, 2000)
        check_number("learning_rate", self.learning_rate, 1e-6, 10)
        check_integer("begin", self.begin, 1, self.epochs - 1)
        check_integer("window", self.window, 1, self.begin)  # so that no average is over epochs that never were
        check_number("alpha", self.alpha, 0, 100)
        check_number("beta", self.beta, 0, 100)
        check_choice("prior", self.prior, ("uniform", "given"))
        check_integer("final_epochs", self.final_epochs, 3, 2000)
        check_number("final_rate", self.final_rate, 1e-5, 10)
        check_integer("snapshots", self.snapshots, 1, min(50, self.epochs - self.begin))


@dataclass(frozen=True, kw_only=True, slots=True)
class PENCIL:
    """Labels are distributions that are learned together with the network (Yi and Wu 2019).

    Attributes:
        begin: epochs of plain cross-entropy; then labels change until `epochs`, then they stay as they are.
        step: lambda, by which the gradient with respect to the labels is multiplied. Its effect falls with batch size
            and classes: rescale it by both, and by 1 / the epochs in which labels change.
        compatibility: "equation" is -log of the label's own probability; "published" takes the softmax twice (A49).
        final_epochs, final_rate: of the last stage, in which the same network goes on.
        final_decay: the rate is divided by 10 after each third ("tenth"), or falls to 0 at once ("zero"), which is what
            the published code's whole-number division does (A49).
        snapshots: how often the labels are written down while they change.
    """

    epochs: int = 200
    learning_rate: float = 0.06
    begin: int = 70
    step: float = 600.0
    alpha: float = 0.4
    beta: float = 0.1
    compatibility: str = "equation"
    final_epochs: int = 120
    final_rate: float = 0.2
    final_decay: str = "tenth"
    snapshots: int = 10

    def __post_init__(self) -> None:
        check_integer("epochs", self.epochs, 2, 2000)
        check_number("learning_rate", self.learning_rate, 1e-6, 10)
        check_integer("begin", self.begin, 1, self.epochs - 1)
        check_number("step", self.step, 0, 1e7)
        check_number("alpha", self.alpha, 0, 100)
        check_number("beta", self.beta, 0, 100)
        check_choice("compatibility", self.compatibility, ("equation", "published"))
        check_integer("final_epochs", self.final_epochs, 3, 2000)
        check_number("final_rate", self.final_rate, 1e-5, 10)
        check_choice("final_decay", self.final_decay, ("tenth", "zero"))
        check_integer("snapshots", self.snapshots, 1, min(50, self.epochs - self.begin))


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnPrediction:
    """The baseline of all: the network is trained once, with the experiment's loss, and its predictions are the labels."""


CorrectionMethod = IterKNN | SelKNN | KNNFilter | JointOptimization | PENCIL | OwnPrediction


def snapshot_epochs(method: JointOptimization | PENCIL) -> tuple[int, ...]:
    """The epochs after which labels are written down, evenly spread over those in which they change; the last is one."""
    first, last, count = method.begin, method.epochs, method.snapshots
    epochs = tuple(first + round((last - first) * (i + 1) / count) for i in range(count))
    require(len(set(epochs)) == count, "snapshots", "at most the epochs in which labels change", count)
    return epochs
