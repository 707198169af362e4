"""The plurality vote of the k nearest neighbours as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64, Shaped
from numpy import ndarray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from lab.core.checks import check_choice, check_integer
from lab.neighbors.search import METRICS
from lab.neighbors.table import NeighborTable

TIES = ("nearest", "lowest")


class KNNClassifier(ClassifierMixin, BaseEstimator):
    """k nearest neighbours, exact, every k from one fit.

    Args:
        n_neighbors: k; if there are fewer training rows, all of them vote.
        metric: "l2" or "cosine".
        ties: which of the tied labels wins: "nearest", the one whose first occurrence is closest, or "lowest", the
            first in `classes_`, as in scikit-learn's own classifier.
        z_score: compare features on one scale, mean 0 and standard deviation 1 over the training rows.
    Attributes:
        classes_: the labels seen in `fit`, sorted.
        n_features_in_: features per row.
    Source: KNET, section 3.1 of its experiments: kNN on penultimate features.
    Departs from it: the tie rule, of which the paper says nothing.
    """

    def __init__(
        self, n_neighbors: Any = 51, *, metric: Any = "l2", ties: Any = "nearest", z_score: Any = False
    ) -> None:  # checked in fit
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.ties = ties
        self.z_score = z_score

    def fit(self, X: Any, y: Any) -> KNNClassifier:
        """Remember features `(n, d)` and labels `(n,)`, of any type that sorts.

        Raises: ValueError if a parameter breaks its rule, or if scikit-learn's checks of X and y fail.
        """
        check_integer("n_neighbors", self.n_neighbors, 1)
        check_choice("metric", self.metric, METRICS)
        check_choice("ties", self.ties, TIES)
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_, self._codes = np.unique(y, return_inverse=True)
        self._features = X
        return self

    def predict(self, X: Any, k: int | None = None) -> Shaped[ndarray, " n"]:
        """The plurality label of the k nearest; arguments as in `predict_proba`."""
        table = self._table(X, k)
        return self.classes_[table.predict(self._codes, table.k_max, ties=self.ties)]

    def predict_proba(self, X: Any, k: int | None = None) -> Float64[ndarray, "n c"]:
        """The share of each label among the k nearest, in the order of `classes_`.

        Args:
            X: features `(n, d)`.
            k: another k than `n_neighbors`, at most the number of training rows.
        Raises: ValueError if `k` is out of range or scikit-learn's checks of X fail.
        """
        table = self._table(X, k)
        return table.votes_at(self._codes, len(self.classes_), table.k_max) / table.k_max

    def _table(self, X: Any, k: int | None) -> NeighborTable:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        if k is None:
            k = min(self.n_neighbors, len(self._features))
        else:
            k = check_integer("k", k, 1, len(self._features))
        return NeighborTable.build(self._features, X, k_max=k, metric=self.metric, z_score=self.z_score)
