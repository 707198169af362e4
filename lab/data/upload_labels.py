"""Which column holds the labels, and class indices out of their texts. No label is lost: a row has one or has none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from lab.core.checks import require
from lab.data.dataset import MAX_CLASSES
from lab.data.labels import encode_labels

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("given_label", "noisy_label", "label", "labels", "y", "y_given", "class", "target", "category")
NAMES_TOO = ("species", "diagnosis", "sentiment", "outcome", "classes", "targets", "y_train", "label_id", "tag")
PARTS = ("label", "class", "target")
INTEGER = re.compile(r"-?(0|[1-9]\d{0,14})")
WHOLE = re.compile(r"([+-]?\d+)\.0*")
LOOKS_MISSING = ("na", "n/a", "none", "null", "?", "<na>", "unknown", "-")
LONGEST_LABEL = 200  # letters


@dataclass(frozen=True)
class Labels:
    """Labelled rows, their class indices, class names, and what was noticed."""

    rows: Int[ndarray, " n"]
    y: Int[ndarray, " n"]
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def is_missing(text: str) -> bool:
    """Whether a cell names no class: empty, or what numbers write where there is none."""
    return not text or text.lower() == "nan"


def labels_of(texts: Sequence[str], name: str) -> Labels:
    """Labels from the texts of a column; rows without one are left out.

    Raises: ValueError for no label, one class, too many classes, or a label of more than 200 letters.
    """
    rows = np.array([i for i, text in enumerate(texts) if not is_missing(text)], dtype=np.int64)
    require(len(rows) > 0, name, "a label in at least two rows", "none in any row")
    met = [texts[i] for i in rows]
    longest = max(met, key=len)
    require(len(longest) <= LONGEST_LABEL, name, f"of at most {LONGEST_LABEL} letters", longest[:60] + "...")
    if all(WHOLE.fullmatch(text) or INTEGER.fullmatch(text) for text in set(met)):
        met = [WHOLE.sub(r"\1", text) for text in met]
    values = np.array(met)
    if all(INTEGER.fullmatch(text) for text in set(met)) and "-0" not in met:
        values = values.astype(np.int64)
    (y,), classes = encode_labels(values, name=name)
    notes = []
    if len(rows) < len(texts):
        notes.append(f"{len(texts) - len(rows):,} of {len(texts):,} rows have no label and are left out.")
    return Labels(rows, y, classes, (*notes, *_notes_on(classes)))


def _notes_on(classes: tuple[str, ...]) -> list[str]:
    notes = [f"The label {name!r} is taken as a class of its own." for name in classes if name.lower() in LOOKS_MISSING]
    seen: dict[str, str] = {}
    for name in classes:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            notes.append(f"The labels {other[:40]!r} and {name[:40]!r} are taken as two classes.")
    return notes[:5]


def guess_label(frame: pd.DataFrame) -> tuple[str, str]:
    """The column that probably holds the labels, and why.

    Raises: ValueError if none could.
    """
    lowered: Mapping[str, str] = {str(name).strip().lower(): name for name in reversed(frame.columns)}
    for wanted in (*NAMES, *NAMES_TOO):
        if wanted in lowered:
            return lowered[wanted], "its name says so"
    named = [name for name in frame.columns if any(part in str(name).lower() for part in PARTS)]
    for name in named:
        if could_be_label(frame[name]):
            return name, "its name says so"
    few = [name for name in reversed(frame.columns) if could_be_label(frame[name])]
    words = [name for name in few if not _is_numeric(frame[name])]
    for name in (*words[:1], *few[:1]):
        kind = "texts" if name in words else "whole numbers"
        return name, f"it has few different values and they are {kind}"
    listed = ", ".join(repr(str(name)) for name in frame.columns[:8])
    raise ValueError(f"label must be a column with at least two values that repeat, got none among {listed}")


def could_be_label(column: pd.Series) -> bool:
    """Whether a column has at least two classes, each of two rows on average, and nothing between whole numbers."""
    present = column.dropna()
    if len(present) == 0 or isinstance(present.iloc[0], (list, dict, np.ndarray)):
        return False
    if present.dtype.kind in "mM" or str(present.dtype).startswith("datetime"):
        return False
    if _is_numeric(column) and present.dtype.kind == "f" and not bool((present == present.round()).all()):
        return False
    n_distinct = present.nunique()
    return 2 <= n_distinct <= min(MAX_CLASSES, max(len(present) // 2, 2))


def _is_numeric(column: pd.Series) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(column)) and column.dtype != bool
