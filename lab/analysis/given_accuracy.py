"""How accurate the neighbours' vote is, measured against given labels and corrected by the noise that they carry."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from lab.analysis.clean_distribution import WORST_CONDITION, neighbour_counts
from lab.analysis.noise_estimation import NoiseEstimate
from lab.analysis.plurality import TIES
from lab.analysis.plurality_sampling import share_won
from lab.core.checks import check_choice, check_labels, require
from lab.neighbors.table import NeighborTable


def accuracy_against_given(
    table: NeighborTable, y_given: Any, estimate: NoiseEstimate, k: int, *, ties: str = "wrong"
) -> tuple[float, float, float] | None:
    """Accuracy of the vote of k on clean labels, as the given ones tell it, and the 95 % interval that T's makes of it.

    A row's own given label has no part in its vote, and its noise depends on its class alone. So the joint shares of
    given label and vote are those of clean label and vote times T, and the inverse of T leads back: the accuracy is the
    trace. Nothing is assumed of the clean labels around a row, which is what biases a forecast by Theorem 1 where they
    have to be guessed. It says nothing of another noise level, and T's inverse magnifies chance where T is near
    singular: then, as the interval shows, it says little.

    Args:
        table: neighbours of the rows among themselves, none its own.
        ties: as in `plurality_accuracy`.
    Returns: accuracy and the ends of its interval, cut to [0, 1]; None if T can not be inverted.
    Raises: ValueError if the labels do not fit, k is out of range, or the table is not a self-search of these rows.
    Source: none; the backward correction of Patrini et al. 2017, of an accuracy in place of a loss.
    """
    check_choice("ties", ties, TIES)
    n_classes = len(estimate.T)
    y = check_labels("y_given", y_given, n_classes)
    own = len(table.idx) == table.n_reference and not (table.idx == np.arange(len(table.idx))[:, None]).any()
    require(own, "table", "a search for the reference's own rows, none its own neighbour", table.idx.shape)
    if np.linalg.cond(estimate.T) > WORST_CONDITION:
        return None
    votes = neighbour_counts(table, y, n_classes, k)
    won = np.stack([share_won(votes, c, ties) for c in range(n_classes)], axis=1)
    joint = np.stack([won[y == c].sum(axis=0) for c in range(n_classes)]) / len(y)
    again = [_corrected(joint, T) for T in estimate.resampled if np.linalg.cond(T) <= WORST_CONDITION]
    low, high = np.quantile(again or [0, 1], [0.025, 0.975])
    found = np.clip([_corrected(joint, estimate.T), low, high], 0, 1)
    return float(found[0]), float(found[1]), float(found[2])


def _corrected(joint: Float[ndarray, "c c"], T: Float[ndarray, "c c"]) -> float:
    return float(np.trace(np.linalg.solve(T.T, joint)))
