"""What is read of a file of one's own: labels, what they belong to, and what was done to get there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jaxtyping import Float32, Int, UInt8
from numpy import ndarray

from lab.data.images import ImageFiles

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """One column of a table, or one array.

    Attributes:
        name: as the file has it; a number in brackets tells columns of one name apart.
        role: "label", "feature", "probability" or "left out".
        kind: number, category, text, date, vector, image, label, probability; or why it is of no use: identifier,
            constant, empty, nested, "same as the label".
        missing: rows without a value. distinct: different values among the others. why: of role and kind, in words.
    """

    name: str
    role: str
    kind: str
    missing: int
    distinct: int
    why: str


@dataclass(frozen=True, eq=False)
class UploadedData:
    """The rows of a file that carry a label; see `lab.data.uploads.read_upload`.

    Attributes:
        kind: one of `lab.specs.uploads.KINDS`.
        n_rows: rows of the file, with those that have no label.
        rows: for each labelled row its place among the rows of the file, ascending. Everything below has their order.
        y_given: class indices. classes: their names.
        label: the column they come from. label_reason: why that one.
        columns: all of the file's.
        features: numbers made of the columns; None where there are only pictures or probabilities.
        pred_probs: predicted probabilities, in the order of `classes`.
        images: decoded pictures, small and square, for computing. pictures: the same larger, read when asked for.
        names: what the file calls its rows: of a picture its place in the ZIP; empty for a table.
        table: all rows of the file, as read; None where it has no table.
        notes: what was done, one sentence each.
    """

    kind: str
    n_rows: int
    rows: Int[ndarray, " n"]
    y_given: Int[ndarray, " n"]
    classes: tuple[str, ...]
    label: str
    label_reason: str
    columns: tuple[Column, ...] = ()
    features: Float32[ndarray, "n d"] | None = None
    feature_names: tuple[str, ...] = ()
    pred_probs: Float32[ndarray, "n c"] | None = None
    images: UInt8[ndarray, "n h w ch"] | None = None
    pictures: ImageFiles | UInt8[ndarray, "n h2 w2 ch"] | None = None
    names: tuple[str, ...] = ()
    table: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)
