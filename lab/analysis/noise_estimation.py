"""T and the noise rate from given labels alone, with an interval, and the accuracy to be expected from them.

What a sample's neighbours mostly say is taken for its clean label; how often its *own* label says something else is the
noise. That own label has no part in the vote, so that choosing samples by their vote does not bend the estimate.
It rests on the noise depending on the class alone, and on the true class still winning its neighbourhoods: noise that
sits together in one place agrees with itself and is not seen (`lab.noise.concentration`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from lab.analysis.clean_distribution import neighbour_counts
from lab.analysis.plurality_noise import expected_accuracy
from lab.core.checks import check_integer, check_labels, check_number, require
from lab.neighbors.table import NeighborTable


class Interval(NamedTuple):
    """Bounds of a bootstrap interval, each a number or an array."""

    low: Any
    high: Any


@dataclass(frozen=True, eq=False)
class NoiseEstimate:
    """Estimated noise. The row of a class that wins no vote is unknown: it is the identity, and `anchors` is 0 there."""

    T: Float[ndarray, "c c"]  # P(given | clean)
    class_shares: Float[ndarray, " c"]  # of the samples whose neighbours agree on a label
    anchors: Int[ndarray, " c"]  # samples each row was read from
    resampled: Float[ndarray, "b c c"]  # T of each bootstrap sample

    @property
    def rate(self) -> float:
        """pi, the share of given labels that are wrong."""
        return _rate(self.T, self.class_shares)

    def rate_interval(self, level: float = 0.95) -> Interval:
        """Where pi lies, as far as chance goes; classes that overlap add a bias that no interval shows."""
        return _interval(np.array([_rate(T, self.class_shares) for T in self.resampled]), level)

    def T_interval(self, level: float = 0.95) -> Interval:
        """Where each entry of T lies."""
        return _interval(self.resampled, level)

    @property
    def highest_rate(self) -> float:
        """The largest pi that noise of this shape can have."""
        changed = float((1 - np.diag(self.T)).max())
        return self.rate / changed if changed > 0 else 0.0

    def T_at(self, rate: float) -> Float[ndarray, "c c"]:
        """Noise of the same shape with another pi: I + s (T - I).

        Raises: ValueError if no noise of this shape has that rate.
        """
        return _rescaled(self.T, self.class_shares, check_number("rate", rate, 0, self.highest_rate))


def estimate_noise(
    table: NeighborTable,
    y_given: Any,
    n_classes: int,
    *,
    rng: np.random.Generator,
    k: int = 20,
    anchor_fraction: float = 0.5,
    n_resamples: int = 200,
) -> NoiseEstimate:
    """Estimate P(given | clean) from who is near whom and what they were labelled.

    Where classes overlap in the features, samples of another class are taken for noise: on the pixels of 1,297 digits pi
    reads 0.01 to 0.02 too high up to 40 % noise, and 0.03 at 72 %.

    Args:
        table: neighbours of the samples among themselves, none its own (`NeighborTable.build(features)`).
        y_given: `(n,)`, their labels.
        rng: draws the bootstrap samples.
        k: neighbours that vote. Few if classes are small or overlap, more against much noise.
        anchor_fraction: share of each class's samples, those with the clearest vote, that its row is read from (its
            anchor points). 1 takes all whose vote the class wins: less chance, more samples of other classes.
        n_resamples: bootstrap samples of each class's anchors. The votes stay as they are: neighbours drawn twice would
            vote twice.
    Raises: ValueError if an argument is out of range or the table is not a self-search of these samples.
    Source: anchor points after Patrini et al. 2017 (loss correction), with neighbours in place of a network. Departs
        from it: several anchors a class instead of one, and their own labels counted instead of the votes.
    """
    n_classes = check_integer("n_classes", n_classes, 2)
    y = check_labels("y_given", y_given, n_classes)
    own = len(table.idx) == table.n_reference and not (table.idx == np.arange(len(table.idx))[:, None]).any()
    require(own, "table", "a search for the reference's own rows, none its own neighbour", table.idx.shape)
    fraction = check_number("anchor_fraction", anchor_fraction, 0.01, 1)
    n_resamples = check_integer("n_resamples", n_resamples, 2)
    shares, given = _anchors(neighbour_counts(table, y, n_classes, k), y, fraction)
    require(bool(shares.any()), "y_given", "labels on which the neighbours of some sample agree", "ties everywhere")
    T, anchors = _rows_to_one(given), given.sum(axis=1)
    again = np.stack([rng.multinomial(n, row, size=n_resamples) for n, row in zip(anchors, T, strict=True)], axis=1)
    return NoiseEstimate(T, shares / shares.sum(), anchors, _rows_to_one(again))


def _anchors(
    votes: Int[ndarray, "n c"], y: Int[ndarray, " n"], fraction: float
) -> tuple[Int[ndarray, " c"], Int[ndarray, "c c"]]:
    """Samples whose vote each class wins; and their own labels, of those with the clearest votes."""
    n_classes = votes.shape[1]
    first, second = -np.partition(-votes, 1, axis=1)[:, :2].T
    winner = np.where(first > second, votes.argmax(axis=1), n_classes)  # a tie is for nobody
    given = np.zeros((n_classes, n_classes), dtype=np.int64)
    for c in range(n_classes):
        won = np.flatnonzero(winner == c)
        if len(won):
            clear = won[first[won] >= np.quantile(first[won], 1 - fraction)]
            given[c] = np.bincount(y[clear], minlength=n_classes)
    return np.bincount(winner, minlength=n_classes + 1)[:n_classes], given


def _rows_to_one(counts: Int[ndarray, "*b c c"]) -> Float[ndarray, "*b c c"]:
    """Shares of each row; a row without counts becomes the identity's."""
    total = counts.sum(axis=-1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1), np.eye(counts.shape[-1]))


