"""Real neighbours beside the theory: accuracy measured on noisy labels, and how exact each way to predict it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from lab.analysis.clean_distribution import neighbour_counts
from lab.analysis.plurality import TIES, check_correct, plurality_accuracy
from lab.analysis.plurality_noise import noisy_neighbour_distribution
from lab.analysis.plurality_sampling import Sampled, conditional_accuracy, monte_carlo_accuracy, share_won
from lab.core.checks import check_choice, check_integer, require
from lab.neighbors.table import NeighborTable
from lab.noise.draw import check_stochastic
from lab.noise.sampling import sample_given_labels


def measured_accuracy(
    table: NeighborTable, y_given: Any, correct: Any, n_classes: int, ks: Sequence[int], *, ties: str = "wrong"
) -> Float[ndarray, " ks"]:
    """Accuracy of the vote of K neighbours, for each K of `ks`.

    Args:
        table: neighbours of the test samples in the training set.
        y_given: `(n_reference,)`, the training labels.
        correct: `(n,)`, the test samples' clean labels.
        ties: as in `plurality_accuracy` ("random" counts a tie as its chance), or "nearest": the tied label that comes
            first wins.
    Raises: ValueError if an argument is out of range or the shapes do not match.
    """
    check_choice("ties", ties, (*TIES, "nearest"))
    correct = check_correct(correct, len(table.idx), n_classes)
    if ties == "nearest":
        return np.array([(table.predict(y_given, k) == correct).mean() for k in ks])
    return np.array([share_won(neighbour_counts(table, y_given, n_classes, k), correct, ties).mean() for k in ks])


class Mean(NamedTuple):
    """A mean over the test set, and its standard error."""

    mean: float
    error: float


class Exactness(NamedTuple):
    """Accuracy of K neighbours under noise, found in four ways."""

    theorem: float  # Eq. 2: clean labels of the neighbours drawn from C_s
    simulated: Mean  # the same by drawing votes: equal but for chance
    conditional: Mean  # the neighbours' clean labels as they are; only the noise is drawn
    measured: Float[
        ndarray, " repeats"
    ]  # real votes; a training sample's noise is the same for all whose neighbour it is


def exactness(
    table: NeighborTable,
    y_clean: Any,
    correct: Any,
    T: Any,
    k: int,
    *,
    rng: np.random.Generator,
    ties: str = "wrong",
    draws: int = 1000,
    repeats: int = 10,
) -> Exactness:
    """Theorem 1 beside simulation, beside the vote given the neighbours' clean labels, and beside real votes.

    Args:
        table: neighbours of the test samples in the training set.
        y_clean: `(n_reference,)`, clean training labels.
        correct: `(n,)`, clean test labels.
        T: `(L, L)`, P(given | clean).
        ties: as in `plurality_accuracy`.
        draws: votes drawn for each distinct test sample.
        repeats: how often noise is put on the training labels and their vote counted.
    Raises: ValueError if an argument is out of range or the shapes do not match.
    Source: none; the lab's own. DRO §3.3 compares the first with the last.
    """
    T, repeats = check_stochastic("T", T), check_integer("repeats", repeats, 1)
    correct = check_correct(correct, len(table.idx), len(T))
    require(len(correct) > 0, "correct", "at least one label", correct.shape)
    rows = np.column_stack([neighbour_counts(table, y_clean, len(T), k), correct])
    rows, times = np.unique(rows, axis=0, return_counts=True)
    counts, own, weight = rows[:, :-1], rows[:, -1], times / len(correct)
    q = noisy_neighbour_distribution(counts / k, T)
    given = (sample_given_labels(y_clean, T, rng) for _ in range(repeats))
    return Exactness(
        theorem=float(weight @ plurality_accuracy(q, k, own, ties=ties)),
        simulated=weighted_mean(monte_carlo_accuracy(q, k, own, rng=rng, draws=draws, ties=ties), weight),
        conditional=weighted_mean(conditional_accuracy(counts, T, own, rng=rng, draws=draws, ties=ties), weight),
        measured=np.array([measured_accuracy(table, y, correct, len(T), [k], ties=ties)[0] for y in given]),
    )


def weighted_mean(found: Sampled, weight: Float[ndarray, " s"]) -> Mean:
    """The mean over samples of so much weight, and its standard error."""
    return Mean(float(weight @ found.mean), float(np.sqrt(weight**2 @ found.error**2)))
