"""The effective K of a network: whose vote its accuracy under noise amounts to, and how that falls as it memorises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from lab.analysis.plurality import plurality_accuracy_all
from lab.analysis.plurality_noise import noisy_neighbour_distribution, transition_at
from lab.core.checks import check_number, require


@dataclass(frozen=True, eq=False)
class EffectiveK:
    """The K whose expected accuracies are nearest to measured ones, in least squares over the noise levels."""

    k: int
    error: float  # root mean square difference at k
    errors: Float[ndarray, " k_max"]  # the same for every K = 1..k_max
    accuracies: Float[ndarray, " rates"]  # expected at k


@dataclass(frozen=True, eq=False)
class EffectiveKByEpoch:
    """`EffectiveK` after each recorded epoch."""

    k: Int[ndarray, " epochs"]
    error: Float[ndarray, " epochs"]
    errors: Float[ndarray, "epochs k_max"]
    expected: Float[ndarray, "rates k_max"]  # accuracy of every K at every noise level


def effective_k(
    rates: Any,
    accuracies: Any,
    c: Any,
    corruption: Any,
    correct: Any,
    *,
    k_max: int = 101,
    ties: str = "wrong",
) -> EffectiveK:
    """How many neighbours' vote a measured accuracy curve, such as a network's, amounts to.

    Args:
        rates: `(R,)`, noise levels in [0, 1].
        accuracies: `(R,)`, measured there, in [0, 1].
        c, corruption, correct, ties: as in `accuracy_curve`.
        k_max: K is looked for in 1..k_max; the smallest of equally good ones is taken.
    Raises: ValueError if an argument is out of range or the shapes do not match.
    Source: none; DRO §4 compares a network with the family of curves and leaves open which K is its own.
    """
    measured = np.asarray(accuracies, dtype=np.float64)
    require(measured.ndim == 1, "accuracies", "one-dimensional", measured.shape)
    found = effective_k_by_epoch(rates, measured[None], c, corruption, correct, k_max=k_max, ties=ties)
    k = int(found.k[0])
    return EffectiveK(k, float(found.error[0]), found.errors[0], found.expected[:, k - 1])


def effective_k_by_epoch(
    rates: Any,
    accuracies: Any,
    c: Any,
    corruption: Any,
    correct: Any,
    *,
    k_max: int = 101,
    ties: str = "wrong",
) -> EffectiveKByEpoch:
    """The effective K after each epoch: row e of `accuracies` `(E, R)` was measured after the e-th recorded one.

    The expected accuracies are computed once for all epochs. Other arguments and errors as in `effective_k`.
    """
    levels, measured = np.asarray(rates, dtype=np.float64), np.asarray(accuracies, dtype=np.float64)
    require(levels.ndim == 1 and levels.size > 0, "rates", "one-dimensional and not empty", levels.shape)
    for name, values in (("rates", levels), ("accuracies", measured)):
        for value in values.flat:
            check_number(name, float(value), 0, 1)
    rule = f"one for each of {len(levels)} rates"
    require(measured.ndim == 2 and measured.shape[1] == len(levels), "accuracies", rule, measured.shape)
    expected = expected_accuracies(levels, c, corruption, correct, k_max=k_max, ties=ties)
    errors = np.sqrt(((expected[None] - measured[:, :, None]) ** 2).mean(axis=1))
    best = errors.argmin(axis=1)
    return EffectiveKByEpoch(best + 1, errors.min(axis=1), errors, expected)


def expected_accuracies(
    rates: Float[ndarray, " rates"], c: Any, corruption: Any, correct: Any, *, k_max: int, ties: str = "wrong"
) -> Float[ndarray, "rates k_max"]:
    """`expected_accuracy` at every noise level for every K = 1..k_max, with the same C_s for all K."""
    qs = [noisy_neighbour_distribution(c, transition_at(corruption, rate)) for rate in rates]
    require(len(qs[0]) > 0, "c", "at least one row", qs[0].shape)
    return np.stack([plurality_accuracy_all(q, k_max, correct, ties=ties).mean(axis=0) for q in qs])
