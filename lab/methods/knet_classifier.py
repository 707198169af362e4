"""kNet as a scikit-learn estimator: on penultimate features of a frozen network, or directly on raw inputs."""

from __future__ import annotations

import copy
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
from torch import Tensor

from lab.core.checks import check_integer, require
from lab.core.device import choose_device
from lab.core.rng import torch_rng
from lab.core.threads import threads
from lab.methods import knet_files
from lab.methods.knet import fit_knet
from lab.methods.knet_targets import Targets, sizes_of, targets_of
from lab.neighbors import NeighborTable
from lab.nets.knet import KNetModule
from lab.specs.methods import K_LIMIT, KNet
from lab.train.loop import SMALLEST_BATCH

ROWS = 65_536  # answered at a time


class KNetClassifier(ClassifierMixin, BaseEstimator):
    """A small network that answers as the k nearest neighbours would, without keeping the training rows.

    Args:
        k: the k to answer for where none is given; if that is more than `k_max_`, `k_max_`.
        fixed_k: train for this k alone ("fixed kNet"), and answer for it alone; None trains for every k up to 101.
        hidden: width m of the hidden layer: "auto" is d/16 but at least 16, "paper" is Table 1's d/16 (at least 4), or
            a number.
        kappa: how k enters: "scaled" is k/101, "raw" is k, "log" is log k / log 101, "inverse_sqrt" is 1/sqrt(k).
        self_neighbour: "exclude" or "include" a training row among its own neighbours.
        loss: "ce", the cross-entropy to the neighbours' label shares, or "kl", which has the same gradient.
        epochs, batch_size, learning_rate: of Adam, whose rate falls linearly to zero. For data of CIFAR's size 30, 512
            and 1e-3 are enough.
        metric: "l2" or "cosine", of the neighbours that are imitated.
        z_score: search them among features on one scale. The network's input is standardised in any case.
        device: where neighbours are searched and the network is trained: "cpu", "cuda", "mps", or "auto". The fitted
            network is kept on the CPU, so that a pickle or a file of it opens on any machine.
        random_state: seed of the weights, the order of the rows and the draws of k.
    Attributes:
        classes_: the labels seen in `fit`, sorted.
        n_features_in_: features per row, d.
        k_max_: the largest k that `fit` found rows for, at most 101.
        network_: the trained `KNetModule`; `network_.fold()` answers for all k at once (lab.analysis.knet_field).
    Source: KNET §3 and §4 ("fixed kNet"). Departs from it: standardised features, the default width, and whatever the
        paper leaves open (kappa, optimiser, epochs, the row's own vote).
    """

    def __init__(
        self,
        k: Any = 51,
        fixed_k: Any = None,
        hidden: Any = "auto",
        *,
        kappa: Any = "scaled",
        self_neighbour: Any = "exclude",
        loss: Any = "ce",
        epochs: Any = 60,
        batch_size: Any = 128,
        learning_rate: Any = 1e-2,
        metric: Any = "l2",
        z_score: Any = False,
        device: Any = "cpu",
        random_state: Any = 0,
    ) -> None:  # checked in fit
        self.k = k
        self.fixed_k = fixed_k
        self.hidden = hidden
        self.kappa = kappa
        self.self_neighbour = self_neighbour
        self.loss = loss
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.metric = metric
        self.z_score = z_score
        self.device = device
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> KNetClassifier:
        """Learn the shares of the given labels `y` `(n,)`, possibly wrong, among the neighbours of `X` `(n, d)`.

        Raises: ValueError if a parameter breaks its rule, there are fewer than 4 rows, or scikit-learn's checks fail.
        """
        config = self._config()
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], ensure_min_samples=SMALLEST_BATCH)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        device = choose_device(self.device)
        targets = self._targets(X, codes, device)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        with threads(1):  # so small a network only waits for a second thread
            network = fit_knet(
                _tensor(X),
                targets,
                config,
                fixed_k=self.fixed_k,
                init=torch_rng(seed, "kNet weights"),
                order=torch_rng(seed, "kNet order"),
                device=device,
            )
        self.k_max_ = sizes_of(targets)[1]
        self.network_: KNetModule = network.cpu()
        return self

    def predict(self, X: Any, k: int | None = None) -> Shaped[ndarray, " n"]:
        """The label of the largest share; arguments as in `predict_proba`."""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X, k).argmax(axis=1)]

    def predict_proba(self, X: Any, k: int | None = None) -> Float64[ndarray, "n c"]:
        """The share of each label among the k nearest training rows as the network tells it, in order of `classes_`.

        Args:
            X: features `(n, d)`.
            k: another k than the estimator's, up to `k_max_`; a fixed kNet answers for `fixed_k` alone.
        Raises: ValueError if `k` is out of range or scikit-learn's checks of X fail.
        """
        check_is_fitted(self)
        k = self._chosen(k)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        exact = copy.deepcopy(self.network_).double()  # one row's answer must not depend on how many come with it
        out = np.empty((len(X), len(self.classes_)))
        with torch.inference_mode(), threads(1):
            for start in range(0, len(X), ROWS):
                rows = _tensor(X[start : start + ROWS])
                logits = exact(exact.standardise(rows), torch.full((len(rows),), k))
                out[start : start + ROWS] = logits.softmax(dim=1).numpy()
        return out

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator to one safetensors file, its parameters and classes as JSON in the file's header.

        Raises: ValueError if labels are neither numbers nor strings.
        """
        check_is_fitted(self)
        knet_files.save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> KNetClassifier:
        """Read what `save` wrote. Nothing in the file is executed.

        Raises: ValueError if the file is not that, or its numbers do not fit one another; OSError if it can not be read.
        """
        return knet_files.load(cls, Path(path))

    def _config(self) -> KNet:
        """The checked parameters of the training."""
        check_integer("k", self.k, 1, K_LIMIT)
        if self.fixed_k is not None:
            check_integer("fixed_k", self.fixed_k, 1, K_LIMIT)
        names = ("hidden", "kappa", "self_neighbour", "loss", "epochs", "batch_size", "learning_rate")
        return KNet(**{name: knet_files.plain(getattr(self, name)) for name in names})

    def _targets(self, X: ndarray, codes: ndarray, device: torch.device) -> Targets:
        """What the neighbours of every training row vote, for every k that is trained for."""
        include = self.self_neighbour == "include"
        k_max = min(K_LIMIT - include, len(X) - 1)
        table = NeighborTable.build(X, k_max=k_max, metric=self.metric, z_score=self.z_score, device=device)
        return targets_of(table.with_self() if include else table, codes, len(self.classes_))

    def _chosen(self, k: int | None) -> int:
        """The k to answer for."""
        if self.fixed_k is not None:
            require(
                k is None or k == self.fixed_k, "k", f"{self.fixed_k}, the one that this fixed kNet was trained for", k
            )
            return int(self.fixed_k)
        return min(int(self.k), self.k_max_) if k is None else check_integer("k", k, 1, self.k_max_)


def _tensor(X: ndarray) -> Tensor:
    """The same memory, or a copy where torch could not write to it."""
    return torch.from_numpy(np.require(X, requirements=["C", "W"]))
