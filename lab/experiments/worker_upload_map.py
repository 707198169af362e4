"""A map of an uploaded file's rows, to be lassoed: t-SNE of some of them, the others where their likes are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from lab.analysis.map_quality import trustworthiness
from lab.analysis.tsne import Frame, fit_map
from lab.core.rng import numpy_rng
from lab.data.rows import stratified
from lab.experiments.worker_upload_ground import Course, Ground
from lab.neighbors import NeighborTable
from lab.specs.tsne import TSNE

MOST_PLACED = 1000  # rows that t-SNE lays out
FEWEST = 30  # rows below which it has nothing to lay out
NEAREST = 3  # rows on the map between which another one is put
SCATTER = 0.004  # of the map's reach, so that rows put in one place can be told apart
EARLY, ITERATIONS = 100, 200  # enough to lasso by
MOST_COLUMNS = 200


@dataclass(frozen=True, eq=False)
class Drawn:
    """Where the rows are; `n_placed` of them by t-SNE itself. trustworthiness: of these; None where there is no t-SNE."""

    xy: Float32[ndarray, "n 2"]
    method: str
    n_placed: int
    trustworthiness: float | None


def map_of(ground: Ground, course: Course) -> Drawn:
    """Lay the rows out by their features, or by their probabilities where there are no others."""
    rows = np.asarray(ground.pred_probs if ground.near is None else ground.near.features, dtype=np.float32)
    rows = _fewer_columns(rows)
    n = len(rows)
    chosen = np.arange(n) if n <= MOST_PLACED else stratified(ground.y, MOST_PLACED, rng=numpy_rng(0, "map"))
    if n < FEWEST or not (rows[chosen] != rows[chosen[0]]).any():
        return Drawn(_components(rows, 2), "principal components", n, None)

    def show(frame: Frame) -> None:
        course.at(frame.iteration / frame.n_iterations)

    perplexity = min(30.0, (len(chosen) - 1) / 3)
    placed = fit_map(
        rows[chosen], TSNE(perplexity=perplexity, early_iterations=EARLY, iterations=ITERATIONS), on_frame=show
    ).coordinates
    trusted = trustworthiness(rows[chosen], placed, n_neighbors=min(10, (len(chosen) - 1) // 2))
    if len(chosen) == n:
        return Drawn(placed, "t-SNE", n, trusted)
    return Drawn(_between(rows, rows[chosen], placed, chosen), "t-SNE of some rows", len(chosen), trusted)


def _between(
    rows: Float32[ndarray, "n d"], known: Float32[ndarray, "m d"], placed: Float32[ndarray, "m 2"], chosen: ndarray
) -> Float32[ndarray, "n 2"]:
    """Every other row between the three rows on the map that are nearest to it, nearer ones counting more."""
    near = NeighborTable.build(known, rows, k_max=NEAREST, thorough=False)
    weight = 1 / np.maximum(near.dist, 1e-6 + 1e-3 * near.dist.mean())
    weight /= weight.sum(axis=1, keepdims=True)
    xy = np.einsum("nk,nkc->nc", weight, placed[near.idx])
    xy += numpy_rng(0, "scatter").normal(0, SCATTER * np.abs(placed).max(), xy.shape)
    xy[chosen] = placed
    return xy.astype(np.float32)


def _fewer_columns(rows: Float32[ndarray, "n d"]) -> Float32[ndarray, "n d2"]:
    return rows if rows.shape[1] <= MOST_COLUMNS else _components(rows, 50)


def _components(rows: Float32[ndarray, "n d"], count: int) -> Float32[ndarray, "n d2"]:
    """The first principal components; columns of zeros where there are fewer."""
    from sklearn.decomposition import PCA

    kept = min(count, *rows.shape)
    found = np.zeros((len(rows), count), dtype=np.float32)
    found[:, :kept] = PCA(kept, svd_solver="randomized", random_state=0).fit_transform(rows) if len(rows) > 1 else 0
    return found
