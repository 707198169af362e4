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

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
SUFFIXES = (*SEPARATORS, ".parquet")
MAX_BYTES = 2 * 1024**3


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
    require(path.stat().st_size > 0, path.name, "a file with rows", "0 bytes")
    require(path.stat().st_size <= MAX_BYTES, path.name, f"at most {MAX_BYTES:,} bytes", path.stat().st_size)
    try:
        table = _parquet(path) if path.suffix.lower() == ".parquet" else _separated(path)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} must be UTF-8 text, got other bytes at {error.start}") from error
    require(len(table) > 0, path.name, "a file with rows", "column names only")
    return table


def _separated(path: Path) -> pd.DataFrame:
    import pandas as pd

    separator = SEPARATORS[path.suffix.lower()]
    try:
        # With the header as data, a first row of more fields than names is an error; else pandas takes row names from it.
        header = pd.read_csv(path, sep=separator, header=None, nrows=2, dtype=str).iloc[0]
        twice = header[header.duplicated()]
        require(twice.empty, "column names", "different", None if twice.empty else f"{twice.iloc[0]!r} twice")
        return pd.read_csv(path, sep=separator, low_memory=False, skipinitialspace=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise ValueError(f"{path.name} must be a table with as many fields in every line, got: {reason}") from error


def _parquet(path: Path) -> pd.DataFrame:
    import pyarrow
    import pyarrow.parquet

    try:
        about = pyarrow.parquet.read_metadata(path)
        cells = about.num_rows * about.num_columns
        require(cells <= MAX_VALUES, path.name, f"a table of at most {MAX_VALUES:,} cells", cells)
        return pyarrow.parquet.read_table(path).to_pandas()
    except pyarrow.ArrowException as error:
        raise ValueError(f"{path.name} must be a readable Parquet file, got: {error}") from error


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
