"""What a network answers, class by class: medians and central halves of its softmax (DRO Figs. 2, 7 and 8-13)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from lab.analysis.clean_distribution import softmax_distribution
from lab.analysis.plurality import check_correct
from lab.core.checks import require


class SoftmaxAggregate(NamedTuple):
    """Row = diagram (true class), column = output class. Without samples a row is nan; medians need not sum to 1."""

    median: Float[ndarray, "rows c"]  # the bars
    low: Float[ndarray, "rows c"]  # the 25 % point: with `high` the central half
    high: Float[ndarray, "rows c"]  # the 75 % point
    mean: Float[ndarray, "rows c"]
    counts: Int[ndarray, " rows"]  # samples in each diagram


def softmax_aggregates(pred_probs: Any, y_clean: Any, *, among: Bool[ndarray, " n"] | None = None) -> SoftmaxAggregate:
    """One diagram per true class, from the softmax of all its test samples.

    Args:
        pred_probs: `(n, L)`, rows sum to 1 within 0.001; histograms of neighbours' labels will do as well.
        y_clean: `(n,)`, true classes.
        among: samples that count; for local noise those of the noisy region, then the others.
    Raises: ValueError if rows are not probabilities or the shapes do not match.
    Source: DRO Figs. 8-13. Departs from it: nothing; the mean is added.
    """
    probs = softmax_distribution(pred_probs)
    y = check_correct(y_clean, *probs.shape)
    if among is not None:
        require(among.shape == y.shape, "among", f"one for each of {len(y)} rows", among.shape)
        probs, y = probs[among], y[among]
    return _stacked([_one_diagram(probs[y == c]) for c in range(probs.shape[1])])


def pooled_aggregate(pred_probs: Any, y_clean: Any, *, among: Bool[ndarray, " n"] | None = None) -> SoftmaxAggregate:
    """All classes in one diagram (one row), each sample shifted so that its true class comes first.

    Arguments and errors as in `softmax_aggregates`. What theory says of it is `aligned(T, arange(L)).mean(axis=0)`.
    Source: DRO Figs. 2 and 7. Departs from it: the paper does not say which class it shows.
    """
    probs = softmax_distribution(pred_probs)
    y = check_correct(y_clean, *probs.shape)
    shifted = aligned(probs, y)
    if among is not None:
        require(among.shape == y.shape, "among", f"one for each of {len(y)} rows", among.shape)
        shifted = shifted[among]
    return _stacked([_one_diagram(shifted)])


def aligned(rows: Float[ndarray, "n c"], y: Int[ndarray, " n"]) -> Float[ndarray, "n c"]:
    """Each row turned so that column j holds class (y + j) mod L; under flip noise column 1 is the alternative."""
    n_classes = rows.shape[1]
    return np.take_along_axis(rows, (y[:, None] + np.arange(n_classes)) % n_classes, axis=1)


def _one_diagram(probs: Float[ndarray, "m c"]) -> tuple[ndarray, ...]:
    if not len(probs):
        return (*np.full((4, probs.shape[1]), np.nan), np.array(0))
    low, median, high = np.quantile(probs, [0.25, 0.5, 0.75], axis=0)
    return median, low, high, probs.mean(axis=0), np.array(len(probs))


def _stacked(diagrams: list[tuple[ndarray, ...]]) -> SoftmaxAggregate:
    return SoftmaxAggregate(*(np.stack(part) for part in zip(*diagrams, strict=True)))
