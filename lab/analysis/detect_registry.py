"""The detectors that can be asked for, and what each of them needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lab.analysis import detect_neighbors as neighbors
from lab.analysis import detect_probabilities as probabilities
from lab.analysis import detect_scales as scales
from lab.analysis.detect_evidence import Evidence, Given


@dataclass(frozen=True, slots=True)
class Detector:
    """One way to score given labels.

    Attributes:
        name: what it is called by.
        title: for people.
        needs: what must be given: "features" and "pred_probs" are arguments, the others are keywords of their own; of
            two with a bar between them, one.
        takes: what may be given besides.
        source: who proposed it.
        mixture: how its scores are split without truth: "bmm" for scores in [0, 1], else "gmm".
    """

    name: str
    title: str
    needs: tuple[str, ...]
    source: str
    judge: Callable[[Given], Evidence] = field(repr=False)
    takes: tuple[str, ...] = ()
    mixture: str = "bmm"

    def missing(self, given: set[str]) -> tuple[str, ...]:
        """The needs that what is given does not meet."""
        return tuple(need for need in self.needs if not given.intersection(need.split("|")))


def _small_loss(name: str, title: str, source: str) -> Detector:
    return Detector(name, title, ("losses|pred_probs",), source, probabilities.small_loss, mixture="gmm")


_INN_OPTIONS = ("n_neighbors", "n_segments", "precision", "batch_size")

DETECTORS = (
    Detector("auto", "every scale", ("features|pred_probs",), "the lab's own", scales.judge, takes=("rng",)),
    Detector("inn", "INN", ("features", "predict_proba", "x"), "INN", neighbors.inn, takes=_INN_OPTIONS),
    _small_loss("small_loss_ce", "small loss, CE", "Arpit et al. 2017"),
    _small_loss("small_loss_ce_ne", "small loss, CE+NE", "DivideMix; INN's baseline"),
    _small_loss("small_loss_mixup", "small loss, MixUp", "the control that INN lacks"),
    Detector(
        "aum",
        "margin over training (AUM)",
        ("logits",),
        "Pleiss et al. 2020",
        probabilities.area_under_the_margin,
        mixture="gmm",
    ),
    Detector("knn", "kNN agreement", ("features",), "Wilson 1972", neighbors.agreement, takes=("n_neighbors",)),
    Detector(
        "knn_weighted",
        "kNN agreement, near counts more",
        ("features",),
        "Dudani 1976",
        neighbors.weighted_agreement,
        takes=("n_neighbors",),
    ),
    Detector(
        "knn_average",
        "kNN agreement, several k",
        ("features",),
        "the lab's own",
        scales.average,
        takes=("rng",),
    ),
    Detector("knet", "kNet agreement", ("knet_probs",), "KNET", probabilities.knet_agreement),
    Detector(
        "confident_learning",
        "confident learning",
        ("pred_probs",),
        "Northcutt et al. 2021",
        probabilities.confident_learning,
        mixture="gmm",
    ),
    Detector(
        "simifeat",
        "SimiFeat-style voting",
        ("features",),
        "Zhu et al. 2022",
        neighbors.similar_features_vote,
        takes=("n_neighbors", "rng"),
    ),
    Detector(
        "margin",
        "prediction margin",
        ("pred_probs",),
        "Northcutt et al. 2021",
        probabilities.prediction_margin,
        mixture="gmm",
    ),
    Detector(
        "entropy",
        "confidence over doubt",
        ("pred_probs",),
        "Kuan and Mueller 2022",
        probabilities.weighted_entropy,
    ),
)
