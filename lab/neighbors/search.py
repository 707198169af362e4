"""Exact search: faiss's flat index routine on the CPU, matmul and top-k on an accelerator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from jaxtyping import Float32, Int32, Int64
from numpy import ndarray

from lab.core.checks import require
from lab.core.threads import threads, usable_cores
from lab.neighbors import kernels

METRICS = ("l2", "cosine")
LARGEST = 1e38  # differences of such numbers still fit in float32
SMALLEST_EXPONENT = -126  # of a float32 held to full precision
SMALL = 2e9  # multiply-adds, about 0.05 s: below this a second thread costs more than it gives
CHUNK = 4096  # queries searched at a time on the CPU; faiss's own block
TILE = 2**28  # distances held at a time on an accelerator: 1 GiB
MARGIN = 16  # candidates more than k that an accelerator measures again: far more than rounding can displace


def check_features(name: str, features: Any) -> ndarray:
    """A 2-D array of numbers that float32 can hold, at least one column.

    Raises: ValueError naming the array, the rule and the offending value.
    """
    features = np.asarray(features)
    require(features.ndim == 2, name, "two-dimensional, one row per example", features.shape)
    require(features.shape[1] > 0, name, "rows of at least one feature", features.shape)
    is_number = np.issubdtype(features.dtype, np.number) or features.dtype == bool
    require(is_number and not np.iscomplexobj(features), name, "real numbers", str(features.dtype))
    if features.size and not (features.min() >= -LARGEST and features.max() <= LARGEST):  # a NaN compares false
        row, column = np.argwhere(~(np.abs(features) <= LARGEST))[0]
        value = f"{features[row, column]} at row {row}, column {column}"
        raise ValueError(f"{name} must be finite numbers of size <= {LARGEST:g}, got {value}")
    return features


def comparable(
    reference: ndarray, queries: ndarray, metric: str
) -> tuple[Float32[ndarray, "n d"], Float32[ndarray, "m d"], float]:
    """Shift and scale both sets so that float32 squared distances neither overflow nor cancel needlessly.

    Returns: the two sets, and the factor that turns their plain distances back into the caller's.
    For the cosine metric the rows become directions; half their squared distance is 1 - cos.
    """
    if metric == "cosine":
        rows = _directions(reference)
        return rows, rows if queries is reference else _directions(queries), 1.0
    sets = [s for s in (reference, queries) if len(s)]
    low = np.min([s.min(axis=0) for s in sets], axis=0).astype(np.float64)
    high = np.max([s.max(axis=0) for s in sets], axis=0).astype(np.float64)
    # A power of two, and a centre that is a multiple of it, leave pixels and other round numbers exact, so that
    # equal distances stay equal; a constant feature becomes exactly 0.
    unit = 2.0 ** max(int(np.frexp((high - low).max())[1]) - 3, SMALLEST_EXPONENT)
    centre = np.where(high == low, low, np.round((low + high) / 2 / unit) * unit)
    moved = _move(reference, centre, unit)
    return moved, moved if queries is reference else _move(queries, centre, unit), unit


def _move(features: ndarray, centre: ndarray, unit: float) -> Float32[ndarray, "n d"]:
    wide = np.float32 if features.dtype in (np.float32, np.float16) else np.float64
    moved = features - centre.astype(wide)
    moved /= wide(unit)
    return np.ascontiguousarray(moved, dtype=np.float32)


def _directions(features: ndarray) -> Float32[ndarray, "n d_and_1"]:
    """Rows of length 1. Rows of zeros share a direction of their own, at right angles to all others."""
    n, d = features.shape
    length = np.sqrt(np.einsum("ij,ij->i", features, features, dtype=np.float64))
    out = np.zeros((n, d + 1), dtype=np.float32)
    np.divide(features, length[:, None], out=out[:, :d], where=length[:, None] > 0, casting="unsafe")
    out[length == 0, d] = 1
    return out


def nearest(
    reference: Float32[ndarray, "n d"], queries: Float32[ndarray, "m d"], k: int, *, own: bool, device: Any = "cpu"
) -> tuple[Int32[ndarray, "m k"], Float32[ndarray, "m k"]]:
    """The k nearest reference rows of each query and their squared distances, ordered by (distance, index).

    own: the queries are the reference, and a row is not its own neighbour.
    Of rows exactly as far away as the k-th, it is not defined which are listed.
    """
    idx = np.empty((len(queries), k), dtype=np.int32)
    d2 = np.empty((len(queries), k), dtype=np.float32)
    search, chunk = (_faiss if str(device) == "cpu" else _torch)(reference, k + own, device)
    for start in range(0, len(queries), chunk):
        rows = slice(start, start + chunk)
        found, distance = search(queries[rows])
        kernels.tidy_lists(found, distance, queries[rows], reference, start if own else -1, idx[rows], d2[rows])
    return idx, d2


Search = Callable[[ndarray], tuple[Int64[ndarray, "m k"], Float32[ndarray, "m k"]]]


def _faiss(reference: Float32[ndarray, "n d"], k: int, device: Any) -> tuple[Search, int]:
    import faiss

    def search(queries: ndarray) -> tuple[ndarray, ndarray]:
        few = queries.size * len(reference) < SMALL
        with threads(1 if few else min(usable_cores(), faiss.omp_get_max_threads())), _always_blas():
            d2, idx = faiss.knn(queries, reference, k)  # IndexFlatL2's own search, without its copy of the reference
        return idx, d2

    return search, CHUNK


@contextmanager
def _always_blas() -> Iterator[None]:
    """Keep faiss from its loop for short query lists: up to 6 times slower than BLAS at 1,000 queries of d = 64."""
    import faiss

    before = faiss.cvar.distance_compute_blas_threshold
    faiss.cvar.distance_compute_blas_threshold = 1
    try:
        yield
    finally:
        faiss.cvar.distance_compute_blas_threshold = before


def _torch(reference: Float32[ndarray, "n d"], k: int, device: Any) -> tuple[Search, int]:
    import torch

    rows = torch.from_numpy(reference).to(device)
    offset = -rows.square().sum(dim=1) / 2
    n_rough = min(k + MARGIN, len(rows))

    def search(queries: ndarray) -> tuple[ndarray, ndarray]:
        q = torch.from_numpy(queries).to(device)
        with _full_precision():
            rough = torch.addmm(offset, q, rows.T).topk(n_rough, sorted=False).indices  # largest q.r - |r|^2 / 2
        d2, order = (rows[rough] - q[:, None]).square_().sum(dim=2).topk(k, largest=False)
        return rough.gather(1, order).cpu().numpy(), d2.cpu().numpy()

    return search, max(1, TILE // max(len(rows), n_rough * rows.shape[1]))


@contextmanager
def _full_precision() -> Iterator[None]:
    """Keep TF32, which a training may have switched on, out of a matmul."""
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
