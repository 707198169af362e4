"""Label correction as a scikit-learn estimator, on a table of features."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64, Shaped
from numpy import ndarray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from lab.core.checks import require
from lab.core.device import choose_device
from lab.core.threads import threads
from lab.methods.correction import correct
from lab.methods.correction_ground import Ground
from lab.nets.registry import build
from lab.specs.backbones import DigitsMLP
from lab.specs.correction import EPISODE
from lab.specs.correction_methods import SelKNN
from lab.specs.methods import SymmetricCrossEntropy
from lab.specs.training import Schedule, Seeds
from lab.train.loop import SMALLEST_BATCH
from lab.train.objectives import row_loss
from lab.train.record import Labelled
from lab.train.rows import Rows, Scaling, placed

DEFAULT = SelKNN(episodes=4, k=30, percent_step=20.0)


class LabelCorrector(ClassifierMixin, BaseEstimator):
    """Repairs given labels by training networks, and classifies with the network trained on what came out.

    Args:
        method: a `SelKNN`, `IterKNN`, `KNNFilter`, `JointOptimization`, `PENCIL` or `OwnPrediction` of lab.specs; None
            is SelKNN as on the digits, four episodes with k = 30.
        backbone: a fully connected network of lab.specs.backbones; None is `DigitsMLP`.
        loss: a loss of lab.specs; None is symmetric cross-entropy.
        schedule: of one episode; None is 20 epochs of Adam. A batch is at most the rows there are.
        device: "cpu", "cuda", "mps" or "auto".
        random_state: seed of weights and batches.
    Attributes:
        corrected_labels_: `(n,)`, in the form of the given ones.
        label_history_: `(episodes + 1, n)`, first as given.
        kept_: `(n,)`, rows that the last network was trained on; only a filter leaves some out.
        classes_: the labels seen in `fit`, sorted. n_features_in_: features per row.
        network_: the last network, on the CPU.
    Source: KED Algorithms 1 to 3 and its rivals. Departs from it: features are brought to mean 0 and standard deviation 1.
    """

    def __init__(
        self,
        method: Any = None,
        *,
        backbone: Any = None,
        loss: Any = None,
        schedule: Any = None,
        device: Any = "cpu",
        random_state: Any = 0,
    ) -> None:  # checked in fit
        self.method = method
        self.backbone = backbone
        self.loss = loss
        self.schedule = schedule
        self.device = device
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> LabelCorrector:
        """Correct the given labels `y` `(n,)`, possibly wrong, for the rows of `X` `(n, d)`.

        Raises: ValueError if there are fewer than 4 rows or 2 classes, or scikit-learn's checks fail.
        """
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], ensure_min_samples=SMALLEST_BATCH)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        require(len(self.classes_) > 1, "y", "labels of two classes or more", f"{len(self.classes_)} class")
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self._scaling = Scaling.of_rows(X)
        with tempfile.TemporaryDirectory() as folder, threads(1):
            found = correct(
                self._ground(X, codes, seed, Path(folder)), self.method or DEFAULT, lambda fraction, message: None
            )
        assert found.final is not None
        self.label_history_ = self.classes_[np.stack(found.labels)]
        self.corrected_labels_ = self.label_history_[-1]
        self.kept_ = found.kept
        self.network_ = found.final.model.cpu().eval().double()  # one row's answer must not depend on others
        return self

    def predict(self, X: Any) -> Shaped[ndarray, " n"]:
        """The label that the last network finds most probable."""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> Float64[ndarray, "n c"]:
        """The last network's probability of each label, in order of `classes_`. Raises: ValueError as `fit` does."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        rows = Rows(X.astype(np.float32), torch.device("cpu"), scaling=self._scaling)
        with torch.inference_mode(), threads(1):
            return self.network_(rows[slice(0, len(rows))].double()).softmax(dim=1).numpy()

    def _ground(self, X: ndarray, codes: ndarray, seed: int, folder: Path) -> Ground:
        device, n_classes = choose_device(self.device), len(self.classes_)
        schedule: Schedule = self.schedule or EPISODE
        return Ground(
            parts={
                "train": Labelled(
                    Rows(X.astype(np.float32), device, scaling=self._scaling), torch.from_numpy(codes).to(device)
                )
            },
            network=lambda generator: placed(
                build(self.backbone or DigitsMLP(), input_shape=X.shape[1:], n_classes=n_classes, generator=generator),
                device,
            ),
            loss=row_loss(self.loss or SymmetricCrossEntropy(), None, device),
            schedule=_fitting(schedule, len(X)),
            seeds=Seeds(noise=seed, init=seed, batch=seed),
            n_classes=n_classes,
            folder=folder,
        )


def _fitting(schedule: Schedule, n: int) -> Schedule:
    """A schedule whose batches are not larger than the data."""
    return schedule if schedule.batch_size <= n else replace(schedule, batch_size=n)
