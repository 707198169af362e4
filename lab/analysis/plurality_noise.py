"""What noise does to the vote: Eq. 3, the paper's special cases, and accuracy as a function of the noise level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.stats import binom

from lab.analysis.plurality import check_distribution, plurality_accuracy
from lab.core.checks import check_choice, check_integer, check_labels, check_number, require
from lab.noise import Uniform
from lab.noise.draw import check_stochastic

N_CHECKS = 5  # rates between the nodes at which a curve is compared with the exact accuracy


def noisy_neighbour_distribution(c: Any, T: Any) -> Float[ndarray, "s c"]:
    """q: the distribution of the given labels among each sample's neighbours.

    Args:
        c: `(S, L)`, the distribution of their clean labels.
        T: `(L, L)`, P(given | clean).
    Raises: ValueError if rows do not sum to 1 or the numbers of classes differ.
    Source: DRO Eq. 3 with T = (1 - gamma) I + gamma P. Departs from it: nothing.
    """
    c, T = check_distribution("c", c), check_stochastic("T", T)
    require(len(T) == c.shape[1], "T", f"a matrix over {c.shape[1]} classes", T.shape)
    return c @ T


def expected_accuracy(c: Any, T: Any, k: int, correct: Any, *, ties: str = "wrong") -> float:
    """Accuracy that K neighbours are expected to have, the mean over samples of `plurality_accuracy`.

    Source: DRO Eqs. 1-3. Departs from it: nothing.
    """
    q = noisy_neighbour_distribution(c, T)
    require(len(q) > 0, "c", "at least one row", q.shape)
    return float(plurality_accuracy(q, k, correct, ties=ties).mean())


def accuracy_at(
    rate: float, c: Float[ndarray, "s c"], corrupted: Float[ndarray, "s c"], k: int, correct: Any, ties: str = "wrong"
) -> float:
    """`expected_accuracy` where a share `rate` of the neighbours' labels is drawn from `corrupted` (c P), the rest from c."""
    return float(plurality_accuracy((1 - rate) * c + rate * corrupted, k, correct, ties=ties).mean())


def one_hot(correct: Any, n_classes: int) -> Float[ndarray, "s c"]:
    """C where all neighbours are of the correct class: a set that can be learnt perfectly (DRO Eq. 14)."""
    return np.eye(n_classes)[check_labels("correct", correct, n_classes)]


def uniform_noise_distribution(rate: float, n_classes: int) -> Float[ndarray, " c"]:
    """q under uniform noise that includes the label itself, for one-hot C; the correct label comes first (DRO Eq. 15)."""
    n_classes = check_integer("n_classes", n_classes, 2)
    return Uniform(rate).transition(n_classes)[0]


def uniform_noise_accuracy(rate: float, k: int, n_classes: int, *, ties: str = "wrong") -> float:
    """Accuracy of a perfectly learnable set under uniform noise (DRO Eqs. 2 and 15)."""
    return float(plurality_accuracy(uniform_noise_distribution(rate, n_classes)[None], k, [0], ties=ties)[0])


