"""Features on one scale, so that the unit in which one of them is measured does not decide who is near."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from lab.core.checks import require

ROWS = 8192  # at a time, so that the copy in float64 stays small
LARGEST = 1e38


def z_scored(reference: ndarray, queries: ndarray) -> tuple[Float32[ndarray, "n d"], Float32[ndarray, "m d"]]:
    """Both with the reference's mean and standard deviation taken out; a feature that is constant there becomes 0.

    Queries that are the reference, as the same object, stay that.
    Raises: ValueError if a query lies so far out that float32 can not hold it.
    """
    mean = reference.mean(axis=0, dtype=np.float64)
    variance = sum(np.square(rows - mean).sum(axis=0) for rows in _chunks(reference)) / len(reference)
    varies = (reference.max(axis=0) > reference.min(axis=0)) & (variance > 0)
    weight = np.divide(1, np.sqrt(variance), out=np.zeros_like(mean), where=varies)
    scaled = _scale(reference, mean, weight)
    return scaled, scaled if queries is reference else _scale(queries, mean, weight)


def _scale(features: ndarray, mean: Float64[ndarray, " d"], weight: Float64[ndarray, " d"]) -> Float32[ndarray, "n d"]:
    out = np.empty(features.shape, dtype=np.float32)
    for start, rows in zip(range(0, len(features), ROWS), _chunks(features), strict=True):
        scaled = (rows - mean) * weight
        largest = float(np.abs(scaled).max())
        require(largest <= LARGEST, "queries", f"within {LARGEST:g} standard deviations of the reference", largest)
        out[start : start + ROWS] = scaled
    return out


def _chunks(features: ndarray) -> Iterator[ndarray]:
    return (features[start : start + ROWS] for start in range(0, len(features), ROWS))
