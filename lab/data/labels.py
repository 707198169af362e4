"""Labels as they come in files (numbers, names, booleans) to class indices and class names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from lab.core.checks import require
from lab.data.dataset import MAX_CLASSES


def encode_labels(
    *columns: Any, name: str = "label", classes: Sequence[str] | None = None
) -> tuple[list[Int[ndarray, " n"]], tuple[str, ...]]:
    """Columns of labels (given, true, held out) to indices into one common list of classes.

    Args:
        columns: integers, whole floats, booleans or texts; one kind in all columns.
        name: what error messages call them.
        classes: names where the labels are already indices 0, 1, ...; None to sort the labels met.
    Returns: one index array per column, and the class names.
    Raises: ValueError for a missing label, a label that is no class, or fewer than 2 or too many classes.
    """
    clean = [_plain(column, name) for column in columns]
    together = np.concatenate(clean)
    if classes is not None:
        require(np.issubdtype(together.dtype, np.integer), name, "class indices where classes are named", together[0])
        outside = together[(together < 0) | (together >= len(classes))]
        require(outside.size == 0, name, f"in [0, {len(classes) - 1}]", outside[0].item() if outside.size else None)
        return [column.astype(np.int64) for column in clean], tuple(str(c) for c in classes)
    met, codes = np.unique(together, return_inverse=True)
    require(len(met) >= 2, name, "of at least two classes", f"only {met[0]}" if len(met) else "no row")
    limit = min(MAX_CLASSES, len(together) // 2)
    require(len(met) <= limit, name, f"of at most {limit} classes (is it the right column?)", f"{len(met)} classes")
    ends = np.cumsum([len(column) for column in clean])[:-1]
    return [part.astype(np.int64) for part in np.split(codes, ends)], tuple(str(c) for c in met)


def _plain(column: Any, name: str) -> ndarray:
    """One column as integers or texts, without gaps."""
    values = np.asarray(column)
    require(values.ndim == 1, name, "one-dimensional", values.shape)
    if np.issubdtype(values.dtype, np.floating):
        return _whole(values, name)
    if values.dtype == bool:
        return values.astype(str)
    if np.issubdtype(values.dtype, np.integer) or values.dtype.kind == "U":
        return values
    for row, value in enumerate(values):
        if value is None or value != value or value == "":  # only a NaN differs from itself
            raise ValueError(f"{name} must be present in every row, got none in row {row}")
        require(isinstance(value, (str, int, bool)), name, "texts or whole numbers", value)
    kinds = {type(value) for value in values}
    return values.astype(str) if kinds - {int} else values.astype(np.int64)


def _whole(values: ndarray, name: str) -> ndarray:
    missing = np.flatnonzero(np.isnan(values))
    if missing.size:
        raise ValueError(f"{name} must be present in every row, got none in row {missing[0]}")
    broken = values[values != np.round(values)]
    require(broken.size == 0, name, "class names or whole numbers", broken[0].item() if broken.size else None)
    return values.astype(np.int64)
