"""A table of one's own: labels, features of all columns that are of use, and predicted probabilities where it has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from lab.core.checks import require
from lab.data.encode import encode
from lab.data.table_files import TableFile, open_table
from lab.data.upload_columns import describe, listed, numbers_of
from lab.data.upload_labels import Labels, guess_label, labels_of
from lab.data.uploaded import Column, UploadedData
from lab.specs.uploads import Upload, UploadLimits

if TYPE_CHECKING:
    import pandas as pd

PROBABILITY = re.compile(
    r"(pred[_ ]?)?(probabilit(y|ies)|probs?|proba|p|softmax|score|conf(idence)?)[_ :.\-\[(]+|[_ ](p|prob|probs|proba|probability|score)$|[\])]$",
    re.I,
)
ROUNDING = 0.02  # by which printed probabilities may miss a sum of 1


@dataclass(frozen=True, eq=False)
class Chosen:
    """The label column of a table, and the labelled rows."""

    name: str
    reason: str
    labels: Labels
    frame: pd.DataFrame


def read_table_upload(path: Path, upload: Upload, limits: UploadLimits) -> UploadedData:
    """Read a table. Raises: ValueError in one sentence; see `lab.data.uploads.read_upload`."""
    file = open_table(path, limits, sheet=upload.sheet)
    chosen = choose_label(file, upload.label)
    columns = describe_columns(file.frame, chosen, upload.features)
    pred_probs: Float32[ndarray, "n c"] | None = None
    notes: list[str] = []
    if upload.features is None:
        pred_probs, columns, notes = find_probabilities(chosen, columns)
    used = [column for column in columns if column.role == "feature"]
    require(bool(used) or pred_probs is not None, "features", "at least one column of use", listed(columns) or "none")
    data = UploadedData(
        kind="table" if used else "probabilities",
        n_rows=len(file.frame),
        rows=chosen.labels.rows,
        y_given=chosen.labels.y,
        classes=chosen.labels.classes,
        label=chosen.name,
        label_reason=chosen.reason,
        columns=_in_order(file, chosen, columns),
        pred_probs=pred_probs,
        table=file.frame,
        notes=(*file.notes, *chosen.labels.notes, *notes),
    )
    if not used:
        return data
    encoded = encode(chosen.frame, used, max_values=limits.cells)
    require(bool(encoded.blocks), "features", "at least one column of use", listed(columns))
    features = encoded.features()
    return replace(data, features=features, feature_names=tuple(encoded.names), notes=(*data.notes, *encoded.notes))


def choose_label(file: TableFile, label: str | None) -> Chosen:
    """The label column, asked for or guessed. Raises: ValueError if there is none, or its labels are of no use."""
    name, reason = (label, "you chose it") if label is not None else guess_label(file.frame)
    names = list(file.frame.columns)
    rule = (
        "one of the columns " + ", ".join(repr(str(n)[:40]) for n in names[:12]) + (" ..." if len(names) > 12 else "")
    )
    require(name in names, "label", rule, name)
    labels = labels_of(file.texts(name), f"column {name[:60]!r}")
    return Chosen(name, reason, labels, file.frame.iloc[labels.rows])


def describe_columns(frame: pd.DataFrame, chosen: Chosen, features: Sequence[str] | None) -> list[Column]:
    """All columns but the label; those that were not asked for are left out.

    Raises: ValueError if one that was asked for is not there or of no use.
    """
    for name in features or ():
        rule = "among the columns " + ", ".join(repr(str(n)[:40]) for n in frame.columns[:12])
        require(name in frame.columns, "features", rule, name)
    y, n_classes = chosen.labels.y, len(chosen.labels.classes)
    found = [describe(str(name), chosen.frame[name], y, n_classes) for name in frame.columns if name != chosen.name]
    if features is None:
        return found
    return [_as_asked(column, column.name in features) for column in found]


def _as_asked(column: Column, wanted: bool) -> Column:
    if not wanted:
        return replace(column, role="left out", why="you left it out")
    if column.kind in ("identifier", "same as the label"):  # of doubtful use, and asked for all the same
        return replace(column, role="feature", kind="category", why="you chose it")
    require(column.role == "feature", f"column {column.name[:60]!r}", "of use as a feature", column.why)
    return column


def find_probabilities(
    chosen: Chosen, columns: list[Column]
) -> tuple[Float32[ndarray, "n c"] | None, list[Column], list[str]]:
    """Predicted probabilities among the columns: one for each class, named after it, in rows that sum to 1."""
    numbers = [column for column in columns if column.kind == "number"]
    classes = [name.casefold() for name in chosen.labels.classes]
    by_class = {_bare(column.name): column for column in numbers}
    matched = [by_class[name] for name in classes if name in by_class]
    if len(matched) < len(classes):
        named = [column for column in numbers if PROBABILITY.search(column.name)]
        matched = named if len(named) == len(classes) and not set(by_class) & set(classes) else []
    if not matched:
        return None, columns, []
    values = np.column_stack([numbers_of(chosen.frame[column.name]) for column in matched])
    sums = values.sum(axis=1)
    bad = ~((values >= 0).all(axis=1) & (np.abs(sums - 1) <= ROUNDING))
    if bad.any():
        row = int(chosen.labels.rows[np.flatnonzero(bad)[0]])
        note = f"Columns {matched[0].name[:40]!r} and others look like probabilities, but do not sum to 1 in row {row}."
        return None, columns, [note]
    names = {column.name for column in matched}
    marked = [
        replace(column, role="probability", kind="probability", why="predicted probability of a class")
        if column.name in names
        else column
        for column in columns
    ]
    notes = [f"Predicted probabilities were read from {len(matched)} columns, {matched[0].name[:40]!r} the first."]
    return (values / sums[:, None]).astype(np.float32), marked, notes


def _bare(name: str) -> str:
    """`prob_cat`, `p(cat)` and `cat` are the class cat."""
    return PROBABILITY.sub("", PROBABILITY.sub("", name.strip())).strip().casefold()


def _in_order(file: TableFile, chosen: Chosen, columns: Sequence[Column]) -> tuple[Column, ...]:
    missing = len(file.frame) - len(chosen.labels.rows)
    label = Column(chosen.name, "label", "label", missing, len(chosen.labels.classes), chosen.reason)
    by_name = {column.name: column for column in (*columns, label)}
    return tuple(by_name[str(name)] for name in file.frame.columns)


def texts_of(table: pd.DataFrame, rows: Any) -> list[list[str]]:
    """Rows of a table as texts, for people."""
    import pandas as pd

    cells = table.iloc[rows].astype(object)
    return [[_text_of(cell) if not _is_gap(pd, cell) else "" for cell in row] for row in cells.itertuples(index=False)]


def _is_gap(pd: Any, cell: Any) -> bool:
    return cell is None or (np.ndim(cell) == 0 and bool(pd.isna(cell)))


def _text_of(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return str(cell)[:500]
