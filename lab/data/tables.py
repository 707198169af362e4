"""Data sets from CSV, TSV and Parquet files: one label column, the rest numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32, Int8
from numpy import ndarray

from lab.core.checks import require
from lab.data import rows
from lab.data.arrays import MAX_VALUES, from_arrays
from lab.data.dataset import PARTS, NoisyDataset
from lab.data.table_files import open_table
from lab.data.text_tables import CALLED, SEPARATORS
from lab.specs.uploads import UploadLimits

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (*SEPARATORS, ".parquet")
LIMITS = UploadLimits(file_mb=2000, unpacked_mb=4000, cells=MAX_VALUES)  # of files on one's own machine


def load_table(
    path: Path,
    *,
    label: str,
    clean: str | None = None,
    split: str | None = None,
    features: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    standardise: bool = False,
) -> NoisyDataset:
    """One row per example; rows keep their order.

    Args:
        path: .csv, .tsv, .tab or .parquet, with column names.
        label: column of the given labels, possibly wrong.
        clean: column of the true labels; the label column itself declares its labels true.
        split: column of "train", "val" or "test"; all rows are for training without it.
        features: columns to use; all others if None.
        ignore: columns to leave out (row numbers, names).
        standardise: bring features to mean 0 and deviation 1 over the training rows.
    Raises: ValueError with one sentence: which column and row, and what would be right.
    """
    table = read_table(path)
    named = [label, *filter(None, (clean, split)), *(features or ()), *ignore]
    for column in named:
        require(column in table.columns, "column", "one of " + _listed(table.columns), column)
    if features is None:
        features = [c for c in table.columns if c not in {label, clean, split, *ignore}]
    require(len(features) > 0, "feature columns", "at least one", "none beside the labels")
    require(label not in features and (clean is None or clean not in features), "features", "without labels", features)
    dataset = from_arrays(
        _numbers(table, features),
        _labels(table, label),
        y_clean=_labels(table, clean) if clean else None,
        split=_split(table, split) if split else None,
        name=path.name,
        options={"label": label, "clean": clean, "split": split, "features": list(features)},
        source=str(path),
    )
    return rows.standardise(dataset) if standardise else dataset


def read_table(path: Path) -> pd.DataFrame:
    """The file as a DataFrame, or one sentence on why not.

    Raises: ValueError if it is empty, damaged, not UTF-8, too large, or repeats a column name.
    """
    table = open_table(path, LIMITS)
    if table.form is not None:
        require(table.form.encoding == "utf-8", path.name, "UTF-8 text", CALLED.get(table.form.encoding))
    twice = [name for i, name in enumerate(table.header) if name in table.header[:i]]
    require(not twice, "column names", "different", f"{twice[0]!r} twice" if twice else None)
    return table.frame


def _numbers(table: pd.DataFrame, features: Sequence[str]) -> Float32[ndarray, "n d"]:
    """Feature columns as float32; the first bad cell is named."""
    for column in features:
        values = table[column]
        numeric = values.dtype.kind in "biuf" or getattr(values.dtype, "numpy_dtype", np.dtype(object)).kind in "biuf"
        remedy = "numbers (leave it out with `ignore`, or choose columns with `features`)"
        if not numeric:
            require(False, f"column {column!r}", remedy, _first_text(values))
        size = np.abs(values.to_numpy(dtype=np.float64, na_value=np.nan))
        bad = np.flatnonzero(~(size <= np.finfo(np.float32).max))  # a NaN is not <= either
        if bad.size:
            raise ValueError(f"column {column!r} must be finite numbers, got {values.iloc[bad[0]]} in row {bad[0]}")
    return table[list(features)].to_numpy(dtype=np.float32)


def _first_text(values: Any) -> str:
    """The first cell that is no number, and its row."""
    import pandas as pd

    row = int(np.flatnonzero(pd.to_numeric(values, errors="coerce").isna())[:1].sum())
    return f"{values.iloc[row]} in row {row}"


def _labels(table: pd.DataFrame, column: str) -> ndarray:
    values = table[column]
    if values.isna().any():
        raise ValueError(f"column {column!r} must name a class in every row, got none in row {values.isna().argmax()}")
    return np.asarray(values.tolist())


def _split(table: pd.DataFrame, column: str) -> Int8[ndarray, " n"]:
    values = table[column]
    wrong = np.flatnonzero(~values.isin(PARTS))
    if wrong.size:
        raise ValueError(
            f"column {column!r} must be {' or '.join(PARTS)}, got {values.iloc[wrong[0]]} in row {wrong[0]}"
        )
    return values.map(PARTS.index).to_numpy().astype(np.int8)


def _listed(columns: Any, most: int = 12) -> str:
    names = [repr(str(c)) for c in columns]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
