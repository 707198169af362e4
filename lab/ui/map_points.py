"""A finished feature map at one k, as the scatter draws it and its tables count it. No Streamlit in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, UInt8
from numpy import ndarray

from lab.experiments import Run
from lab.figures.scatter_payload import Points, Ring
from lab.specs import FeatureMap

TAP_NAMES = {
    "penultimate": "Penultimate layer",
    "knet": "kNet’s hidden layer",
    "early": "Early layer",
    "mid": "Middle layer",
    "last_conv": "Last convolution",
    "logits": "Logits",
    "input": "Input",
}
EACH = "each map its own"
MOST_CIRCLED = 1 / 3  # of the points, by circles of one kind
TRUE, GIVEN, PREDICTED, VOTE, AGREE, CORRECTED = (
    "true label",
    "given label",
    "predicted",
    "vote of neighbours",
    "agreeing neighbours",
    "corrected label",
)


@dataclass(frozen=True, eq=False, slots=True)
class AtK:
    """Everything on the maps at one k.

    Attributes:
        answerers: who predicts on the left and on the right; one name if it is the same network for both.
        labels: kind of label -> class of every row. own: see `lab.ui.scatter.Options`.
        answers: what the left and the right one predict; the same array twice if it is the same network.
    """

    k: int
    answerers: tuple[str, ...]
    labels: Mapping[str, Integer[ndarray, " m"]]
    own: Mapping[str, tuple[str, ...]]
    scores: Mapping[str, Float[ndarray, " m"]]
    rings: tuple[Ring, ...]
    answers: tuple[UInt8[ndarray, " m"], UInt8[ndarray, " m"]]
    y_true: UInt8[ndarray, " m"]

    def points(self, run: Run) -> Points:
        """For the scatter."""
        probs = run.arrays["left_softmax"].astype(np.float32)
        classes = tuple(run.metrics["classes"])
        return Points(classes=classes, labels=self.labels, scores=self.scores, rings=self.rings, probs=probs)

    def outcome(self, *, left: bool, right: bool) -> Bool[ndarray, " m"]:
        """Rows where the left and the right answer are right, or not."""
        a, b = (answer == self.y_true for answer in self.answers)
        return (a == left) & (b == right)


def at_k(run: Run, k: int, corrected: Mapping[str, Integer[ndarray, " m"]] | None = None) -> AtK:
    """Read a finished feature map at one of its `ks`.

    Args:
        corrected: labels of a finished correction, of the "left" and the "right" map, or of both as "".
    """
    study, arrays = run.request, run.arrays
    column = run.metrics["ks"].index(k)
    who = answerers(study)
    left, right = (_column(arrays[f"{side}_answers"], column) for side in ("left", "right"))
    labels: dict[str, Any] = {TRUE: arrays["y_true"]}
    own: dict[str, tuple[str, ...]] = {}
    if "y_given" in arrays:
        _both(labels, own, GIVEN, arrays["y_given"], arrays.get("right_y_given"))
    _corrected(labels, own, corrected or {})
    if len(who) == 1:
        labels[PREDICTED] = left
    else:
        names = tuple(f"{PREDICTED} by {name}" for name in who)
        labels |= dict(zip(names, (left, right), strict=True))
        own[f"{PREDICTED}, {EACH}"] = names
    other = None if same_neighbours(study) else arrays["right_votes"][:, column]
    _both(labels, own, VOTE, arrays["left_votes"][:, column], other)
    scores: dict[str, Any] = {name: arrays[f"score_{i}"] for i, name in enumerate(run.metrics["scores"])}
    for side in ("left",) if same_neighbours(study) else ("left", "right"):
        mark = "" if same_neighbours(study) else f", {side}"
        scores[f"{AGREE}{mark}"] = arrays[f"{side}_agree"][:, column] / k
    rings = _rings(who, left != arrays["y_true"], right != arrays["y_true"])
    return AtK(k, who, labels, own, scores, rings, (left, right), arrays["y_true"])


def _column(answers: UInt8[ndarray, "m ks"], column: int) -> UInt8[ndarray, " m"]:
    return answers[:, min(column, answers.shape[1] - 1)]


def _both(labels: dict[str, Any], own: dict[str, Any], name: str, left: ndarray, right: ndarray | None) -> None:
    """One kind of label, or one for each map and a way to colour each map by its own."""
    if right is None:
        labels[name] = left
        return
    names = (f"{name}, left", f"{name}, right")
    labels |= dict(zip(names, (left, right), strict=True))
    own[f"{name}, {EACH}"] = names


def _corrected(labels: dict[str, Any], own: dict[str, Any], found: Mapping[str, Integer[ndarray, " m"]]) -> None:
    """Corrected labels of both maps, or of the one that has some."""
    if found.keys() == {"left", "right"}:
        _both(labels, own, CORRECTED, found["left"], found["right"])
        return
    labels |= {f"{CORRECTED}, {side}" if side else CORRECTED: y for side, y in found.items()}


def answerers(study: FeatureMap) -> tuple[str, ...]:
    """Who predicts on the two maps: "network" and "kNet", or two of a kind, or one name for one and the same."""
    left, right = ("kNet" if source.tap == "knet" else "network" for source in (study.left, study.right))
    if left != right:
        return left, right
    same = (study.left.judge, study.left.epoch) == (study.right.judge, study.right.epoch)
    return (left,) if same else (f"left {left}", f"right {right}")


def same_neighbours(study: FeatureMap) -> bool:
    """Whether both maps have the same neighbours with the same given labels."""
    left, right = study.left, study.right
    return (left.experiment, left.tap, left.epoch, left.judge) == (
        right.experiment,
        right.tap,
        right.epoch,
        right.judge,
    )


def _rings(who: tuple[str, ...], left: Bool[ndarray, " m"], right: Bool[ndarray, " m"]) -> tuple[Ring, ...]:
    if len(who) == 1:
        return (Ring(name=f"{who[0]} wrong", members=left),)
    a, b = who
    return (
        Ring(name=f"{a} wrong → {b} right", members=left & ~right),
        Ring(name=f"{a} wrong → {b} wrong", members=left & right),
        Ring(name=f"{a} right → {b} wrong", members=~left & right),
    )


def first_colour(study: FeatureMap, view: AtK) -> str:
    """What colours the maps at first: given labels of training rows, else predictions, as in the papers' figures."""
    wanted = GIVEN if study.part == "train" else PREDICTED
    return next(name for name in (*view.own, *view.labels) if name.startswith(wanted))


