"""t-SNE maps of features that form before the eyes and can be stopped; what they are worth: lab.analysis.map_quality.

openTSNE does the descent (Barnes-Hut below 10,000 points, interpolation above); the neighbours are the lab's own.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import openTSNE
from jaxtyping import Float32, Float64
from numpy import ndarray
from openTSNE.nearest_neighbors import KNNIndex
from sklearn.decomposition import PCA

from lab.core.checks import check_integer, require
from lab.core.rng import numpy_rng
from lab.core.threads import threads
from lab.neighbors import NeighborTable
from lab.neighbors.search import check_features
from lab.specs.tsne import LEAST_PERPLEXITY, METRICS, TSNE

START_SPREAD = 1e-4  # standard deviation of the start's first axis; a larger one spoils the descent
JITTER = 0.01 * START_SPREAD  # so that identical points can part
FRAME_EVERY = 25


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """The map while it forms.

    iteration: done so far, early ones included, of `n_iterations`; 0 is the start, before any neighbour is known.
    kl: the divergence that is being lowered, without the exaggeration; NaN at the start.
    coordinates: a copy.
    """

    iteration: int
    n_iterations: int
    kl: float
    coordinates: Float32[ndarray, "n 2"]


class _Neighbours(KNNIndex):
    """The lab's exact search in openTSNE's terms."""

    VALID_METRICS = METRICS

    def build(self) -> tuple[ndarray, ndarray]:
        table = NeighborTable.build(self.data, k_max=self.k, metric=self.metric)
        return table.idx, table.dist

    def query(self, query: Any, k: int) -> tuple[ndarray, ndarray]:
        table = NeighborTable.build(self.data, query, k_max=k, metric=self.metric)
        return table.idx, table.dist


@dataclass(frozen=True, eq=False, slots=True)
class Affinities:
    """How strongly near points attract each other: all that a map takes from its features, besides the start.

    features: as given, in float32. index: openTSNE's own object.
    """

    features: Float32[ndarray, "n d"]
    perplexity: float
    metric: str
    index: Any

    @classmethod
    def build(cls, features: Any, config: TSNE, *, n_threads: int = 1) -> Affinities:
        """From the 3 * perplexity nearest neighbours of every row.

        Raises: ValueError if `features` is not 2-D and finite, if its rows are all the same, or if they are fewer
            than the perplexity asks for.
        """
        features = _check_rows(features, config.perplexity)
        with threads(n_threads):
            neighbours = _Neighbours(features, int(3 * config.perplexity), config.metric)
            index = openTSNE.affinity.PerplexityBasedNN(
                knn_index=neighbours, perplexity=config.perplexity, n_jobs=n_threads
            )
        return cls(features, config.perplexity, config.metric, index)


@dataclass(frozen=True, eq=False, slots=True)
class FeatureMap:
    """A finished map.

    kl: final Kullback-Leibler divergence; it compares maps of the same affinities only.
    affinities: for another map of the same features with another seed, start, exaggeration or length.
    """

    config: TSNE
    coordinates: Float32[ndarray, "n 2"]
    kl: float
    affinities: Affinities

    def transform(self, features: Any, *, n_threads: int = 1) -> Float32[ndarray, "m 2"]:
        """Where new points belong on this map, which stays as it is. They do not see each other.

        Raises: ValueError if `features` is not 2-D, finite and as wide as the map's.
        """
        features = check_features("features", features)
        width = self.affinities.features.shape[1]
        require(features.shape[1] == width, "features", f"rows of {width} numbers, as the map's", features.shape[1])
        if not len(features):
            return np.empty((0, 2), dtype=np.float32)
        with threads(n_threads):
            embedding = openTSNE.TSNEEmbedding(self.coordinates, self.affinities.index, n_jobs=n_threads)
            middle = (self.coordinates.max(axis=0) + self.coordinates.min(axis=0)) / 2  # openTSNE moves it to 0
            placed = embedding.transform(features.astype(np.float32))
        return np.asarray(placed + middle, dtype=np.float32)


def fit_map(
    features: Any,
    config: TSNE,
    *,
    affinities: Affinities | None = None,
    on_frame: Callable[[Frame], object] | None = None,
    frame_every: int = FRAME_EVERY,
    n_threads: int = 1,
) -> FeatureMap:
    """Lay out the rows of `features` in the plane. Equal arguments give equal coordinates.

    Args:
        features: `(n, d)`, finite numbers.
        affinities: of an earlier map of the same features, perplexity and metric; computed if left out.
        on_frame: called with the start at once, then every `frame_every` iterations. What it raises ends the descent
            and reaches the caller; `affinities` remain fit for use.
        frame_every: 1 to 50.
        n_threads: of all libraries involved.
    Raises: ValueError as `Affinities.build` does, or if `affinities` are of other features or settings.
    Source: KNET Fig. 4. Departs from it: see `lab.specs.tsne.TSNE`.
    """
    check_integer("frame_every", frame_every, 1, 50)
    check_integer("n_threads", n_threads, 1)
    rows = _check_rows(features, config.perplexity)
    n_iterations = config.early_iterations + config.iterations

    def show(iteration: int, kl: float, coordinates: ndarray) -> None:
        if on_frame is not None:
            on_frame(Frame(iteration, n_iterations, float(kl), np.array(coordinates, dtype=np.float32)))

    with threads(n_threads):
        start = _start(rows, config)
        show(0, float("nan"), start)
        affinities = affinities or Affinities.build(rows, config, n_threads=n_threads)
        _check_match(affinities, rows, config)
        embedding = openTSNE.TSNEEmbedding(start, _own_copy(affinities.index), n_jobs=n_threads)
        _descend(embedding, config, show if on_frame is not None else None, frame_every)
    return FeatureMap(config, np.array(embedding, dtype=np.float32), float(embedding.kl_divergence), affinities)


def _descend(embedding: Any, config: TSNE, show: Callable[..., None] | None, frame_every: int) -> None:
    """The early iterations, then the others, in place."""
    done = 0
    for n_iterations, exaggeration in ((config.early_iterations, config.exaggeration), (config.iterations, 1.0)):
        watch: dict[str, Any] = {}
        if show is not None:
            watch["callbacks"] = lambda i, kl, coordinates, done=done: show(done + i, kl, coordinates)
            watch["callbacks_every_iters"] = frame_every
        embedding.optimize(n_iterations, exaggeration=exaggeration, inplace=True, **watch)
        done += n_iterations


def _own_copy(index: Any) -> Any:
    """The descent multiplies the attractions by the exaggeration in place, and divides only if nothing is raised."""
    own = copy(index)
    own.P = index.P.copy()
    return own


def _start(rows: Float32[ndarray, "n d"], config: TSNE) -> Float64[ndarray, "n 2"]:
    rng = numpy_rng(config.seed, "t-SNE start")
    if config.start == "random":
        return rng.normal(0, START_SPREAD, (len(rows), 2))
    start = np.zeros((len(rows), 2))
    components = min(2, rows.shape[1])
    start[:, :components] = PCA(components, random_state=config.seed).fit_transform(rows)
    return start / start[:, 0].std() * START_SPREAD + rng.normal(0, JITTER, start.shape)


def _check_rows(features: Any, perplexity: float) -> Float32[ndarray, "n d"]:
    rows = check_features("features", features)
    least = int(3 * LEAST_PERPLEXITY) + 1
    require(len(rows) >= least, "features", f"at least {least} rows", len(rows))
    most = (len(rows) - 1) / 3
    require(perplexity <= most, "perplexity", f"at most {most:.4g}, a third of the {len(rows) - 1} others", perplexity)
    require(bool((rows != rows[0]).any()), "features", "rows that differ", f"{len(rows)} equal ones")
    return np.ascontiguousarray(rows, dtype=np.float32)


def _check_match(affinities: Affinities, rows: Float32[ndarray, "n d"], config: TSNE) -> None:
    wanted, found = (config.perplexity, config.metric), (affinities.perplexity, affinities.metric)
    require(wanted == found, "affinities", f"of perplexity and metric {wanted}", found)
    require(np.array_equal(affinities.features, rows), "affinities", "of the same features", "those of others")
