"""Exact search: faiss's flat index routine on the CPU, matmul and top-k on an accelerator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64
from numpy import ndarray

from lab.core.checks import require
from lab.core.threads import threads, usable_cores
from lab.neighbors import kernels

METRICS = ("l2", "cosine")
LARGEST = 1e38  # differences of such numbers still fit in float32
SMALL = 2e9  # multiply-adds, about 0.05 s: below this a second thread costs more than it gives
CHUNK = 4096  # queries searched at a time on the CPU; faiss's own block
TILE = 2**28  # distances held at a time on an accelerator: 1 GiB
MARGIN = 8  # candidates more than k, so that rounding seldom keeps a wanted one from the list


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


def check_pair(reference: Any, queries: Any) -> tuple[ndarray, ndarray]:
    """Both checked, and fit for each other; queries=None stands for the reference itself, as the same object.

    Raises: ValueError as `check_features` does, or if there are too few rows or the widths differ.
    """
    reference = check_features("reference", reference)
    if queries is None:
        require(len(reference) >= 2, "reference", "at least 2 rows for a self-search", len(reference))
        return reference, reference
    require(len(reference) >= 1, "reference", "at least 1 row", len(reference))
    queries = check_features("queries", queries)
    rule = f"rows of {reference.shape[1]} features, as the reference has"
    require(queries.shape[1] == reference.shape[1], "queries", rule, queries.shape[1])
    return reference, queries


def comparable(
    reference: ndarray, queries: ndarray, metric: str
) -> tuple[Float32[ndarray, "n d"], Float32[ndarray, "m d"], float]:
    """Both sets in float32, shifted and, if need be, scaled so that squared distances neither overflow nor cancel.

    Returns: the two sets, and the factor that turns their plain distances back into the caller's.
    For the cosine metric the rows become directions; half their squared distance is 1 - cos.
    """
    own = queries is reference
    if metric == "cosine":
        rows = _directions(reference)
        return rows, rows if own else _directions(queries), 1.0
    centre = _round_centre(reference)
    rows = _move(reference, centre)
    others = rows if own else _move(queries, centre)
    largest = max(float(s.max(initial=0)) - float(s.min(initial=0)) for s in (rows, others))
    if largest == 0 or 1e-15 < largest < 1e15:  # squares of these, and their sums, are well inside float32's range
        return rows, others, 1.0
    unit = 2.0 ** float(np.clip(np.frexp(largest)[1] - 1, -126, 127))
    return rows / np.float32(unit), others / np.float32(unit), unit


def _round_centre(reference: ndarray) -> Float64[ndarray, " d"]:
    """About the median row, as multiples of a power of two: pixels and other round numbers stay exact when moved."""
    sample = reference[:: max(1, len(reference) // 1000)].astype(np.float64)
    centre = np.median(sample, axis=0)
    spread = np.abs(sample - centre).mean()
    if spread == 0:
        return centre
    grid = 2.0 ** (int(np.frexp(spread)[1]) - 4)
    return np.round(centre / grid) * grid


def _move(features: ndarray, centre: Float64[ndarray, " d"]) -> Float32[ndarray, "n d"]:
    exact = features.dtype in (np.float32, np.float16)  # the difference of two of these is rounded only once
    return np.ascontiguousarray(features - (centre.astype(np.float32) if exact else centre), dtype=np.float32)


def _directions(features: ndarray) -> Float32[ndarray, "n d_and_1"]:
    """Rows of length 1. Rows of zeros share a direction of their own, at right angles to all others."""
    n, d = features.shape
    length = np.sqrt(np.einsum("ij,ij->i", features, features, dtype=np.float64))
    out = np.zeros((n, d + 1), dtype=np.float32)
    np.divide(features, length[:, None], out=out[:, :d], where=length[:, None] > 0, casting="unsafe")
    out[length == 0, d] = 1
    return out


def nearest(
    reference: Float32[ndarray, "n d"],
    queries: Float32[ndarray, "m d"],
    k: int,
    *,
    own: Int32[ndarray, " m"] | None = None,
    device: Any = "cpu",
    tick: Callable[[int], object] | None = None,
    thorough: bool = True,
) -> tuple[Int32[ndarray, "m k"], Float32[ndarray, "m k"]]:
    """The k nearest reference rows of each query and their squared distances, ordered by (distance, index).

    own: the reference row that each query is and that may not be its neighbour, or -1.
    tick: called with the number of queries answered since the last time; may raise to stop.
    thorough: measure all rows again where rounding may have kept a nearer row from the list, as ties do.
    Of rows exactly as far away as the k-th, it is not defined which are listed.
    """
    one_more = own is not None
    own = np.full(len(queries), -1, dtype=np.int32) if own is None else own
    idx = np.empty((len(queries), k), dtype=np.int32)
    d2 = np.empty((len(queries), k), dtype=np.float32)
    on_cpu, wanted = str(device) == "cpu", min(k + one_more + MARGIN, len(reference))
    few = queries.size * len(reference) < SMALL
    n_threads = 1 if few or not on_cpu else allowed_threads()
    search, chunk = _faiss(reference, wanted) if on_cpu else _torch(reference, wanted, device)

    def answer(start: int) -> int:
        rows = slice(start, start + chunk)
        found, distance = search(queries[rows])
        kernels.settle_lists(found, distance, queries[rows], reference, own[rows], idx[rows], d2[rows], thorough)
        return len(found)

    if on_cpu:
        chunk = max(1, min(chunk, -(-len(queries) // n_threads)))
    with _one_thread_each() if on_cpu else nullcontext():
        for count in _side_by_side(answer, range(0, len(queries), chunk), n_threads):
            if tick is not None:
                tick(count)
    return idx, d2


Search = Callable[[ndarray], tuple[Int64[ndarray, "m k"], Float32[ndarray, "m k"]]]


def _faiss(reference: Float32[ndarray, "n d"], k: int) -> tuple[Search, int]:
    import faiss

    def search(queries: ndarray) -> tuple[ndarray, ndarray]:
        d2, idx = faiss.knn(queries, reference, k)  # IndexFlatL2's own search, without its copy of the reference
        return idx, d2

    return search, CHUNK


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Every search is one thread's: blocks of queries side by side never wait for each other, as threads inside do."""
    with threads(1), always_blas():
        yield


