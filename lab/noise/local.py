"""Noise with a place: one cluster of each class, found in a feature space, takes the label of another class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from lab.core.checks import check_choice, check_integer, check_number, require
from lab.noise.base import Noise, Relabelled, Request, store
from lab.noise.draw import class_rows
from lab.noise.models import alternatives, plain_permutation
from lab.noise.regions import ClusterRegion, squared_distances

PICKS = ("random", "largest", "smallest", "closest_to_target", "closest_to_alt_class")
N_INIT = 4


@dataclass(frozen=True, slots=True)
class LocallyConcentrated(Noise):
    """One of `n_clusters` k-means clusters of each class takes another label, as a whole; the rate is a result.

    Needs `features` (the papers': penultimate features of a network trained on clean labels, not normalised). Modes
    do not apply: nothing but the clusters and the choice among them is random.
    """

    about: ClassVar[str] = "One cluster of each class, found in feature space, is labelled as another class throughout."
    source: ClassVar[str] = "DRO §3.4 and §4 (Figs. 1b, 4h, 4i)"
    n_clusters: int
    pick: str = "random"  # the paper: "select one of the clusters"
    target_rate: float | None = None  # share of the class, for pick="closest_to_target"
    permutation: Sequence[int] | None = None  # None: i -> (i+1) mod L

    def __post_init__(self) -> None:
        store(
            self,
            n_clusters=check_integer("n_clusters", self.n_clusters, 1),
            pick=check_choice("pick", self.pick, PICKS),
            permutation=plain_permutation(self.permutation),
        )
        wants_target = self.pick == "closest_to_target"
        rule = "a rate in [0, 1] with pick='closest_to_target' and None otherwise"
        require(wants_target == (self.target_rate is not None), "target_rate", rule, self.target_rate)
        if wants_target:
            store(self, target_rate=check_number("target_rate", self.target_rate, 0, 1))

    def relabel(self, request: Request) -> Relabelled:
        """Cluster each class, choose one cluster, change it whole.

        Source: DRO §4. Departs from it: the paper says neither which cluster is chosen nor how k-means is started.
        """
        y, x = request.y, request.features
        if x is None:
            raise ValueError("features must be given for locally concentrated noise, got None")
        other = alternatives(self.permutation, request.n_classes)
        region = ClusterRegion(
            centroids=np.full((request.n_classes, self.n_clusters, x.shape[1]), np.nan),
            noisy_cluster=np.full(request.n_classes, -1),
            cluster=np.zeros(y.size, dtype=np.int64),
        )
        selected = np.zeros(y.size, dtype=bool)
        for c, rows in class_rows(y, request.n_classes):
            rule = f"at most the number of samples of class {c} ({rows.size})"
            require(rows.size >= self.n_clusters, "n_clusters", rule, self.n_clusters)
            region.centroids[c], region.cluster[rows] = _k_means(x[rows], self.n_clusters, request.rng)
            towards = x[y == other[c]]
            chosen = self._choose(region.centroids[c], region.cluster[rows], towards, request.rng)
            region.noisy_cluster[c] = chosen
            selected[rows] = region.cluster[rows] == chosen
        return Relabelled(np.where(selected, other[y], y), selected, region)

    def _choose(
        self,
        centroids: Float[np.ndarray, "k d"],
        cluster: Int[np.ndarray, " m"],
        alternative: Float[np.ndarray, "a d"],
        rng: np.random.Generator,
    ) -> int:
        """The cluster that is to be mislabelled."""
        sizes = np.bincount(cluster, minlength=self.n_clusters)
        drawn = int(rng.integers(self.n_clusters))  # drawn whatever the pick, so that the next class's k-means is too
        if self.pick == "largest":
            return int(sizes.argmax())
        if self.pick == "smallest":
            return int(sizes.argmin())
        if self.target_rate is not None:
            return int(np.abs(sizes / cluster.size - self.target_rate).argmin())
        if self.pick == "closest_to_alt_class" and len(alternative):
            return int(squared_distances(centroids, alternative.mean(axis=0, keepdims=True)).argmin())
        return drawn


def _k_means(
    x: Float[np.ndarray, "m d"], n_clusters: int, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "k d"], Int[np.ndarray, " m"]]:
    """Centroids, and the cluster of each row."""
    from sklearn.cluster import KMeans

    seed = int(rng.integers(2**31))
    fitted = KMeans(n_clusters, n_init=N_INIT, random_state=seed).fit(x)
    return fitted.cluster_centers_.astype(np.float64), fitted.labels_.astype(np.int64)
