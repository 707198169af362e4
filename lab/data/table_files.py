"""A table from any file that holds one, as it is: typed columns of different names, labels as their exact text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.core.checks import require
from lab.data import excel
from lab.data.text_tables import CALLED, NO_NUMBERS, SEPARATORS, TextForm, form_of, read_text_table, shape_of
from lab.specs.uploads import UploadLimits

if TYPE_CHECKING:
    import pandas as pd

LONGEST_SHOWN = 200  # letters of a column's name
TABLES = (*SEPARATORS, ".parquet", ".xlsx")


@dataclass(frozen=True, eq=False)
class TableFile:
    """A table as read.

    Attributes:
        frame: typed columns. header: their names as the file has them, which may repeat.
        texts: a column's name -> the text of each cell, "" where there is none.
        notes: what was done, one sentence each. form: how a text table is written.
    """

    frame: pd.DataFrame
    header: tuple[str, ...]
    texts: Callable[[str], list[str]]
    notes: tuple[str, ...] = ()
    form: TextForm | None = None


def open_table(path: Path, limits: UploadLimits, *, sheet: str | None = None) -> TableFile:
    """Read a table.

    Raises: ValueError in one sentence if it is empty, damaged, or larger than the limits.
    """
    size = path.stat().st_size
    require(size > 0, path.name, "a file with rows", "0 bytes")
    require(size <= limits.file_mb * 10**6, path.name, f"at most {limits.file_mb:,} MB", f"{size / 10**6:,.0f} MB")
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        table = _parquet(path, limits)
    elif suffix == ".xlsx":
        table = _excel(path, sheet, limits)
    else:
        table = _text(path, limits)
    require(len(table.frame) > 0, path.name, "a file with rows", "column names only")
    return table


def _text(path: Path, limits: UploadLimits) -> TableFile:
    form = form_of(path)
    shape = shape_of(path, form, max_cells=limits.cells)
    notes = _notes_on_form(form, path.suffix.lower())
    if shape.short:
        notes.append(f"{_lines(shape.short)} fewer fields than the first; what is missing there counts as empty.")
    if all(_is_number(name) for name in shape.header):
        notes.append("The first line was taken as the names of the columns, although it holds numbers only.")
    names, renamed = different(shape.header)
    require(shape.n_rows > 0, path.name, "a file with rows", "column names only")
    frame = read_text_table(path, form, len(names), na_values=list(NO_NUMBERS))
    agree = len(frame) == shape.n_rows
    require(agree, path.name, f"a table of {shape.n_rows:,} lines of as many fields", f"{len(frame):,} (stray quotes?)")

    def texts(column: str) -> list[str]:
        at = names.index(column)
        exact = read_text_table(path, form, len(names), usecols=[at], dtype=str, na_filter=False)[at]
        return [text.strip() if isinstance(text, str) else "" for text in exact]

    return TableFile(frame.set_axis(names, axis=1), tuple(shape.header), texts, (*notes, *renamed), form)


def _notes_on_form(form: TextForm, suffix: str) -> list[str]:
    notes = []
    if form.encoding != "utf-8":
        notes.append(f"The text was read as {CALLED[form.encoding]}.")
    if form.separator != SEPARATORS.get(suffix, ","):
        called = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}[form.separator]
        comma = ", and numbers with a decimal comma" if form.decimal == "," else ""
        notes.append(f"Fields were parted at {called}{comma}.")
    return notes


def _lines(n: int) -> str:
    return "1 line has" if n == 1 else f"{n:,} lines have"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def different(header: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names that tell all columns apart, and a note on each that had to change."""
    given = [name.strip()[:LONGEST_SHOWN] for name in header]
    taken, used = set(given), set()
    latest: dict[str, int] = {}
    names: list[str] = []
    notes: list[str] = []
    for at, wanted in enumerate(given, start=1):
        base = name = wanted or f"column {at}"
        while name in used or (name != wanted and name in taken):
            latest[base] = latest.get(base, 1) + 1
            name = f"{base} ({latest[base]})"
        if wanted and name != wanted and len(notes) < 5:
            notes.append(f"Column {wanted[:60]!r} comes more than once; number {at} is called {name[:70]!r} here.")
        used.add(name)
        names.append(name)
    return names, notes


