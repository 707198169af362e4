"""The two draws behind every noise model: who is selected, and which label a selected sample gets.

One uniform number per sample decides each. So with one seed a higher rate only adds wrong labels: those of a lower
rate stay as they were, which is what a slider should show.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int

from lab.core.checks import require

MODES = ("bernoulli", "exact", "exact_per_class")
ROW_SUM_TOLERANCE = 1e-6


def class_rows(y: Int[np.ndarray, " n"], n_classes: int) -> Iterator[tuple[int, Int[np.ndarray, " m"]]]:
    """(class, its rows) for every class that occurs; one fast sort instead of a scan per class."""
    dtype = np.uint8 if n_classes <= 256 else np.uint16 if n_classes <= 65_536 else np.int64
    order = np.argsort(y.astype(dtype), kind="stable")  # numpy sorts 8 and 16 bits by radix
    ends = np.cumsum(np.bincount(y, minlength=n_classes))
    for c, end in enumerate(ends):
        start = ends[c - 1] if c else 0
        if end > start:
            yield c, order[start:end]


def count_of(rate: float, n: int) -> int:
    """floor(rate * n), safe against 0.29 * 100 = 28.999999999999996."""
    return math.floor(rate * n + 1e-9)


def lowest(score: Float[np.ndarray, " n"], count: int) -> Int[np.ndarray, " m"]:
    """Rows of the `count` smallest scores."""
    if count == 0 or count >= score.size:
        return np.arange(min(count, score.size))
    return np.argpartition(score, count - 1)[:count]


def select_exactly(
    score: Float[np.ndarray, " n"], y: Int[np.ndarray, " n"], *, rate: float, mode: str, n_classes: int
) -> Bool[np.ndarray, " n"]:
    """The floor(rate * n) lowest scores of all samples ("exact") or of every class ("exact_per_class")."""
    selected = np.zeros(y.size, dtype=bool)
    if mode == "exact":
        selected[lowest(score, count_of(rate, y.size))] = True
        return selected
    for _, rows in class_rows(y, n_classes):
        selected[rows[lowest(score[rows], count_of(rate, rows.size))]] = True
    return selected


def check_stochastic(name: str, matrix: np.ndarray) -> Float[np.ndarray, "c c"]:
    """A square matrix of probabilities whose rows sum to 1; the error names the row and its sum."""
    matrix = np.asarray(matrix, dtype=np.float64)
    require(matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1] > 0, name, "square", matrix.shape)
    infinite = matrix[~np.isfinite(matrix)]
    require(not infinite.size, name, "finite", infinite[:1].tolist())
    sums = matrix.sum(axis=1)
    row = int(np.argmax(np.abs(sums - 1)))
    if matrix.min() < 0:
        i, j = np.unravel_index(np.argmin(matrix), matrix.shape)
        raise ValueError(f"{name} must be probabilities >= 0, got {matrix[i, j]:g} in row {i}, column {j}")
    if abs(sums[row] - 1) > ROW_SUM_TOLERANCE:
        raise ValueError(f"{name} must be a matrix whose rows sum to 1, got row {row} with sum {sums[row]:g}")
    return matrix


def draw_labels(
    y: Int[np.ndarray, " n"], matrix: Float[np.ndarray, "c c"], u: Float[np.ndarray, " n"]
) -> Int[np.ndarray, " n"]:
    """Given label j with probability matrix[y, j]: the first j whose cumulative probability exceeds u in [0, 1).

    A table says where the search starts for every 1/n_starts of u, so nearly all labels are found without a step.
    """
    n_classes = len(matrix)
    cumulative = np.cumsum(matrix, axis=1)
    cumulative /= cumulative[:, -1:]  # ends at exactly 1, so a label of probability 0 is never reached
    n_starts = 1 << (4 * n_classes - 1).bit_length()  # a power of two, so that u * n_starts is exact
    starts = np.stack([np.searchsorted(row, np.arange(n_starts) / n_starts, side="right") for row in cumulative])
    y_given = starts.ravel()[y * n_starts + (u * n_starts).astype(np.int64)]
    cumulative, row = cumulative.ravel(), y * n_classes
    behind = np.flatnonzero(cumulative[row + y_given] <= u)
    while behind.size:
        y_given[behind] += 1
        behind = behind[cumulative[row[behind] + y_given[behind]] <= u[behind]]
    return y_given
