"""Whether probabilities mean what they say: reliability, expected calibration error and log-loss.

A good histogram of noisy neighbours is calibrated to P(given | x) and not to P(clean | x), so each method is measured
against both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from lab.analysis.plurality import check_distribution
from lab.core.checks import check_integer, check_labels, require

N_BINS = 15
SUM_TOLERANCE = 1e-3  # single precision over a thousand classes
SMALLEST = 1e-12  # what a probability of 0 counts as in the log-loss


@dataclass(frozen=True, eq=False)
class Calibration:
    """One set of probabilities against one set of labels.

    count, confidence, accuracy: for each bin of the largest probability, how many rows fell into it, their mean
        largest probability, and the share whose label it was; NaN for an empty bin.
    ece: mean over rows of |accuracy - confidence| of the row's bin.
    log_loss: mean of -log p(label), p no less than 1e-12: a histogram of few neighbours often has a 0 there.
    """

    count: Int[ndarray, " bins"]
    confidence: Float[ndarray, " bins"]
    accuracy: Float[ndarray, " bins"]
    ece: float
    log_loss: float

    @property
    def edges(self) -> Float[ndarray, " bins_and_1"]:
        """Where the bins begin and end, from 0 to 1."""
        return np.linspace(0, 1, len(self.count) + 1)

    @property
    def overconfidence(self) -> float:
        """Mean largest probability less accuracy: above 0 where the method promises too much."""
        filled = self.count > 0
        gap = self.confidence[filled] - self.accuracy[filled]
        return float(gap @ self.count[filled] / self.count.sum())


def calibration(pred_probs: Any, y: Any, *, n_bins: int = N_BINS) -> Calibration:
    """Reliability of the most probable class in bins of equal width, each with its upper edge.

    Args:
        pred_probs: `(n, c)`, rows sum to 1.
        y: labels `(n,)`, clean or given, which is the question asked.
    Raises: ValueError if there is no row, the shapes do not fit, or a row is not a distribution.
    Source: Guo et al. 2017. Departs from it: nothing.
    """
    probs = check_distribution("pred_probs", pred_probs, SUM_TOLERANCE)
    n_bins = check_integer("n_bins", n_bins, 1)
    y = check_labels("y", y, probs.shape[1])
    require(len(y) == len(probs) > 0, "y", f"one label for each of {len(probs)} rows, at least one", len(y))
    top = probs.max(axis=1)
    where = np.searchsorted(np.linspace(0, 1, n_bins + 1)[1:-1], top, side="left")
    count = np.bincount(where, minlength=n_bins)
    sums = (np.bincount(where, weights=w, minlength=n_bins) for w in (top, probs.argmax(axis=1) == y))
    confidence, accuracy = (np.divide(s, count, out=np.full(n_bins, np.nan), where=count > 0) for s in sums)
    gap = np.nan_to_num(np.abs(accuracy - confidence))
    likelihood = probs[np.arange(len(y)), y].clip(SMALLEST)
    return Calibration(count, confidence, accuracy, float(gap @ count / len(y)), float(-np.log(likelihood).mean()))
