"""Some rows of an uploaded file with other labels than the given ones: what every "what if" asks the detectors about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.stats import t as student

from lab.analysis.detect import detectors
from lab.analysis.detect_registry import Detector
from lab.core.checks import check_choice
from lab.core.rng import numpy_rng
from lab.experiments.worker_held_out import held_out
from lab.experiments.worker_upload_ground import AHEAD, Ground, subset
from lab.experiments.worker_upload_study import Verdict, allowed, ask
from lab.neighbors import Neighborhoods
from lab.noise import Noise, NoisyLabels, corrupt

MOST_ROWS = 5000  # that a question is asked of; more are drawn with the shares of their classes
NEEDS_TRAINING = ("aum", "knet")  # detectors that would need a network for every draw of labels


@dataclass(frozen=True, eq=False)
class Part:
    """Rows whose labels may be changed. `ground` is that of these rows alone; rows: their places among the labelled."""

    ground: Ground
    rows: Int[ndarray, " m"]
    sampled: bool

    @classmethod
    def of(cls, ground: Ground, *, most: int = MOST_ROWS, seed: int = 0) -> Part:
        """At most so many rows of a file."""
        rows = subset(ground, most, seed)
        return cls.at(ground, rows)

    @classmethod
    def at(cls, ground: Ground, rows: Int[ndarray, " m"]) -> Part:
        """These rows, ascending; all of them share the file's own search."""
        if len(rows) == len(ground.y):
            return cls(ground, rows, False)
        data = ground.data
        near = None if ground.near is None else Neighborhoods(ground.near.features[rows], ahead=AHEAD)
        return cls(
            replace(
                ground,
                data=replace(
                    data,
                    rows=data.rows[rows],
                    y_given=data.y_given[rows],
                    features=None if data.features is None else data.features[rows],
                    images=None if data.images is None else data.images[rows],
                    pred_probs=None if data.pred_probs is None else data.pred_probs[rows],
                    pictures=None,
                ),
                near=near,
                pred_probs=ground.pred_probs[rows],
                logits=None if ground.logits is None else ground.logits[:, rows],
                losses=None if ground.losses is None else ground.losses[:, rows],
            ),
            rows,
            True,
        )

    @property
    def place(self) -> Float[ndarray, "m d"]:
        """Where noise with a place looks for it."""
        return self.ground.pred_probs if self.ground.near is None else self.ground.near.features

    @property
    def probabilities_stay(self) -> bool:
        """Whether there is nothing to learn other labels from: the file's own probabilities are all there is."""
        return self.ground.near is None

    def detectors(self, names: tuple[str, ...] = ()) -> list[Detector]:
        """Those that can be asked about other labels; all, or those that are named.

        Raises: ValueError for a name that no detector has, or one that this file does not allow.
        """
        able = [d for d in allowed(self.ground) if d.name not in NEEDS_TRAINING]
        for name in names:
            check_choice("detectors", name, tuple(detectors()))
            check_choice("detectors for this file", name, tuple(d.name for d in able))
        return [d for d in able if not names or d.name in names]

    def noisy(self, noise: Noise, y: Int[ndarray, " m"], seed: int) -> NoisyLabels:
        """Labels with more noise on them."""
        return corrupt(
            y,
            noise,
            rng=numpy_rng(seed, "injected"),
            n_classes=self.ground.n_classes,
            features=np.asarray(self.place, dtype=np.float64),
            pred_probs=self.ground.pred_probs,
        )

    def judged(self, y: Int[ndarray, " m"], wanted: list[Detector], n_neighbors: int) -> list[Verdict]:
        """What detectors say of other labels; probabilities are learnt from those labels, held out."""
        given: dict[str, Any] = {"pred_probs": self.ground.pred_probs}
        if self.ground.near is not None:
            features = self.ground.near.features
            given = {"features": self.ground.near, "pred_probs": held_out(features, y, self.ground.n_classes)}
        return [ask(y, detector, given, n_neighbors) for detector in wanted]


def with_labels(ground: Ground, y: Int[ndarray, " n"]) -> Ground:
    """The same rows with other labels."""
    return replace(ground, data=replace(ground.data, y_given=y))


def mean_interval(
    values: Any, *, low: float = -np.inf, high: float = np.inf, level: float = 0.95
) -> list[float] | None:
    """Student's interval of a mean over seeds, within what the values can be; None for a single one."""
    values = np.asarray(values, dtype=np.float64)
    if len(values) < 2:
        return None
    half = float(student.ppf((1 + level) / 2, len(values) - 1)) * float(values.std(ddof=1)) / len(values) ** 0.5
    mean = float(values.mean())
    return [max(low, mean - half), min(high, mean + half)]


def about(values: Any, *, low: float = 0.0, high: float = 1.0) -> dict[str, Any]:
    """A mean over seeds and its interval; of shares unless told."""
    return {"mean": float(np.mean(values)), "interval": mean_interval(values, low=low, high=high)}
