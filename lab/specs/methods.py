"""Methods that can be asked for."""

from __future__ import annotations

from dataclasses import dataclass

from lab.core.checks import check_choice, check_integer, check_number, require

KAPPAS = ("scaled", "raw", "log", "inverse_sqrt")
K_LIMIT = 101  # KNET draws k from 1..101


def hidden_width(hidden: str | int, d: int) -> int:
    """kNet's hidden width m for d features.

    "paper" is Table 1's d/16, but never below 4; "auto" is never below 16, because four units are a bottleneck at
    d = 64; an integer is taken as it is.
    """
    if isinstance(hidden, str):
        return max({"paper": 4, "auto": 16}[hidden], d // 16)
    return hidden


def knet_parameters(d: int, m: int, n_classes: int) -> int:
    """Exact parameter count of Table 1: (d+1)m + m, the BatchNorm's 2m, and mL + L."""
    return (d + 1) * m + m + 2 * m + m * n_classes + n_classes


@dataclass(frozen=True, kw_only=True, slots=True)
class KNet:
    """kNet on a backbone's penultimate features (KNET §3).

    The paper leaves optimiser, epochs, the form in which k enters and the row's own vote open; these are our choices.
    """

    hidden: str | int = "auto"  # "paper" = d/16 of Table 1, "auto" = at least 16, or a width
    kappa: str = "scaled"  # how k enters: k/101, k, log k / log 101, or 1/sqrt k
    self_neighbour: str = "exclude"  # "include" is the literal "kNN in the penultimate layer"
    loss: str = "ce"  # "kl" has the same gradient
    fixed_ks: tuple[int, ...] = ()  # additional kNets, each trained for one k alone
    epochs: int = 60
    batch_size: int = 128
    learning_rate: float = 1e-2

    def __post_init__(self) -> None:
        if isinstance(self.hidden, str):
            check_choice("hidden", self.hidden, ("auto", "paper"))
        else:
            check_integer("hidden", self.hidden, 1, 4096)
        check_choice("kappa", self.kappa, KAPPAS)
        check_choice("self_neighbour", self.self_neighbour, ("exclude", "include"))
        check_choice("loss", self.loss, ("ce", "kl"))
        for k in self.fixed_ks:
            check_integer("fixed_ks", k, 1, K_LIMIT)
        require(len(set(self.fixed_ks)) == len(self.fixed_ks), "fixed_ks", "without repeats", self.fixed_ks)
        check_integer("epochs", self.epochs, 1, 2000)
        check_integer("batch_size", self.batch_size, 4, 65_536)
        check_number("learning_rate", self.learning_rate, 1e-6, 10)


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossEntropy:
    """The network as everybody trains it: the baseline of all five papers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SymmetricCrossEntropy:
    """SL: alpha CE + beta reverse CE (a baseline and the training loss of KED)."""

    alpha: float = 0.1  # the published code's for CIFAR-10; .01 for MNIST, 6 and .1 for CIFAR-100
    beta: float = 1.0

    def __post_init__(self) -> None:
        check_number("alpha", self.alpha, 0, 100)
        check_number("beta", self.beta, 0, 100)
        require(self.alpha + self.beta > 0, "alpha and beta", "not both 0", (self.alpha, self.beta))


@dataclass(frozen=True, kw_only=True, slots=True)
class GeneralisedCrossEntropy:
    """GCE: between cross-entropy (q -> 0) and the mean absolute error (q = 1)."""

    q: float = 0.7

    def __post_init__(self) -> None:
        check_number("q", self.q, 1e-3, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class NegativeEntropy:
    """CE+NE: cross-entropy and a penalty for confidence (INN's baseline)."""

    weight: float = 1.0

    def __post_init__(self) -> None:
        check_number("weight", self.weight, 0, 100)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bootstrapping:
    """Targets partly the network's own predictions (Reed et al. 2015)."""

    form: str = "soft"  # or "hard"
    beta: float = 0.95  # weight of the given label; the paper's .95 soft, .8 hard

    def __post_init__(self) -> None:
        check_choice("form", self.form, ("soft", "hard"))
        check_number("beta", self.beta, 0, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class LossCorrection:
    """Forward or backward correction by the noise's own T, which nobody has in practice (Patrini et al. 2017)."""

    direction: str = "forward"

    def __post_init__(self) -> None:
        check_choice("direction", self.direction, ("forward", "backward"))


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelSmoothing:
    """Cross-entropy to (1 - s) of the given label and s of all."""

    smoothing: float = 0.1

    def __post_init__(self) -> None:
        check_number("smoothing", self.smoothing, 0, 0.99)


Loss = (
    CrossEntropy
    | SymmetricCrossEntropy
    | GeneralisedCrossEntropy
    | NegativeEntropy
    | Bootstrapping
    | LossCorrection
    | LabelSmoothing
)
LOSSES: dict[str, Loss] = {
    "Cross-entropy": CrossEntropy(),
    "Symmetric cross-entropy (SL)": SymmetricCrossEntropy(),
    "Generalised cross-entropy (GCE)": GeneralisedCrossEntropy(),
    "Cross-entropy + negative entropy": NegativeEntropy(),
    "Bootstrapping, soft": Bootstrapping(),
    "Bootstrapping, hard": Bootstrapping(form="hard", beta=0.8),
    "Forward correction": LossCorrection(),
    "Backward correction": LossCorrection(direction="backward"),
    "Label smoothing": LabelSmoothing(),
}