def _rate(T: Float[ndarray, "c c"], shares: Float[ndarray, " c"]) -> float:
    return float(shares @ (1 - np.diag(T)))


def _rescaled(T: Float[ndarray, "c c"], shares: Float[ndarray, " c"], rate: float) -> Float[ndarray, "c c"]:
    """I + s (T - I) with the s that gives this rate, or the largest s that leaves probabilities."""
    noise = T - np.eye(len(T))
    if not noise.any():
        return T
    return np.eye(len(T)) + min(rate / max(_rate(T, shares), 1e-300), 1 / -noise.min()) * noise


def _interval(values: ndarray, level: float) -> Interval:
    tail = (1 - check_number("level", level, 0, 1)) / 2
    return Interval(*np.quantile(values, [tail, 1 - tail], axis=0))


class Forecast(NamedTuple):
    """Expected accuracy, and the interval that the uncertainty about T makes of it."""

    accuracy: float
    interval: Interval


def forecast_accuracy(
    estimate: NoiseEstimate,
    c: Any,
    k: int,
    correct: Any,
    *,
    rate: float | None = None,
    ties: str = "wrong",
    level: float = 0.95,
    n_resamples: int = 50,
) -> Forecast:
    """Accuracy that K neighbours would have: under the noise as estimated, or were there more or less of it.

    Args:
        estimate: of T; its bootstrap samples are carried through.
        c, k, correct, ties: as in `expected_accuracy`. Without clean labels: `denoised_distribution`, and its largest
            class as the correct one.
        rate: pi of the noise to be forecast, its shape as estimated; None is the estimated rate.
        level: of the interval.
        n_resamples: how many of the estimate's bootstrap samples it is made from.
    Raises: ValueError if an argument is out of range or the shapes do not match.
    Source: none; DRO takes T and C_s as known.
    """
    T = estimate.T if rate is None else estimate.T_at(rate)
    again = estimate.resampled[: check_integer("n_resamples", n_resamples, 2)]
    if rate is not None:
        again = np.stack([_rescaled(resampled, estimate.class_shares, rate) for resampled in again])
    values = np.array([expected_accuracy(c, resampled, k, correct, ties=ties) for resampled in again])
    return Forecast(expected_accuracy(c, T, k, correct, ties=ties), _interval(values, level))
