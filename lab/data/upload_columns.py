"""What the columns of a table are, found out of their cells: which are of use as features, and which of none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float64, Int
from numpy import ndarray

from lab.data.uploaded import Column

if TYPE_CHECKING:
    import pandas as pd

MANY = 0.9  # of the cells that there are
MOST_CATEGORIES = 50  # values of a category that get a feature of their own
WORDS = 2.5  # on average, in a text
SAMPLE = 500
IDENTIFIERS = re.compile(
    r"(.*[ _-])?(id|ids|uuid|guid|index|idx|key|row|row_number|filename|file|path|url|name)|unnamed.*"
)
DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([ T].*)?|\d{1,2}[./]\d{1,2}[./]\d{4}( .*)?")
OF_USE = ("number", "category", "text", "date", "vector")
WHY = {
    "number": "numbers",
    "category": "a few values that repeat",
    "text": "sentences",
    "date": "dates, as days",
    "vector": "lists of as many numbers in every row",
    "constant": "the same value in every row",
    "empty": "no value in any row",
    "identifier": "another value in every row, so that it names the row and describes nothing",
    "nested": "lists or objects of changing form",
}


def describe(name: str, column: pd.Series, y_given: Int[ndarray, " n"], n_classes: int) -> Column:
    """What a column is, judged by the labelled rows.

    Args:
        name: as the file has it. column: its cells in those rows. y_given, n_classes: their labels.
    Returns: with role "feature", or "left out" where it is of no use or gives the label away.
    """
    missing = int(column.isna().sum())
    kind, distinct, why = _kind(name, column, len(column) - missing)
    if kind in ("number", "category") and distinct == n_classes and not missing and _one_to_one(column, y_given):
        return Column(name, "left out", "same as the label", missing, distinct, "it is the label in other words")
    role = "feature" if kind in OF_USE else "left out"
    return Column(name, role, kind, missing, distinct, why or WHY[kind])


def _kind(name: str, column: pd.Series, present: int) -> tuple[str, int, str]:
    """Kind, different values, and a reason where there is more to say than `WHY` does."""
    import pandas as pd

    if present == 0:
        return "empty", 0, ""
    first = column.dropna().iloc[0]
    if isinstance(first, (list, dict, tuple, set, np.ndarray)):
        vectors = vectors_of(column)
        return ("nested", 0, "") if vectors is None else ("vector", present, f"{vectors.shape[1]} numbers in every row")
    distinct = int(column.nunique())
    if distinct == 1:
        return "constant", 1, ""
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date", distinct, ""
    if pd.api.types.is_numeric_dtype(column):
        return _kind_of_numbers(name, column, distinct)
    return _kind_of_texts(name, column.dropna().astype(str), distinct)


def _kind_of_numbers(name: str, column: pd.Series, distinct: int) -> tuple[str, int, str]:
    values = numbers_of(column)
    whole = values[np.isfinite(values)]
    if not whole.size:
        return "empty", 0, "no finite number in any row"
    if distinct == len(column) and len(column) > 2 and bool((whole == np.round(whole)).all()):
        steps = np.diff(whole)
        if bool((steps == 1).all()) or IDENTIFIERS.fullmatch(name.strip().lower()):
            return "identifier", distinct, ""
    infinite = int(np.isinf(values).sum())
    return "number", distinct, f"numbers; {infinite:,} infinite ones count as missing" if infinite else ""


def _kind_of_texts(name: str, cells: pd.Series, distinct: int) -> tuple[str, int, str]:
    sample = cells.iloc[np.linspace(0, len(cells) - 1, min(len(cells), SAMPLE)).astype(int)]
    if float(_are_numbers(sample).mean()) > MANY - 0.1:
        good = _are_numbers(cells)
        if float(good.mean()) >= MANY:
            bad = cells[~good].iloc[0] if not good.all() else ""
            return "number", distinct, f"numbers; {int((~good).sum()):,} other cells ({bad[:30]!r}) count as missing"
    if sum(bool(DATE.fullmatch(cell)) for cell in sample) >= MANY * len(sample):
        return "date", distinct, ""
    words = float(np.mean([cell.count(" ") + 1 for cell in sample]))
    if words < WORDS and distinct > MANY * len(cells) and len(cells) > 2:
        return "identifier", distinct, ""
    if words >= WORDS and distinct > max(len(cells) / 20, 10):
        return "text", distinct, ""
    more = distinct - MOST_CATEGORIES
    return "category", distinct, f"{distinct:,} values, the {more:,} rarest taken as one" if more > 0 else ""


def _are_numbers(cells: pd.Series) -> Bool[ndarray, " n"]:
    return np.isfinite(numbers_of(cells))


def numbers_of(column: pd.Series) -> Float64[ndarray, " n"]:
    """A column as float64; what is no number is NaN."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column):
        column = pd.to_numeric(column.astype(object), errors="coerce")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def vectors_of(column: pd.Series) -> Float64[ndarray, "n d"] | None:
    """A column of lists as a matrix; None unless all are of one length and hold numbers."""
    try:
        stacked = np.stack([np.asarray(cell, dtype=np.float64) for cell in column])
    except (TypeError, ValueError):
        return None
    return stacked if stacked.ndim == 2 and stacked.shape[1] > 0 else None


def _one_to_one(column: pd.Series, y_given: Int[ndarray, " n"]) -> bool:
    import pandas as pd

    codes = pd.factorize(column)[0]
    pairs = {(int(a), int(b)) for a, b in zip(codes, y_given, strict=True)}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def listed(columns: Sequence[Column], most: int = 8) -> str:
    """Columns with their kinds, for a sentence."""
    named = [f"{column.name[:40]} ({column.kind})" for column in columns[:most]]
    return ", ".join(named) + (f" and {len(columns) - most} more" if len(columns) > most else "")
