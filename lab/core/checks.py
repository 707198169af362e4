"""Argument checks. Every message reads `<name> must be <rule>, got <value>`."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np


def require(condition: bool, name: str, rule: str, value: object) -> None:
    """Raise the house's `ValueError` unless `condition` holds."""
    if not condition:
        raise ValueError(f"{name} must be {rule}, got {value!r}")


def check_number(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite real number in [low, high]; a bool is not a number."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ValueError(f"{name} must be a number, got {value!r}")
    require(math.isfinite(value) and bool(low <= value <= high), name, f"a finite number in [{low:g}, {high:g}]", value)
    return float(value)


def check_integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """An integer in [low, high] (no upper bound if `high` is None); a bool is not an integer."""
    rule = f"an integer >= {low}" if high is None else f"an integer in [{low}, {high}]"
    is_integer = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
    require(is_integer and bool(low <= value) and (high is None or bool(value <= high)), name, rule, value)
    return int(value)


def check_choice(name: str, value: Any, choices: Collection[Any]) -> Any:
    """One of a small set of values."""
    require(value in choices, name, "one of " + ", ".join(map(repr, choices)), value)
    return value


def check_labels(name: str, y: Any, n_classes: int | None = None) -> np.ndarray:
    """A 1-D array of class indices as int64, each in [0, n_classes)."""
    y = np.asarray(y)
    require(y.ndim == 1, name, "one-dimensional", y.shape)
    require(y.size == 0 or np.issubdtype(y.dtype, np.integer), name, "integers", y.dtype)
    if y.size:
        require(int(y.min()) >= 0, name, "class indices >= 0", int(y.min()))
        if n_classes is not None:
            require(int(y.max()) < n_classes, name, f"class indices below {n_classes}", int(y.max()))
    return y.astype(np.int64, copy=False)


ROW_SUM_TOLERANCE = 1e-3  # a softmax in float16 sums to 1 no better than this


def check_probabilities(name: str, probs: Any, n_classes: int | None = None) -> np.ndarray:
    """A 2-D array of floats whose rows are distributions: finite, >= 0, sums of 1; `n_classes` columns if given."""
    probs = np.asarray(probs)
    require(probs.ndim == 2 and probs.shape[1] > 0, name, "two-dimensional, one row per example", probs.shape)
    require(probs.dtype.kind == "f", name, "floats", str(probs.dtype))
    if n_classes is not None:
        require(probs.shape[1] == n_classes, name, f"of {n_classes} columns", probs.shape[1])
    lowest = probs.min(initial=0.0)
    require(bool(lowest >= 0), name, ">= 0", lowest)  # a NaN compares false
    sums = probs.sum(axis=1, dtype=np.float64)
    row = int(np.abs(sums - 1).argmax()) if sums.size else 0
    if sums.size and not abs(sums[row] - 1) <= ROW_SUM_TOLERANCE:
        raise ValueError(f"{name} must be rows that sum to 1, got row {row} with sum {sums[row]:g}")
    return probs
