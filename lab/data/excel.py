"""Excel files by openpyxl: values only. No formula is computed, no macro run, no link followed."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from lab.core.checks import check_choice, require
from lab.data import zips
from lab.data.zips import check_zip
from lab.specs.uploads import UploadLimits

MAX_SHEET_MB = 80  # unpacked XML of one sheet or of all texts: about a million cells
MAX_COLUMNS = 16_384  # what Excel has
ERRORS = (*zips.ERRORS, KeyError, ValueError, TypeError, IndexError, AttributeError, ParseError)


@contextmanager
def opened(path: Path, limits: UploadLimits, **options: Any) -> Iterator[Any]:
    """The workbook, with the last computed values of formulas, and no links to other files.

    Raises: ValueError in one sentence if it is damaged or unpacks to too much.
    """
    import openpyxl

    check_zip(path, limits)
    _check_parts(path)
    book = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of drawings and styles that it leaves out
            book = openpyxl.load_workbook(path, data_only=True, keep_links=False, **options)
            yield book
    except ERRORS as error:
        if isinstance(error, ValueError) and " must be " in str(error):
            raise
        raise ValueError(f"{path.name} must be a readable Excel file, got: {_first_line(error)}") from error
    finally:
        if book is not None:
            book.close()


def read_sheet(path: Path, sheet: str | None, limits: UploadLimits) -> tuple[list[str], list[list[Any]], list[str]]:
    """Names, rows of values, and notes. Rows without any value are left out.

    Raises: ValueError if there is no such sheet, no row, or more columns or cells than allowed.
    """
    with opened(path, limits, read_only=True) as book:
        if sheet is not None:
            check_choice("sheet", sheet, tuple(book.sheetnames))
        chosen = [sheet] if sheet is not None else [name for name in book.sheetnames if has_rows(book[name])]
        require(len(chosen) > 0, path.name, "a file with rows", "empty sheets")
        rows = [row for _, row in rows_of(book[chosen[0]], limits.cells)]
        others = [name for name in book.sheetnames if name != chosen[0]]
    require(len(rows) > 0, path.name, "a file with rows", "an empty sheet")
    notes = [f"Sheet {chosen[0]!r} was read; the file has {len(others)} more."] if others else []
    return ["" if name is None else as_text(name) for name in rows[0]], rows[1:], notes


def rows_of(sheet: Any, max_cells: int) -> Iterator[tuple[int, list[Any]]]:
    """Number in the sheet and values of every row that has any; the first holds the names of the columns.

    Raises: ValueError for too many cells.
    """
    if hasattr(sheet, "reset_dimensions"):
        sheet.reset_dimensions()  # a file may claim a million rows
    width = cells = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells += len(row)
        require(cells <= max_cells, "sheet", f"of at most {max_cells:,} cells", "more")
        values = list(row)
        while values and values[-1] is None:
            values.pop()
        if not values:
            continue
        width = max(width, len(values))
        yield number, values


def has_rows(sheet: Any) -> bool:
    return hasattr(sheet, "iter_rows") and next(rows_of(sheet, 10_000_000), None) is not None


def as_text(value: Any) -> str:
    """A cell as a label: whole numbers without a point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _check_parts(path: Path) -> None:
    """No part may be too large to hold, and an .xls renamed is told apart from a damaged file."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    require(any(p.filename == "xl/workbook.xml" for p in parts), path.name, "a readable Excel file", "another ZIP")
    largest = max(part.file_size for part in parts)
    rule = f"an Excel file whose sheets unpack to at most {MAX_SHEET_MB} MB (save it as CSV)"
    require(largest <= MAX_SHEET_MB * 10**6, path.name, rule, f"{largest / 10**6:,.0f} MB")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
