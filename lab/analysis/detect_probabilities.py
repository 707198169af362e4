"""Detectors that read predicted probabilities, losses or logits: what a network thinks of the given label."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Float64, Int
from numpy import ndarray

from lab.analysis.detect_evidence import Evidence, Given, by_prediction, check_numbers, margin
from lab.core.checks import check_labels, check_probabilities, require

SMALLEST_P = 1e-12  # so that one impossible label does not stretch the losses' scale without bound


def prediction_margin(given: Given) -> Evidence:
    """P(given label) - P(likeliest other label)."""
    assert given.pred_probs is not None
    return by_prediction(margin(given.pred_probs, given.y), given.pred_probs, given.y)


def weighted_entropy(given: Given) -> Evidence:
    """P(given label) / (P(given label) + entropy): doubt counts the more, the less the label is believed."""
    assert given.pred_probs is not None
    own = given.pred_probs[np.arange(len(given.y)), given.y].astype(np.float64)
    logs = np.log(np.maximum(given.pred_probs, 1e-300, dtype=np.float64))
    entropy = -(given.pred_probs * logs).sum(axis=1).clip(max=0)
    return by_prediction(own / np.maximum(own + entropy, 1e-300), given.pred_probs, given.y)


def small_loss(given: Given) -> Evidence:
    """Minus the loss of the given label: of `losses`, or the cross-entropy of `pred_probs`."""
    losses = given.more.get("losses")
    if losses is not None:
        return Evidence(-check_numbers("losses", losses, (len(given.y),)), given.pred_probs)
    require(given.pred_probs is not None, "losses", "given, or pred_probs instead of them", None)
    assert given.pred_probs is not None
    own = given.pred_probs[np.arange(len(given.y)), given.y].astype(np.float64)
    return Evidence(np.log(np.maximum(own, SMALLEST_P)), given.pred_probs)


def area_under_the_margin(given: Given) -> Evidence:
    """The logit margin of the given label, averaged over training."""
    logits = check_numbers("logits", given.more["logits"], (None, len(given.y), None))
    check_labels("y_given", given.y, logits.shape[2])
    require(logits.shape[2] >= 2, "logits", "of at least 2 classes", logits.shape[2])
    score = np.mean([margin(epoch, given.y) for epoch in logits], axis=0)
    mean = logits.mean(axis=0)
    e = np.exp(mean - mean.max(axis=1, keepdims=True))
    return Evidence(score, e / e.sum(axis=1, keepdims=True), score < 0)


def knet_agreement(given: Given) -> Evidence:
    """The probability that kNet, the network that imitates neighbours, gives to the given label."""
    probs = check_probabilities("knet_probs", given.more["knet_probs"])
    require(len(probs) == len(given.y), "knet_probs", f"{len(given.y)} rows, one per label", len(probs))
    check_labels("y_given", given.y, probs.shape[1])
    return by_prediction(probs[np.arange(len(given.y)), given.y].astype(np.float64), probs, given.y)


def confident_learning(given: Given) -> Evidence:
    """The margin after each class's mean confidence is taken off; an issue is a label confidently counted elsewhere."""
    assert given.pred_probs is not None
    probs, y = given.pred_probs.astype(np.float64), given.y
    excess = probs - class_confidence(probs, y)
    confident = confident_label(probs, y)
    return Evidence(margin(excess, y), probs, (confident >= 0) & (confident != y))


def class_confidence(probs: Float64[ndarray, "n c"], y: Int[ndarray, " n"]) -> Float64[ndarray, " c"]:
    """The mean probability of a class among the samples given its label; above 1 for a class that nobody is given."""
    counts = np.bincount(y, minlength=probs.shape[1])
    sums = np.bincount(y, weights=probs[np.arange(len(y)), y], minlength=probs.shape[1])
    return np.divide(sums, counts, out=np.full(probs.shape[1], 2.0), where=counts > 0)


def confident_label(probs: Float64[ndarray, "n c"], y: Int[ndarray, " n"]) -> Int[ndarray, " n"]:
    """The likeliest of the classes whose probability is at least the class's mean confidence; -1 where there is none."""
    above = probs >= class_confidence(probs, y) - 1e-12  # a mean of equal numbers is not always that number
    likeliest = np.where(above, probs, -1.0).argmax(axis=1)
    return np.where(above.any(axis=1), likeliest, -1)


def confident_joint(probs: Float64[ndarray, "n c"], y: Int[ndarray, " n"]) -> Float64[ndarray, "c c"]:
    """Estimated P(clean = i, given = j), from held-out probabilities.

    Source: Northcutt et al. 2021, Eqs. 1-3: counts of confident samples, each given label's counts scaled to its share.
    Departs from it: the axes are this lab's, clean before given; a given label without confident samples counts as clean.
    """
    n_classes = probs.shape[1]
    confident = confident_label(probs, y)
    sure = confident >= 0
    joint = np.zeros((n_classes, n_classes))
    np.add.at(joint, (confident[sure], y[sure]), 1)
    empty = joint.sum(axis=0) == 0
    joint[empty, empty] = 1
    return joint / joint.sum(axis=0) * np.bincount(y, minlength=n_classes) / len(y)


def estimated_errors(probs: Float[ndarray, "n c"], y: Int[ndarray, " n"]) -> int:
    """How many given labels are wrong, by the confident joint; no more than n."""
    joint = confident_joint(probs.astype(np.float64), y)
    return round(len(y) * float(1 - np.trace(joint)))


def lowest(score: Float64[ndarray, " n"], count: int) -> Bool[ndarray, " n"]:
    """The `count` samples of lowest score; of equals, those that come first."""
    chosen = np.zeros(len(score), dtype=bool)
    chosen[np.argsort(score, kind="stable")[: max(0, count)]] = True
    return chosen
