"""C_s, the clean labels around each test sample: what Theorem 1 starts from (DRO §3.3, "Estimating the clean distribution").

For neighbours it is the histogram of their clean labels; for a network, the softmax of one trained on clean labels.
`plurality_noise.one_hot` is the third: a set that can be learnt perfectly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from lab.analysis.plurality import check_distribution
from lab.core.checks import check_integer, check_labels, require
from lab.neighbors.table import NeighborTable
from lab.noise.draw import check_stochastic

SOFTMAX_TOLERANCE = 1e-3  # how far from 1 a row of single or half precision may sum
WORST_CONDITION = 1e4  # of T, beyond which its inverse only magnifies chance


def neighbour_counts(table: NeighborTable, y: Any, n_classes: int, k: int) -> Int[ndarray, "n c"]:
    """How many of the first k neighbours carry each label.

    Args:
        y: labels of the reference rows, `(n_reference,)`; clean ones for C_s.
    Raises: ValueError if an argument is out of range or the labels are not those of the reference.
    """
    k = check_integer("k", k, 1, table.k_max)
    y = check_labels("y", y, check_integer("n_classes", n_classes, 1))
    require(len(y) == table.n_reference, "y", f"{table.n_reference} labels, one per reference row", len(y))
    n = len(table.idx)
    cell = np.arange(n)[:, None] * n_classes + y[table.idx[:, :k]]
    return np.bincount(cell.ravel(), minlength=n * n_classes).reshape(n, n_classes)


def neighbour_distribution(table: NeighborTable, y_clean: Any, n_classes: int, k: int) -> Float[ndarray, "n c"]:
    """C_s of K neighbours: the histogram of their clean labels. Arguments and errors as in `neighbour_counts`."""
    return neighbour_counts(table, y_clean, n_classes, k) / k


def softmax_distribution(pred_probs: Any) -> Float[ndarray, "n c"]:
    """C_s of a network: the softmax of one trained on clean labels, in double precision and summing to 1 exactly.

    Raises: ValueError unless the rows are probabilities that sum to 1 within 0.001.
    """
    probs = check_distribution("pred_probs", pred_probs, SOFTMAX_TOLERANCE)
    return probs / probs.sum(axis=1, keepdims=True)


def denoised_distribution(noisy: Any, T: Any) -> Float[ndarray, "n c"]:
    """C_s for whoever has no clean labels: the distribution nearest to `noisy` T^-1.

    Args:
        noisy: `(n, L)`, softmax of a network trained on given labels, or histograms of given labels.
        T: `(L, L)`, P(given | clean), known or estimated.
    Raises: ValueError if rows do not sum to 1, the numbers of classes differ, or T can not be inverted (its condition
        number exceeds 10,000).
    Source: none; DRO takes C_s from clean labels. Rounding and chance may lead out of the simplex, so the row is
        projected back: Euclidean distance, Duchi et al. 2008, Fig. 1.
    """
    noisy, T = softmax_distribution(noisy), check_stochastic("T", T)
    require(len(T) == noisy.shape[1], "T", f"a matrix over {noisy.shape[1]} classes", T.shape)
    condition = float(np.linalg.cond(T))
    require(condition <= WORST_CONDITION, "the condition number of T", f"at most {WORST_CONDITION:g}", condition)
    return nearest_distribution(np.linalg.solve(T.T, noisy.T).T)


def nearest_distribution(x: Float[ndarray, "n c"]) -> Float[ndarray, "n c"]:
    """The probabilities nearest to each row: max(x - t, 0) with the t that makes them sum to 1."""
    falling = -np.sort(-x, axis=1)
    excess = falling.cumsum(axis=1) - 1
    size = np.arange(1, x.shape[1] + 1)
    kept = (falling * size > excess).sum(axis=1)  # so many entries stay above 0
    t = excess[np.arange(len(x)), kept - 1] / kept
    return np.maximum(x - t[:, None], 0)
