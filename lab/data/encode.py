"""Columns of a table to numbers that a distance can be taken of, by scikit-learn's encoders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Float32, Float64, Num
from numpy import ndarray

from lab.core.checks import require
from lab.data.upload_columns import MOST_CATEGORIES, numbers_of, vectors_of
from lab.data.uploaded import Column

if TYPE_CHECKING:
    import pandas as pd

MOST_WORDS, TEXT_FEATURES, LONGEST_TEXT = 20_000, 50, 2000
FAR = 20.0  # ranges between quartiles
SAME_SCALE = 10.0  # largest deviation over the middle one
FEW = 8  # numbers that could share a scale
MOST_AS_IT_IS = 1e6
VALUES_AT_ONCE = 4_000_000


class Encoded:
    """Features under way: blocks side by side, their names, and what was done."""

    def __init__(self) -> None:
        self.blocks: list[Float[ndarray, "n _d"]] = []
        self.names: list[str] = []
        self.notes: list[str] = []

    def add(self, block: Any, names: Sequence[str]) -> None:
        """One more block."""
        self.blocks.append(np.asarray(block))
        self.names.extend(names)

    def features(self) -> Float32[ndarray, "n d"]:
        """All of them."""
        return np.concatenate(self.blocks, axis=1).astype(np.float32)


def encode(frame: pd.DataFrame, columns: Sequence[Column], *, max_values: int) -> Encoded:
    """Columns as features, in their order by kind: numbers, dates, vectors, categories, texts.

    Numbers have deviation 1 (unless they share a scale), a category's values are 0 or 1, a text's features have length
    1: so that every column weighs about the same in a distance.

    Args:
        frame: the labelled rows. columns: those to use, each a feature. max_values: rows times features at most.
    Raises: ValueError if there would be too many features.
    """
    by_kind = {kind: [c.name for c in columns if c.kind == kind] for kind in ("number", "date", "vector")}
    encoded = Encoded()
    alone = len(by_kind["number"]) == len(columns)
    if by_kind["number"]:
        _check_size(len(frame), len(by_kind["number"]), max_values)
        numbers = np.column_stack([numbers_of(frame[name]) for name in by_kind["number"]])
        scaled, notes = tidy(numbers, may_share_scale=alone)
        encoded.add(scaled, by_kind["number"])
        encoded.notes += notes
    for name in by_kind["date"]:
        encoded.add(tidy(_days(frame[name])[:, None], may_share_scale=False)[0], [name])
    for name in by_kind["vector"]:
        vectors = vectors_of(frame[name])
        require(vectors is not None, f"column {name!r}", "a list of as many numbers in every row", "other lists")
        _add_vectors(encoded, name, vectors, max_values)
    for column in columns:
        if column.kind == "category":
            _add_category(encoded, column.name, frame[column.name], max_values)
        elif column.kind == "text":
            _add_text(encoded, column.name, frame[column.name])
    return encoded


def tidy(x: Num[ndarray, "n d"], *, may_share_scale: bool = True) -> tuple[Float32[ndarray, "n d"], list[str]]:
    """Numbers without gaps on one scale, and what was done in sentences.

    Infinite numbers count as missing. A missing one becomes the column's median. One that is further from the quartiles
    than 20 times the range between them is brought there, so that a single slip can not flatten all others.

    Args:
        may_share_scale: leave numbers as they are where none varies ten times as much as the middle one (pixels).
    """
    out = np.empty(x.shape, dtype=np.float32)
    width = max(1, VALUES_AT_ONCE // max(len(x), 1))
    blocks = [slice(i, i + width) for i in range(0, x.shape[1], width)]
    done = Done()
    for block in blocks:
        filled = done.fill(x[:, block])
        largest = np.abs(filled).max(axis=0)
        unit = filled / np.where(largest > 0, largest, 1)  # the deviation of 1e300 is no float
        deviation = unit.std(axis=0)
        out[:, block] = (unit - unit.mean(axis=0)) / np.where(deviation > 1e-12, deviation, 1)
        done.deviation.append(deviation * largest)
        done.largest = max(done.largest, float(largest.max(initial=0)))
    if not (may_share_scale and done.share_scale()):
        return out, [*done.notes(), "Numbers were brought to mean 0 and standard deviation 1."]
    for block in blocks:
        out[:, block] = Done().fill(x[:, block])
    return out, [*done.notes(), "The numbers share a scale and were used as they are."]


class Done:
    """What was done to numbers, block by block."""

    def __init__(self) -> None:
        self.gaps = self.columns_with_gaps = self.far = self.columns_with_far = 0
        self.deviation: list[Float64[ndarray, " _d"]] = []
        self.largest = 0.0

    def fill(self, x: Num[ndarray, "n d"]) -> Float64[ndarray, "n d"]:
        """Without gaps, and with far ones brought closer."""
        x = np.array(x, dtype=np.float64)
        gaps = ~np.isfinite(x)
        if gaps.any():
            x[gaps] = np.nan
            x[:, gaps.all(axis=0)] = 0
            x = np.where(np.isnan(x), np.nanmedian(x, axis=0), x)
        low, high = np.quantile(x, [0.25, 0.75], axis=0)
        with np.errstate(over="ignore"):
            reach = FAR * (high - low)
            reach[reach == 0] = np.inf
            closer = np.clip(x, low - reach, high + reach)
        far = closer != x
        self.gaps += int(gaps.sum())
        self.columns_with_gaps += int(gaps.any(axis=0).sum())
        self.far += int(far.sum())
        self.columns_with_far += int(far.any(axis=0).sum())
        return closer

    def share_scale(self) -> bool:
        """Whether no column varies ten times as much as the middle one."""
        varied = np.concatenate(self.deviation)
        varied = varied[varied > 0]
        if len(varied) < FEW or self.largest > MOST_AS_IT_IS:
            return False
        return bool(varied.max() <= SAME_SCALE * np.median(varied))

    def notes(self) -> list[str]:
        """In sentences."""
        notes = []
        if self.gaps:
            where = _columns(self.columns_with_gaps)
            notes.append(f"{self.gaps:,} missing or infinite numbers in {where} were set to the column's median.")
        if self.far:
            where = _columns(self.columns_with_far)
            notes.append(f"{self.far:,} numbers far beyond all others in {where} were brought closer.")
        return notes


def _columns(n: int) -> str:
    return "one column" if n == 1 else f"{n:,} columns"


def _check_size(rows: int, features: int, max_values: int) -> None:
    require(rows * features <= max_values, "features", f"at most {max_values:,} numbers", f"{rows:,} x {features:,}")


def _days(column: pd.Series) -> Float64[ndarray, " n"]:
    import pandas as pd

    moments = pd.to_datetime(column, errors="coerce", format=None if column.dtype.kind == "M" else "mixed", utc=True)
    seconds = (moments - pd.Timestamp("1970-01-01", tz="UTC")).dt.total_seconds()
    return seconds.to_numpy(dtype=np.float64, na_value=np.nan) / 86_400


def _add_vectors(encoded: Encoded, name: str, vectors: Any, max_values: int) -> None:
    _check_size(len(vectors), vectors.shape[1], max_values)
    scaled, notes = tidy(vectors)
    encoded.add(scaled, [f"{name} {i + 1}" for i in range(scaled.shape[1])])
    encoded.notes += [note for note in notes if note not in encoded.notes]


def _add_category(encoded: Encoded, name: str, column: pd.Series, max_values: int) -> None:
    from sklearn.preprocessing import OneHotEncoder

    cells = column.astype(object).where(column.notna(), "(none)").astype(str).to_numpy(dtype=object)
    encoder = OneHotEncoder(max_categories=MOST_CATEGORIES, sparse_output=False, dtype=np.float32)
    _check_size(len(cells), len(encoded.names) + MOST_CATEGORIES, max_values)
    block = encoder.fit_transform(cells[:, None])
    met = [str(out).removeprefix("x0_") for out in encoder.get_feature_names_out()]
    encoded.add(block, [f"{name}={'others' if value == 'infrequent_sklearn' else value}" for value in met])


def _add_text(encoded: Encoded, name: str, column: pd.Series) -> None:
    """Words weighed by how rare they are, then 50 directions of them. Source: Deerwester et al. 1990 (LSA)."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    cells = [str(cell)[:LONGEST_TEXT] if isinstance(cell, str) else "" for cell in column.astype(object)]
    try:
        words = TfidfVectorizer(max_features=MOST_WORDS, sublinear_tf=True, dtype=np.float32).fit_transform(cells)
    except ValueError:  # no word in any row
        encoded.notes.append(f"Column {name[:60]!r} has no words and was left out.")
        return
    n_features = min(TEXT_FEATURES, words.shape[1] - 1, words.shape[0] - 1)
    if n_features < 1:
        encoded.add(words.toarray(), [f"{name} 1"])
        return
    block = normalize(TruncatedSVD(n_features, random_state=0).fit_transform(words))
    encoded.add(block, [f"{name} {i + 1}" for i in range(n_features)])
    encoded.notes.append(f"The texts of {name[:60]!r} became {n_features} numbers made of their words (TF-IDF, SVD).")
