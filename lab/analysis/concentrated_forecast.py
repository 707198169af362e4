"""Accuracy to be expected under noise that has a place: where neighbours are wrong together, no vote can help.

A test sample whose neighbours lie in the noisy region is lost, one elsewhere is not, whatever K (DRO §3.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from lab.analysis.plurality import check_correct, plurality_accuracy
from lab.analysis.plurality_noise import noisy_neighbour_distribution
from lab.core.checks import check_labels, require
from lab.noise.sampling import NoisyLabels, empirical_transition


@dataclass(frozen=True, eq=False)
class ConcentratedForecast:
    """What locally concentrated noise leaves."""

    rate: float  # gamma, the share of training labels changed
    inside: Bool[ndarray, " m"]  # test samples in the noisy region of their class

    @property
    def by_rate(self) -> float:
        """1 - gamma: as if test samples lay in the noisy region as often as training samples do."""
        return 1 - self.rate

    @property
    def by_region(self) -> float:
        """The share of test samples that really lie outside it."""
        return float(1 - self.inside.mean())


def concentrated_forecast(
    labels: NoisyLabels, features: Shaped[ndarray, "m d"], y_clean: Int[ndarray, " m"]
) -> ConcentratedForecast:
    """The paper's forecast 1 - gamma, and the sharper one by where each test sample lies.

    Args:
        labels: training labels after `LocallyConcentrated` or `Concentrated` noise.
        features: of the test samples, in the space in which the noise was placed.
        y_clean: their clean labels.
    Raises: ValueError if the noise has no place, there is no test sample, or the shapes do not match.
    Source: DRO §3.4. Departs from it: the count by test region is ours.
    """
    if labels.region is None:
        raise ValueError("labels must be made by noise with a place, got a NoisyLabels without region")
    require(len(y_clean) > 0, "y_clean", "at least one label", y_clean.shape)
    return ConcentratedForecast(labels.flip_rate, labels.region.contains(features.astype(np.float64), y_clean))


@dataclass(frozen=True, eq=False)
class RegionAccuracy:
    """Measured accuracy in and out of the noisy region; nan for a part without samples."""

    overall: float
    clean_region: float
    noisy_region: float
    alternative: float  # share of the noisy region answered with the wrong label given there


def accuracy_by_region(
    predicted: Any, y_clean: Any, inside: Bool[ndarray, " m"], alternative: Int[ndarray, " c"]
) -> RegionAccuracy:
    """How often predictions are right, by where the test sample lies.

    Args:
        predicted, y_clean: `(m,)`, class indices.
        inside: which samples lie in the noisy region.
        alternative: the label that each class is given in its noisy region.
    Raises: ValueError if shapes do not match or a label is not a class.
    """
    n_classes = len(alternative)
    predicted, y_clean = (check_labels(n, y, n_classes) for n, y in (("predicted", predicted), ("y_clean", y_clean)))
    require(predicted.shape == y_clean.shape == inside.shape, "predicted", f"{len(inside)} labels", predicted.shape)
    right = predicted == y_clean
    turned = predicted == alternative[y_clean]
    return RegionAccuracy(*(_mean(part) for part in (right, right[~inside], right[inside], turned[inside])))


def _mean(values: ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def regional_transitions(
    y_clean: Int[ndarray, " n"], y_given: Int[ndarray, " n"], inside: Bool[ndarray, " n"], n_classes: int
) -> tuple[Float[ndarray, "c c"], Float[ndarray, "c c"]]:
    """T as drawn inside the noisy region and outside; a class without samples in a part has its row of the whole."""
    whole = empirical_transition(y_clean, y_given, n_classes)
    whole = np.where(np.isnan(whole), np.eye(n_classes), whole)
    parts = [empirical_transition(y_clean[rows], y_given[rows], n_classes) for rows in (inside, ~inside)]
    in_T, out_T = (np.where(np.isnan(T), whole, T) for T in parts)
    return in_T, out_T


def forecast_by_region(
    c: Any,
    inside: Bool[ndarray, " m"],
    T_inside: Any,
    T_outside: Any,
    k: int,
    correct: Any,
    *,
    ties: str = "wrong",
) -> float:
    """Expected accuracy of K neighbours where noise is stronger in one region than elsewhere.

    Between DRO's two regimes: with equal matrices it is `expected_accuracy`; where every label inside is wrong and
    none outside, it is the share of samples outside (for one-hot c).

    Args:
        c: `(m, L)`, clean label distributions.
        inside: which test samples lie in the region.
        T_inside, T_outside: `(L, L)`, P(given | clean) there; see `regional_transitions`.
        k, correct, ties: as in `plurality_accuracy`.
    Raises: ValueError if an argument is out of range or the shapes do not match.
    Source: none; the lab's own.
    """
    q = noisy_neighbour_distribution(c, T_outside)
    correct = check_correct(correct, *q.shape)
    require(inside.shape == correct.shape and len(q) > 0, "inside", f"one for each of {len(q)} rows", inside.shape)
    q = np.where(inside[:, None], noisy_neighbour_distribution(c, T_inside), q)
    return float(plurality_accuracy(q, k, correct, ties=ties).mean())
