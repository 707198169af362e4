"""What a detector finds out about every given label, and the numbers that all of them are made of."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64, Int
from numpy import ndarray

from lab.core.checks import check_labels, check_probabilities, require
from lab.neighbors.neighborhoods import Neighborhoods, as_neighborhoods

MOST_AGREEMENT = 0.995  # held-out predictions hit given labels more often than this only if hardly one is wrong


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """A detector's answer.

    Attributes:
        score: one number per sample, high = clean.
        probs: what the labels are thought to be, where the detector has an opinion.
        is_issue: the detector's own verdict; None where it has none but a ranking.
    """

    score: Float64[ndarray, " n"]
    probs: Float[ndarray, "n c"] | None = None
    is_issue: Bool[ndarray, " n"] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Given:
    """The checked inputs of a detector; `more` holds what only some need, by name."""

    y: Int[ndarray, " n"]
    n_classes: int
    pred_probs: Float[ndarray, "n c"] | None
    near: Neighborhoods | None
    more: dict[str, Any]

    @property
    def features(self) -> ndarray | None:
        """The rows whose neighbours are asked."""
        return None if self.near is None else self.near.features


def check_given(y_given: Any, pred_probs: Any, features: Any, more: dict[str, Any]) -> Given:
    """Labels, and whatever comes with them, one row each.

    Raises: ValueError that names what is wrong; fewer than 2 labels are too few.
    """
    y = check_labels("y_given", y_given)
    require(len(y) >= 2, "y_given", "at least 2 labels", len(y))
    n_classes = max(2, int(y.max()) + 1)
    if pred_probs is not None:
        pred_probs = check_probabilities("pred_probs", pred_probs)
        _one_row_each("pred_probs", pred_probs, y)
        check_labels("y_given", y, pred_probs.shape[1])
        require(pred_probs.shape[1] >= 2, "pred_probs", "of at least 2 columns", pred_probs.shape[1])
        n_classes = pred_probs.shape[1]
    near = None
    if features is not None:
        near = as_neighborhoods(features)
        _one_row_each("features", near.features, y)
    return Given(y, n_classes, pred_probs, near, more)


def check_numbers(name: str, values: Any, shape: tuple[int | None, ...]) -> Float64[ndarray, ...]:
    """Finite numbers in an array of this shape; None stands for any size but 0."""
    values = np.asarray(values, dtype=np.float64)
    fits = values.ndim == len(shape) and all(
        have == want or (want is None and have > 0) for have, want in zip(values.shape, shape, strict=True)
    )
    rule = "of shape (" + ", ".join("any" if want is None else str(want) for want in shape) + ")"
    require(fits, name, rule, values.shape)
    require(bool(np.isfinite(values).all()), name, "finite", "some that are not")
    return values


def _one_row_each(name: str, rows: ndarray, y: Int[ndarray, " n"]) -> None:
    require(len(rows) == len(y), name, f"{len(y)} rows, one per label", len(rows))


def own_and_best_other(
    probs: Float[ndarray, "n c"], y: Int[ndarray, " n"]
) -> tuple[Float64[ndarray, " n"], Float64[ndarray, " n"]]:
    """The number of the given label and the largest one of the other labels."""
    rows = np.arange(len(y))
    own = probs[rows, y].astype(np.float64)
    others = probs.astype(np.float64)
    others[rows, y] = -np.inf
    return own, others.max(axis=1)


def margin(probs: Float[ndarray, "n c"], y: Int[ndarray, " n"]) -> Float64[ndarray, " n"]:
    """Given label minus best other: negative where another label is the likelier."""
    own, other = own_and_best_other(probs, y)
    return own - other


def by_prediction(score: Float64[ndarray, " n"], probs: Float[ndarray, "n c"], y: Int[ndarray, " n"]) -> Evidence:
    """An answer whose verdict is: another label is likelier than the given one."""
    return Evidence(score, probs, margin(probs, y) < 0)


def best_other(probs: Float[ndarray, "n c"], y: Int[ndarray, " n"]) -> Int[ndarray, " n"]:
    """The likeliest label that is not the given one; the lowest of equals."""
    others = probs.astype(np.float64)
    others[np.arange(len(y)), y] = -np.inf
    return others.argmax(axis=1)


def warn_if_in_sample(given: Given) -> None:
    """Warn where probabilities look as if their model had been trained on the very labels it is asked about.

    Detectable only by its success: a model that has memorised the labels names nearly all of them. With features at
    hand, labels that their neighbours name as well are taken to be just that easy.
    """
    if given.pred_probs is None:
        return
    agreement = (margin(given.pred_probs, given.y) >= 0).mean()
    if agreement < MOST_AGREEMENT or (given.features is not None and _neighbors_agree(given) >= agreement - 0.02):
        return
    warnings.warn(
        f"pred_probs name the given label of {agreement:.1%} of the samples: either hardly a label is wrong, or they "
        "come from a model that was trained on these labels, whose errors it repeats. Predict samples that were held "
        "out, as sklearn.model_selection.cross_val_predict does.",
        UserWarning,
        stacklevel=3,
    )


def _neighbors_agree(given: Given) -> float:
    assert given.near is not None
    table = given.near.table(10)
    return float((table.predict(given.y, table.k_max) == given.y).mean())
