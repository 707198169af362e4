"""Which k to take when no label is known to be right: every row judged by its neighbours, for all k at once.

A row's given label is a draw from P(given | x), which the shares of the labels around it estimate. So how often the vote
of the others hits the given label, and how large a share it gave to it, can be measured without one clean label. Where
every class is mistaken alike (class-symmetric noise), a higher accuracy on given labels is a higher accuracy on clean
ones. Elsewhere the two may part, which is why the clean curve is drawn beside it where it is known.

One warning. A network that was trained on these very labels has bent its features towards them, the wrong ones too, so
around a training row its own given label is too frequent. There, judge by rows that the network has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from lab.core.checks import check_integer, check_labels, require
from lab.neighbors import NeighborTable

ROWS = 8192  # at a time, so that memory does not grow with their number


@dataclass(frozen=True, eq=False)
class KCurve:
    """How the neighbours' votes fare against k; entry k - 1 belongs to k.

    accuracy: share of rows whose label the vote hits.
    log_loss: mean of -log of the share that the vote gave to the label.
    """

    accuracy: Float[ndarray, " k_max"]
    log_loss: Float[ndarray, " k_max"]

    @property
    def most_accurate_k(self) -> int:
        """The k of the highest accuracy, the smallest of equals."""
        return int(self.accuracy.argmax()) + 1

    @property
    def least_surprised_k(self) -> int:
        """The k of the lowest log-loss, the smallest of equals."""
        return int(self.log_loss.argmin()) + 1


@dataclass(frozen=True, eq=False)
class ChoiceOfK:
    """noisy: each row judged by its given label, which anybody has. clean: by its true one, the oracle."""

    noisy: KCurve
    clean: KCurve | None

    def cost(self, k: int) -> float | None:
        """Clean accuracy that is lost by taking this k instead of the best one; None if the truth is unknown.

        Raises: ValueError if k is not on the curve.
        """
        if self.clean is None:
            return None
        k = check_integer("k", k, 1, len(self.clean.accuracy))
        return float(self.clean.accuracy.max() - self.clean.accuracy[k - 1])


def choose_k(
    table: NeighborTable,
    y_given: Any,
    n_classes: int,
    *,
    held_out: Any = None,
    y_clean: Any = None,
    ties: str = "nearest",
) -> ChoiceOfK:
    """Accuracy and log-loss against k on given labels, beside those on the clean ones; leave-one-out or held out.

    Args:
        table: the self-search of the training rows, in which none is its own neighbour; or the search for held-out rows.
        y_given: labels of the training rows `(n,)`, which vote.
        held_out: given labels of the held-out rows `(m,)`, which judge; None judges the training rows themselves.
        y_clean: true labels of the rows that are judged, where they are known.
        ties: "nearest" or "lowest", as in `NeighborTable.predict_all`.
    Raises: ValueError if the labels do not fit, or nothing is held out and the table is not that of a self-search.
    Source: KNET §4 asks "How to choose k?" and leaves it open. Departs from it: this answer is ours.
    """
    if held_out is None:
        table.with_self()  # refuses any table but that of a self-search
        held_out = y_given
    noisy = curve_against_k(table, y_given, n_classes, held_out, ties=ties)
    return ChoiceOfK(noisy, None if y_clean is None else curve_against_k(table, y_given, n_classes, y_clean, ties=ties))


def curve_against_k(table: NeighborTable, y_given: Any, n_classes: int, truth: Any, *, ties: str = "nearest") -> KCurve:
    """Accuracy and log-loss of the votes for every k, judged by `truth`; also for queries that are no training rows.

    One more neighbour, whose label is drawn from all given labels, takes part in every share, so that none is 0 and one
    row can not make the log-loss infinite: p = (votes + q) / (k + 1), q_c = (n_c + 1) / (n + L).

    Args:
        table: neighbours of the queries among the reference rows.
        y_given: labels of the reference rows, which vote.
        truth: labels of the queries, `(m,)`.
    Raises: ValueError if the labels do not fit the table, or there is no query.
    """
    y_given, truth = check_labels("y_given", y_given, n_classes), check_labels("truth", truth, n_classes)
    require(len(truth) == len(table.idx) > 0, "truth", f"one label for each of {len(table.idx)} queries", len(truth))
    prior = (np.bincount(y_given, minlength=n_classes) + 1) / (len(y_given) + n_classes)
    k = np.arange(1, table.k_max + 1)
    hits, losses = np.zeros(len(k)), np.zeros(len(k))
    for start in range(0, len(truth), ROWS):
        rows = slice(start, start + ROWS)
        part, label = NeighborTable(table.idx[rows], table.dist[rows], table.n_reference), truth[rows, None]
        hits += (part.predict_all(y_given, n_classes, ties=ties) == label).sum(axis=0)
        votes = (y_given[part.idx] == label).cumsum(axis=1)
        losses -= np.log((votes + prior[label]) / (k + 1)).sum(axis=0)
    return KCurve(hits / len(truth), losses / len(truth))
