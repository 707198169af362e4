"""Rates: nominal, effective (pi), how one becomes the other, and how much noise leaves the true class in front.

"40 % noise" is 40, 36, 20 or 27 % wrong labels, depending on who says it. pi, the fraction of labels that is really
wrong, is the only rate that can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped

from lab.core.checks import check_choice, check_integer, check_number, require
from lab.noise.draw import check_stochastic


def effective_rate(
    T: Float[np.ndarray, "c c"], class_weights: Shaped[np.ndarray, " w"] | Sequence[float] | None = None
) -> float:
    """pi = sum_i w_i (1 - T_ii).

    Args:
        T: T[i, j] = P(given=j | clean=i).
        class_weights: share or count of each class, >= 0; None means equal classes.
    Raises: ValueError if the rows of T do not sum to 1 or the weights do not fit.
    Source: KED §3.1 (label error rate). Departs from it: nothing.
    """
    T = check_stochastic("T", T)
    weights = np.ones(len(T)) if class_weights is None else np.asarray(class_weights, dtype=np.float64)
    require(weights.shape == (len(T),), "class_weights", f"{len(T)} numbers", weights.shape)
    require(bool((weights >= 0).all() and weights.sum() > 0), "class_weights", ">= 0 with a positive sum", weights)
    return float(np.average(1 - np.diag(T), weights=weights))


UNITS = ("changed", "selected", "per source class")


def unit_factor(unit: str, n_classes: int, source_weight: float = 0.5) -> float:
    """pi per unit of a nominal rate that counts changed labels, selected ones (uniform noise), or source-class ones.

    Args:
        source_weight: share of the samples that is of a source class; 0.5 for five of ten equal classes.
    """
    check_choice("unit", unit, UNITS)
    check_integer("n_classes", n_classes, 2)
    check_number("source_weight", source_weight, 0, 1)
    return {"changed": 1.0, "selected": (n_classes - 1) / n_classes, "per source class": source_weight}[unit]


def to_effective(rate: float, unit: str, n_classes: int, source_weight: float = 0.5) -> float:
    """pi of a nominal rate. Uniform noise: pi = rate (L-1)/L; semantic noise: pi = rate * source_weight."""
    return check_number("rate", rate, 0, 1) * unit_factor(unit, n_classes, source_weight)


def from_effective(flip_rate: float, unit: str, n_classes: int, source_weight: float = 0.5) -> float:
    """The nominal rate whose pi is `flip_rate`.

    Raises: ValueError if noise of that kind cannot make so many labels wrong.
    """
    highest = unit_factor(unit, n_classes, source_weight)
    check_number("flip_rate", flip_rate, 0, highest)
    return min(flip_rate / highest, 1.0) if highest else 0.0


def plurality_survives(T: Float[np.ndarray, "c c"]) -> Bool[np.ndarray, " c"]:
    """Whether the true class stays the likeliest given label of each class, ties being lost.

    Source: DRO §3.2 (the plurality label). Departs from it: nothing.
    """
    T = check_stochastic("T", T)
    return np.diag(T) > _largest_other(T)


def breaking_rate(corruption: Float[np.ndarray, "c c"]) -> Float[np.ndarray, " c"]:
    """The nominal rate at which each class loses its plurality: it survives below it; inf where it always does.

    From (1-rate) + rate P_ii = rate max_j P_ij. Symmetric noise: (L-1)/L; flip: 1/2; 2:1 asymmetric: 0.6.
    """
    P = check_stochastic("corruption", corruption)
    lost_per_rate = 1 - np.diag(P) + _largest_other(P)
    return np.divide(1.0, lost_per_rate, out=np.full(len(P), np.inf), where=lost_per_rate > 0)


def _largest_other(matrix: Float[np.ndarray, "c c"]) -> Float[np.ndarray, " c"]:
    """Largest entry of each row off the diagonal."""
    others = matrix.copy()
    np.fill_diagonal(others, -np.inf)
    return others.max(axis=1)


@dataclass(frozen=True, slots=True)
class PaperRate:
    """What one paper means by its rate."""

    paper: str
    name: str  # the paper's name for the noise
    meaning: str  # of its rate, in words
    unit: str  # one of UNITS: what the rate counts
    model: str  # the class of lab.noise that makes it


PAPER_RATES = (
    PaperRate("KNET", "uniform", "selected samples; the new label may be the old one", "selected", "Uniform"),
    PaperRate("KNET", "semantic asymmetric", "share of each source class that flips", "per source class", "Semantic"),
    PaperRate(
        "KNET", "random asymmetric", "share that flips, 2:1 to two random classes", "changed", "RandomAsymmetric"
    ),
    PaperRate("KED", "symmetric", "share that flips to another class", "changed", "Symmetric"),
    PaperRate("KED", "asymmetric", "share of each source class that flips", "per source class", "Semantic"),
    PaperRate("DRO", "uniform", "corrupted samples; the new label may be the old one", "selected", "Uniform"),
    PaperRate("DRO", "flip", "corrupted samples; every one changes", "changed", "Flip"),
    PaperRate("DRO", "locally concentrated", "a result of k-means, measured", "changed", "LocallyConcentrated"),
    PaperRate("INN", "symmetric", "probability of redrawing from 1..K, the old label included", "selected", "Uniform"),
    PaperRate("INN", "asymmetric, CIFAR-10", "share of each source class that flips", "per source class", "Semantic"),
    PaperRate("INN", "asymmetric, CIFAR-100", "share that flips to the next class", "changed", "Flip"),
    PaperRate("DivideMix (code)", "sym", "exact count of redrawn labels, old one included", "selected", "Uniform"),
    PaperRate(
        "DivideMix (code)", "asym", "exact count drawn from all classes, then mapped", "per source class", "Semantic"
    ),
    PaperRate("SL (code)", "sym", "exact count per class, to another class", "changed", "Symmetric"),
    PaperRate("SL (code)", "asym", "exact count per source class", "per source class", "Semantic"),
    PaperRate(
        "Joint Optimization, PENCIL, M-correction, IEG (code)",
        "symmetric",
        "redrawn labels, the old one included",
        "selected",
        "Uniform",
    ),
)


def rates_in_papers(
    flip_rate: float, n_classes: int, source_weight: float = 0.5
) -> tuple[tuple[PaperRate, float | None], ...]:
    """What each paper would call noise with this pi; None where its noise cannot reach it.

    Source: KNET §4, KED §4.1, DRO §3.1, INN §4.1, and the public code of the baselines.
    """
    check_number("flip_rate", flip_rate, 0, 1)
    return tuple(
        (paper, from_effective(flip_rate, paper.unit, n_classes, source_weight))
        if flip_rate <= unit_factor(paper.unit, n_classes, source_weight)
        else (paper, None)
        for paper in PAPER_RATES
    )