def flip_noise_accuracy(rate: float, k: int, *, ties: str = "wrong") -> float:
    """Accuracy of a perfectly learnable set whose labels flip to one alternative: P(Binomial(K, 1 - rate) > K / 2).

    A tie is possible for even K. "random" counts half of it, "optimistic" all; "lowest" depends on which class is
    lower and is not offered here.

    Source: DRO Eq. 16. Departs from it: the tie rules other than "wrong".
    """
    rate, k = check_number("rate", rate, 0, 1), check_integer("k", k, 1)
    tied = {"wrong": 0.0, "random": 0.5, "optimistic": 1.0}
    check_choice("ties", ties, tied)
    tie = tied[ties] * binom.pmf(k // 2, k, 1 - rate) if k % 2 == 0 else 0.0
    return float(binom.sf(k // 2, k, 1 - rate) + tie)


@dataclass(frozen=True, eq=False)
class AccuracyCurve:
    """Expected accuracy as a Chebyshev series of the noise level, which a page can evaluate on its own.

    accuracy(rate) = sum_i coefficients[i] cos(i arccos(x)), x = (2 rate - low - high) / (high - low).
    """

    low: float
    high: float
    coefficients: Float[ndarray, " nodes"]
    error: float  # largest difference from the exact accuracy at rates between the nodes

    def __call__(self, rate: Any) -> Any:
        """Accuracy at a rate or an array of rates in [low, high]."""
        rate = np.asarray(rate, dtype=np.float64)
        inside = np.isfinite(rate).all() and (rate >= self.low).all() and (rate <= self.high).all()
        require(bool(inside), "rate", f"in [{self.low:g}, {self.high:g}]", rate)
        x = (2 * rate - self.low - self.high) / (self.high - self.low)
        return np.polynomial.chebyshev.chebval(x, self.coefficients)


def accuracy_curve(
    c: Any,
    corruption: Any,
    k: int,
    correct: Any,
    rates: tuple[float, float] = (0.0, 1.0),
    *,
    ties: str = "wrong",
    n_nodes: int = 24,
) -> AccuracyCurve:
    """`expected_accuracy` for every noise level at once: it is a polynomial of degree K in the level.

    Args:
        c: `(S, L)`, clean label distributions.
        corruption: `(L, L)`, P: where the labels of the selected samples go; T = (1 - rate) I + rate P.
        k, correct, ties: as in `plurality_accuracy`.
        rates: the lowest and the highest level the curve is for, within [0, 1].
        n_nodes: levels at which the accuracy is computed; K + 1 of them make the curve exact.
    Raises: ValueError if an argument is out of range or the shapes do not match.
    """
    k = check_integer("k", k, 1)
    c, corruption = check_distribution("c", c), check_stochastic("corruption", corruption)
    corrupted = noisy_neighbour_distribution(c, corruption)
    require(len(c) > 0, "c", "at least one row", c.shape)
    n_nodes = min(check_integer("n_nodes", n_nodes, 2), k + 1)
    return fitted_curve(lambda rate: accuracy_at(rate, c, corrupted, k, correct, ties), rates, n_nodes)


def fitted_curve(accuracy: Callable[[float], float], rates: tuple[float, float], n_nodes: int) -> AccuracyCurve:
    """Any accuracy as a Chebyshev series of the noise level.

    Args:
        accuracy: at a noise level.
        rates, n_nodes: as in `accuracy_curve`.
    Raises: ValueError if an argument is out of range.
    """
    low, high = (check_number("rates", rate, 0, 1) for rate in rates)
    require(low < high, "rates", "a lowest and a higher level", rates)
    n_nodes = check_integer("n_nodes", n_nodes, 2)
    nodes = np.cos(np.pi * (np.arange(n_nodes) + 0.5) / n_nodes)
    between = np.cos(np.pi * np.unique(np.linspace(0, n_nodes, N_CHECKS).round()) / n_nodes)
    levels = low + (high - low) * (np.concatenate([nodes, between]) + 1) / 2
    exact = np.array([accuracy(float(rate)) for rate in levels])
    order = np.arange(n_nodes)
    coefficients = 2 / n_nodes * np.cos(np.outer(order, np.arccos(nodes))) @ exact[:n_nodes]
    coefficients[0] /= 2
    error = np.abs(np.polynomial.chebyshev.chebval(between, coefficients) - exact[n_nodes:]).max()
    return AccuracyCurve(low, high, coefficients, float(error))


def transition_at(corruption: Any, rate: float) -> Float[ndarray, "c c"]:
    """T = (1 - rate) I + rate P, P being the corruption matrix."""
    P = check_stochastic("corruption", corruption)
    return (1 - rate) * np.eye(len(P)) + rate * P