def _side_by_side(answer: Callable[[int], int], starts: Sequence[int], n_threads: int) -> Iterator[int]:
    """What `answer` returns for every start, in order; once nobody asks for more, what has not begun is left."""
    if n_threads == 1 or len(starts) < 2:
        yield from map(answer, starts)
        return
    import faiss

    with ThreadPoolExecutor(n_threads, initializer=lambda: faiss.omp_set_num_threads(1)) as pool:
        waiting = [pool.submit(answer, start) for start in starts]
        try:
            for future in waiting:
                yield future.result()
        finally:
            for future in waiting:
                future.cancel()


def allowed_threads() -> int:
    """No more than the caller was given."""
    import faiss

    return min(usable_cores(), faiss.omp_get_max_threads())


@contextmanager
def always_blas() -> Iterator[None]:
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

    def search(queries: ndarray) -> tuple[ndarray, ndarray]:
        q = torch.from_numpy(queries).to(device)
        with full_precision():
            rough = torch.addmm(offset, q, rows.T).topk(k, sorted=False).indices  # largest q.r - |r|^2 / 2
        d2, order = (rows[rough] - q[:, None]).square_().sum(dim=2).sort()
        return rough.gather(1, order).cpu().numpy(), d2.cpu().numpy()

    return search, max(1, TILE // max(len(rows), k * rows.shape[1]))


@contextmanager
def full_precision() -> Iterator[None]:
    """Keep TF32, which a training may have switched on, out of a matmul."""
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
