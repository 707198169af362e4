"""Where locally concentrated noise sits, so that test points can be told apart: in the noisy region or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from lab.core.checks import check_labels, require
from lab.noise.draw import class_rows


def squared_distances(x: Float[np.ndarray, "n d"], centres: Float[np.ndarray, "k d"]) -> Float[np.ndarray, "n k"]:
    """Squared L2 distance of each row to each centre, without an (n, k, d) array."""
    return np.stack([np.square(x - centre).sum(axis=1) for centre in centres], axis=1)


@dataclass(frozen=True, eq=False)
class ClusterRegion:
    """One k-means cluster of each class."""

    centroids: Float[np.ndarray, "c k d"]  # nan for a class without samples
    noisy_cluster: Int[np.ndarray, " c"]  # the cluster whose labels were changed; -1 for a class without samples
    cluster: Int[np.ndarray, " n"]  # cluster of each training sample within its class

    def contains(self, features: Float[np.ndarray, "n d"], y_clean: Int[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Whether the nearest centroid of the true class is that of the noisy cluster.

        Raises: ValueError if the features do not fit the centroids.
        Source: DRO Fig. 2c/d. Departs from it: the paper does not say how test samples are assigned.
        """
        inside = np.zeros(len(features), dtype=bool)
        for c, rows in _rows_of_classes(features, y_clean, self.centroids[:, 0]):
            nearest = squared_distances(features[rows], self.centroids[c]).argmin(axis=1)
            inside[rows] = nearest == self.noisy_cluster[c]
        return inside


@dataclass(frozen=True, eq=False)
class BallRegion:
    """One ball of each class."""

    centres: Float[np.ndarray, "c d"]  # nan for a class without samples
    radius: Float[np.ndarray, " c"]  # -1 for a class without a noisy ball

    def contains(self, features: Float[np.ndarray, "n d"], y_clean: Int[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Whether the point is in the ball of its true class.

        Raises: ValueError if the features do not fit the centres.
        """
        inside = np.zeros(len(features), dtype=bool)
        for c, rows in _rows_of_classes(features, y_clean, self.centres):
            distance = np.sqrt(squared_distances(features[rows], self.centres[c : c + 1])[:, 0])
            inside[rows] = distance <= self.radius[c]
        return inside


Region = ClusterRegion | BallRegion  # where the labels of each class were changed together


def _rows_of_classes(
    features: np.ndarray, y_clean: np.ndarray, centres: np.ndarray
) -> Iterator[tuple[int, np.ndarray]]:
    """(class, rows) of checked points."""
    require(features.shape[1] == centres.shape[1], "features", f"of {centres.shape[1]} columns", features.shape[1])
    require(len(features) == len(y_clean), "features", f"a matrix of {len(y_clean)} rows", features.shape)
    return class_rows(check_labels("y_clean", y_clean, len(centres)), len(centres))
