"""How near a softmax is to the histogram of the neighbours' labels, and at which K it is nearest (DRO App. A)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from lab.analysis.clean_distribution import neighbour_counts, softmax_distribution
from lab.core.checks import check_choice, check_integer, require
from lab.neighbors.table import NeighborTable

FORMS = ("half", "sum")
PAPER_KS = tuple(range(10, 301, 10))  # "between 10 and 300"; the step is ours


def chi_square_distance(p: Any, h: Any, *, form: str = "half") -> Float[ndarray, " n"]:
    """Distance between the rows of two sets of distributions.

    Args:
        p, h: `(n, L)`, rows sum to 1 within 0.001.
        form: "half": 1/2 sum (p - h)^2 / (p + h), in [0, 1]; "sum": without the half, in [0, 2]. A class that
            both give 0 adds nothing.
    Raises: ValueError if rows are not probabilities or the shapes do not match.
    Source: DRO App. A names the distance and does not define it. For a confident softmax and a histogram whose share
        of that class is s, "half" is (1 - s) / (1 + s).
    """
    check_choice("form", form, FORMS)
    p, h = softmax_distribution(p), softmax_distribution(h)
    require(p.shape == h.shape, "h", f"of shape {p.shape}", h.shape)
    total = p + h
    terms = np.divide((p - h) ** 2, total, out=np.zeros_like(total), where=total > 0)
    return terms.sum(axis=1) / (2 if form == "half" else 1)


@dataclass(frozen=True, eq=False)
class PreferredK:
    """The K at which each sample's histogram of neighbours is nearest to its softmax."""

    ks: Int[ndarray, " ks"]  # that were tried
    distances: Float[ndarray, "n ks"]
    form: str

    @property
    def k(self) -> Int[ndarray, " n"]:
        """Preferred K of each sample, the smallest of equally good ones (Fig. 5a)."""
        return self.ks[self.distances.argmin(axis=1)]

    @property
    def distance(self) -> Float[ndarray, " n"]:
        """Distance there (Fig. 5b)."""
        return self.distances.min(axis=1)

    @property
    def median(self) -> float:
        """Median of `distance`. The paper's 0.143 is one net's after one training: it falls as training goes on."""
        return float(np.median(self.distance))

    def shares(self) -> Float[ndarray, " ks"]:
        """How many samples prefer each K, as shares."""
        return (self.k[:, None] == self.ks).mean(axis=0)

    def nearest_to(self, distance: float, count: int) -> Int[ndarray, " count"]:
        """Samples whose distance is nearest to a given one, such as the median: example pairs (Fig. 6)."""
        count = check_integer("count", count, 1, len(self.distances))
        return np.argsort(np.abs(self.distance - distance), kind="stable")[:count]


def preferred_k(
    table: NeighborTable, y: Any, pred_probs: Any, *, ks: Sequence[int] = PAPER_KS, form: str = "half"
) -> PreferredK:
    """Compare each sample's softmax with the histogram of its K nearest neighbours' labels, for every K of `ks`.

    Args:
        table: neighbours of the samples in the training set; `k_max` at least the largest of `ks`.
        y: `(n_reference,)`, training labels: those the network was trained on.
        pred_probs: `(n, L)`, softmax of the samples.
        ks: increasing.
        form: as in `chi_square_distance`.
    Raises: ValueError if an argument is out of range or the shapes do not match.
    Source: DRO App. A, Figs. 5-6. Departs from it: nothing; "half" and the step of 10 are ours where it is silent.
    """
    tried = [check_integer("ks", k, 1, table.k_max) for k in ks]
    require(len(tried) > 0 and tried == sorted(set(tried)), "ks", "increasing and not empty", tuple(ks))
    probs = softmax_distribution(pred_probs)
    require(len(probs) == len(table.idx) > 0, "pred_probs", f"{len(table.idx)} rows, at least one", probs.shape)
    histograms = (neighbour_counts(table, y, probs.shape[1], k) / k for k in tried)
    distances = [chi_square_distance(probs, histogram, form=form) for histogram in histograms]
    return PreferredK(np.array(tried), np.stack(distances, axis=1), form)