def first_hidden(study: FeatureMap, view: AtK) -> tuple[str, ...]:
    """Circles that are not shown at first: where labels are what the maps are about, and those that would hide the map."""
    return tuple(ring.name for ring in view.rings if study.left.labels_of or ring.members.mean() > MOST_CIRCLED)


def map_note(run: Run, side: str) -> str:
    """Epoch, settings and quality of one map, in a line."""
    study: FeatureMap = run.request
    about, tsne = run.metrics[side], study.tsne
    at_layer = f", at k = {study.k}" if getattr(study, side).tap == "knet" else ""
    return (
        f"{about['n_features']} numbers a row{at_layer}, after epoch {about['epoch']} of {about['last_epoch']}. Perplexity "
        f"{tsne.perplexity:g}, seed {tsne.seed}, KL {about['kl']:.3f}, trustworthiness {about['trustworthiness']:.3f}."
    )


def table_of(run: Run, view: AtK, ids: Int[ndarray, " s"]) -> dict[str, list[Any]]:
    """Columns of the table and of the download for the points `ids`: row in the data, labels, scores."""
    names = np.array(run.metrics["classes"])
    columns: dict[str, list[Any]] = {"point": ids.tolist(), "row": run.arrays["rows"][ids].tolist()}
    columns |= {name: names[y[ids]].tolist() for name, y in view.labels.items()}
    columns |= {name: np.round(score[ids].astype(np.float64), 4).tolist() for name, score in view.scores.items()}
    return columns


def confusion(view: AtK, side: int, n_classes: int, ids: Int[ndarray, " s"] | None = None) -> Int[ndarray, "c c"]:
    """How often each true class (row) was given each answer (column), of all points or of `ids`."""
    rows = slice(None) if ids is None else ids
    cells = view.y_true[rows].astype(np.int64) * n_classes + view.answers[side][rows]
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)
