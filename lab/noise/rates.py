"""Rates: nominal, effective (pi) and how one becomes the other."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from lab.core.checks import require
from lab.noise.draw import check_stochastic


def effective_rate(T: Float[np.ndarray, "c c"], class_weights: Float[np.ndarray, " c"] | None = None) -> float:
    """pi = sum_i w_i (1 - T_ii): the fraction of labels that is really wrong, comparable across papers.

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
