"""What a comparison says of trust: whether probabilities mean what they say, and which k noisy labels would choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from lab.analysis.calibration import Calibration, calibration
from lab.analysis.choose_k import ChoiceOfK, choose_k
from lab.analysis.knet_field import knet_probabilities
from lab.core.rng import numpy_rng
from lab.experiments.worker_comparison_ground import Ground
from lab.nets.knet import FoldedKNet
from lab.noise import empirical_transition, sample_given_labels


def noisy_labels(stand: Ground) -> Int[ndarray, " m"]:
    """Labels for the asked rows with the training's noise: their given ones, or drawn by its realised matrix."""
    if stand.left_out:
        return stand.y_given
    T = empirical_transition(stand.y_clean, stand.y_given, stand.n_classes)
    T = np.where(np.isnan(T), np.eye(stand.n_classes), T)
    return sample_given_labels(stand.y, T, numpy_rng(stand.comparison.seed, "labels of test rows")).astype(np.int64)


def calibrations(
    stand: Ground, folded: FoldedKNet, noisy: Int[ndarray, " m"]
) -> tuple[dict[str, Any], dict[str, ndarray]]:
    """ECE and log-loss of softmax, and of kNN and kNet for every k, against noisy and clean labels."""
    methods: dict[str, tuple[int, Callable[[int], Float[ndarray, "m c"]]]] = {
        "softmax": (1, lambda k: stand.softmax),
        "knn": (stand.table.k_max, lambda k: stand.table.votes_at(stand.y_given, stand.n_classes, k) / k),
        "knet": (stand.table.k_max, lambda k: knet_probabilities(folded, stand.queries, [k])[0]),
    }
    told: dict[str, Any] = {}
    arrays = {}
    for name, (k_max, probs_of) in methods.items():
        found: dict[str, list[Calibration]] = {"given": [], "clean": []}
        for k in range(1, k_max + 1):
            probs = probs_of(k)
            found["given"].append(calibration(probs, noisy))
            found["clean"].append(calibration(probs, stand.y))
        told[name] = {
            against: {"ece": short([one.ece for one in each]), "log_loss": short([one.log_loss for one in each])}
            for against, each in found.items()
        }
        for against, each in found.items():
            bins = [np.stack([one.count / len(noisy), one.confidence, one.accuracy], axis=1) for one in each]
            arrays[f"reliability_{name}_{against}"] = np.stack(bins).astype(np.float16)
    return told, arrays


def choices(stand: Ground, noisy: Int[ndarray, " m"]) -> dict[str, Any]:
    """Choosing k by given labels: of the training rows, each without its own vote, and of rows held out."""
    y, n_classes = stand.y_given, stand.n_classes
    found = {"left_one_out": choose_k(stand.own_table, y, n_classes, y_clean=stand.y_clean)}
    if not stand.left_out:
        found["held_out"] = choose_k(stand.table, y, n_classes, held_out=noisy, y_clean=stand.y)
    return {name: _choice(choice) for name, choice in found.items()}


def _choice(choice: ChoiceOfK) -> dict[str, Any]:
    assert choice.clean is not None
    picks = {
        "most_accurate": choice.noisy.most_accurate_k,
        "least_surprised": choice.noisy.least_surprised_k,
        "oracle": choice.clean.most_accurate_k,
    }
    return {
        "accuracy": short(choice.noisy.accuracy),
        "log_loss": short(choice.noisy.log_loss),
        "clean_accuracy": short(choice.clean.accuracy),
        "picks": picks,
        "costs": {name: choice.cost(k) for name, k in picks.items()},
    }


def short(values: Any) -> list[float]:
    """Six digits after the point: as many as anybody reads, in half the bytes."""
    return np.round(values, 6).tolist()