def _excel(path: Path, sheet: str | None, limits: UploadLimits) -> TableFile:
    import pandas as pd

    header, rows, notes = excel.read_sheet(path, sheet, limits)
    width = max([len(header), *map(len, rows)])
    names, renamed = different([*header, *[""] * (width - len(header))])
    padded = [[*row, *[None] * (width - len(row))] for row in rows]
    columns = list(zip(*padded, strict=True)) if padded else [()] * width
    frame = pd.DataFrame({name: _typed(values) for name, values in zip(names, columns, strict=True)})

    def texts(column: str) -> list[str]:
        values = columns[names.index(column)]
        return ["" if value is None else excel.as_text(value).strip() for value in values]

    return TableFile(frame, tuple(header), texts, (*notes, *renamed))


def _typed(values: Sequence[Any]) -> Any:
    """A column of cells: numbers, dates or booleans where all are, else their texts."""
    import pandas as pd

    met = {type(value) for value in values if value is not None}
    if not met or met <= {int, float} or met == {bool}:
        return pd.Series(values, dtype=object if met == {bool} else None).infer_objects()
    if all(issubclass(kind, np.datetime64) or kind.__name__ in ("datetime", "date") for kind in met):
        return pd.to_datetime(pd.Series(values), errors="coerce")
    return pd.Series([None if value is None else excel.as_text(value) for value in values], dtype="str")


def _parquet(path: Path, limits: UploadLimits) -> TableFile:
    import pyarrow

    try:
        arrow = read_arrow(path, limits)
        frame = arrow.to_pandas(ignore_metadata=True)
    except (pyarrow.ArrowException, OSError, KeyError, NotImplementedError, ValueError) as error:
        if isinstance(error, ValueError) and " must be " in str(error):
            raise
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path.name} must be a readable Parquet file, got: {reason}") from error
    names, renamed = different([str(name) for name in arrow.column_names])
    frame = frame.set_axis(names, axis=1)

    def texts(column: str) -> list[str]:
        return ["" if value is None else as_label(value) for value in arrow.column(names.index(column)).to_pylist()]

    return TableFile(frame, tuple(map(str, arrow.column_names)), texts, tuple(renamed))


def as_label(value: Any) -> str:
    """A value as the text of a label: bytes decoded, whole numbers without a point."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if isinstance(value, float) and value != value:
        return ""
    return excel.as_text(value).strip()


def read_arrow(path: Path, limits: UploadLimits) -> Any:
    """The Parquet table. Texts stay a dictionary and its numbers, however often they repeat.

    Raises: ValueError if it has too many cells or unpacks to too much; ArrowException if it is damaged.
    """
    import pyarrow
    import pyarrow.parquet

    about = pyarrow.parquet.read_metadata(path)
    groups = [about.row_group(i) for i in range(about.num_row_groups)]
    chunks = [group.column(j) for group in groups for j in range(group.num_columns)]
    cells = max(about.num_rows * about.num_columns, sum(chunk.num_values for chunk in chunks))
    require(cells <= limits.cells, path.name, f"a table of at most {limits.cells:,} cells", f"{cells:,}")
    unpacked = sum(group.total_byte_size for group in groups)
    rule = f"a table that unpacks to at most {limits.unpacked_mb:,} MB"
    require(unpacked <= limits.unpacked_mb * 10**6, path.name, rule, f"{unpacked / 10**6:,.0f} MB")
    schema = pyarrow.parquet.read_schema(path)
    kinds = pyarrow.types
    texts = [
        f.name for f in schema if kinds.is_string(f.type) or kinds.is_binary(f.type) or kinds.is_large_string(f.type)
    ]
    return pyarrow.parquet.read_table(path, read_dictionary=texts, use_threads=False, memory_map=False)
