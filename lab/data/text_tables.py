"""CSV and its relatives: how the text is coded and parted, its records with their raw text, and the table in it."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from lab.core.checks import require

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
OTHER_SEPARATORS = (";", "\t", "|", ",")
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
CALLED = {"cp1252": "Windows-1252", "latin-1": "Latin-1", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
MAX_COLUMNS = 20_000
CHUNK = 1 << 20
LINES_LOOKED_AT = 30
NO_NUMBERS = ("", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "#N/A", "null", "NULL", "None", "none", "<NA>", "?", "-")
CELL_LIMIT = 2**24  # characters of one cell; csv's own limit is smaller than some texts


@dataclass(frozen=True)
class TextForm:
    """How a table is written. `mark`: it starts with a byte order mark."""

    separator: str = ","
    encoding: str = "utf-8"
    mark: bool = False
    decimal: str = "."

    def open(self, path: Path) -> IO[str]:
        """The text behind the mark, with its own line ends."""
        file = path.open(encoding=self.encoding, newline="")
        if self.mark:
            file.read(1)
        return file


def form_of(path: Path) -> TextForm:
    """Find out how a table is written.

    Raises: ValueError if it is no text.
    """
    encoding, mark = _encoding_of(path)
    form = TextForm(SEPARATORS.get(path.suffix.lower(), ","), encoding, mark)
    with form.open(path) as file:
        head = [line for line in (file.readline(CHUNK) for _ in range(LINES_LOOKED_AT)) if line.strip()]
    if not head or form.separator in head[0]:
        return form
    separator = max(OTHER_SEPARATORS, key=lambda mark: head[0].count(mark))
    if separator not in head[0]:
        return form
    return TextForm(separator, encoding, mark, _decimal_of(head[1:], separator))


def _decimal_of(lines: list[str], separator: str) -> str:
    cells = [cell.strip() for line in lines for cell in line.split(separator)]
    commas = sum(cell.replace(",", "", 1).lstrip("+-").isdecimal() for cell in cells if "," in cell)
    points = sum(cell.replace(".", "", 1).lstrip("+-").isdecimal() for cell in cells if "." in cell)
    return "," if commas > points else "."


def _encoding_of(path: Path) -> tuple[str, bool]:
    """Encoding, and whether there is a byte order mark."""
    with path.open("rb") as file:
        head = file.read(CHUNK)
    for mark, encoding in MARKS:
        if head.startswith(mark):
            try:
                _check_text(path, encoding)
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path.name} must be a text table, got no whole {encoding} text ({error.reason})"
                ) from error
            return encoding, True
    if b"\0" in head:
        for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
            if len(zeros) > 3 and zeros.count(0) > len(zeros) * 0.6 and _decodes(path, encoding):
                return encoding, False
    for encoding in ("utf-8", "cp1252"):
        if _decodes(path, encoding):
            return encoding, False
    return "latin-1", False


def _decodes(path: Path, encoding: str) -> bool:
    try:
        _check_text(path, encoding)
    except UnicodeDecodeError:
        return False
    return True


def _check_text(path: Path, encoding: str) -> None:
    """Decode the whole file once. Raises: UnicodeDecodeError; ValueError where it holds what no text does."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            require("\0" not in decoder.decode(data), path.name, "a text table", "a binary file (zero bytes in it)")
    decoder.decode(b"", final=True)


def records(file: IO[str], form: TextForm) -> Iterator[tuple[str, list[str]]]:
    """Every record: its raw text, line end and all, and its fields; those of an empty line are [].

    Joined, the raw texts are the file again.

    Raises: csv.Error for a field of more than 16 million characters.
    """
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in file:
            taken.append(line)
            yield line

    csv.field_size_limit(CELL_LIMIT)
    for fields in csv.reader(lines(), delimiter=form.separator, skipinitialspace=True):
        raw = "".join(taken)
        taken.clear()
        yield raw, [] if is_blank(raw, form) else fields


def is_blank(raw: str, form: TextForm) -> bool:
    """Whether a line holds nothing, as pandas sees it."""
    return not raw.strip(" \r\n" if form.separator == "\t" else " \t\r\n")


@dataclass(frozen=True)
class Shape:
    """Names of the columns, records below them, and how many of those are too short."""

    header: list[str]
    n_rows: int
    short: int


def shape_of(path: Path, form: TextForm, *, max_cells: int) -> Shape:
    """Walk through a table once, so that every line is known to fit.

    Raises: ValueError naming the line that has too many fields, or if there are too many cells.
    """
    header: list[str] | None = None
    n_rows = short = line = 0
    with form.open(path) as file:
        first = file.readline()
        rule = f"at most {MAX_COLUMNS:,}"
        require(first.count(form.separator) < MAX_COLUMNS, "columns", rule, first.count(form.separator) + 1)
    many = f"a table of at most {max_cells:,} cells"
    require(_marks(path, form) <= max_cells, path.name, many, "more")
    try:
        with form.open(path) as file:
            for raw, fields in records(file, form):
                line += raw.count("\n") or 1
                if not fields:
                    continue
                if header is None:
                    header = fields
                    continue
                n_rows += 1
                if len(fields) != len(header):
                    if len(fields) > len(header):
                        _too_many(path, len(header), line, len(fields))
                    short += 1
                if n_rows * len(header) > max_cells:
                    require(False, path.name, many, "more")
    except csv.Error as error:
        raise ValueError(f"{path.name} must be a table with as many fields in every line, got: {error}") from error
    require(header is not None, path.name, "a table with column names in its first line", "No columns")
    return Shape(header or [], n_rows, short)


def _marks(path: Path, form: TextForm) -> int:
    """Separators and line ends: as good as the number of cells, and soon counted."""
    marks = 0
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            marks += data.count(form.separator.encode()) + data.count(b"\n")
    return marks


def _too_many(path: Path, expected: int, line: int, got: int) -> None:
    raise ValueError(
        f"{path.name} must be a table with as many fields in every line, got: Expected {expected} fields "
        f"in line {line}, saw {got}"
    )


def read_text_table(path: Path, form: TextForm, n_columns: int, **options: Any) -> pd.DataFrame:
    """The table by pandas, its columns called 0, 1, ...

    Args:
        options: of `pandas.read_csv`.
    Raises: ValueError if pandas does not read it.
    """
    import pandas as pd

    try:
        with form.open(path) as file:
            return pd.read_csv(
                file,
                sep=form.separator,
                decimal=form.decimal,
                header=0,
                names=list(range(n_columns)),
                index_col=False,
                low_memory=False,
                skipinitialspace=True,
                keep_default_na=False,
                **options,
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise ValueError(f"{path.name} must be a table with as many fields in every line, got: {reason}") from error
