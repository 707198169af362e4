"""A corrected CSV, Excel or Parquet file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.core.checks import require
from lab.data import excel
from lab.data.export_plan import Plan
from lab.data.table_files import as_label, different, open_table, read_arrow
from lab.data.text_tables import CALLED, TextForm, form_of, records, shape_of
from lab.data.upload_tables import choose_label
from lab.specs.uploads import Upload, UploadLimits

NEEDS_QUOTES = ('"', ",", ";", "\t", "|", "\r", "\n")


def corrected_table(path: Path, upload: Upload, plan: Plan, limits: UploadLimits) -> bytes:
    """The table with two more columns; see `lab.data.upload_export.corrected_bytes`."""
    file = open_table(path, limits, sheet=upload.sheet)
    plan.check_rows(len(file.frame))
    label = upload.label if upload.label is not None else choose_label(file, None).name
    names = [str(name) for name in file.frame.columns]
    require(label in names, "label", "a column of the file", label)
    if upload.suffix == ".parquet":
        return _parquet(path, names.index(label), plan, limits)
    if upload.suffix == ".xlsx":
        return _excel(path, upload.sheet, names, label, plan, limits)
    return corrected_text(path, label, plan, limits)


def corrected_text(path: Path, label: str, plan: Plan, limits: UploadLimits) -> bytes:
    """A text table, every line as it was, with two more fields.

    Raises: ValueError if the file's encoding can not write a new label.
    """
    form = form_of(path)
    header = shape_of(path, form, max_cells=limits.cells).header
    at = different(header)[0].index(label)
    text = "".join(_lines(path, form, header, at, plan))
    try:
        return (("\ufeff" if form.mark else "") + text).encode(form.encoding)
    except UnicodeEncodeError as error:
        wrong, called = text[error.start : error.end][:20], CALLED.get(form.encoding, form.encoding)
        raise ValueError(
            f"new label must be of letters that {called}, as the file is, can write, got {wrong!r}"
        ) from error


def _lines(path: Path, form: TextForm, header: list[str], at: int, plan: Plan) -> Iterator[str]:
    row = -1  # the header
    with form.open(path) as file:
        for raw, fields in records(file, form):
            if not fields:
                yield raw
                continue
            if row < 0:
                yield _longer(raw, fields, len(header), plan.names(header[at].strip(), header), form, plan)
            elif not plan.drops(row):
                given = fields[at] if at < len(fields) else ""
                yield _longer(raw, fields, len(header), plan.cells(row, given), form, plan)
            row += 1


def _longer(raw: str, fields: list[str], width: int, more: tuple[str, str], form: TextForm, plan: Plan) -> str:
    """A line with two more fields; the others as they were, but for what a spreadsheet would run."""
    body = raw.rstrip("\r\n")
    end = raw[len(body) :]
    safe = [plan.guard(field) for field in fields]
    if safe != fields:
        body = form.separator.join(_quoted(field) for field in safe)
    gap = form.separator * (width - len(fields))
    return body + gap + "".join(form.separator + _quoted(plan.guard(field)) for field in more) + end


def _quoted(field: str) -> str:
    whole = not any(mark in field for mark in NEEDS_QUOTES) and field == field.strip()
    return field if whole else '"' + field.replace('"', '""') + '"'


def _parquet(path: Path, at: int, plan: Plan, limits: UploadLimits) -> bytes:
    import pyarrow
    import pyarrow.parquet

    table = read_arrow(path, limits)
    values = table.column(at).to_pylist()
    cells = [plan.cells(row, "" if value is None else as_label(value)) for row, value in enumerate(values)]
    corrected, decision = plan.names(str(table.column_names[at]), table.column_names)
    kept = [row for row in range(len(values)) if not plan.drops(row)]
    table = table.append_column(corrected, _like(table.schema.field(at).type, [text or None for text, _ in cells]))
    table = table.append_column(decision, pyarrow.array([kind or None for _, kind in cells], pyarrow.string()))
    out = io.BytesIO()
    pyarrow.parquet.write_table(_as_texts(table.take(kept), limits), out)
    return out.getvalue()


def _like(kind: Any, texts: list[str | None]) -> Any:
    """Texts as the label column's own type where all of them fit it."""
    import pyarrow

    plain = pyarrow.array(texts, pyarrow.string())
    if pyarrow.types.is_dictionary(kind):
        return plain
    try:
        return plain.cast(kind)
    except pyarrow.ArrowException:
        return plain


def _as_texts(table: Any, limits: UploadLimits) -> Any:
    """Texts that were read as a dictionary become texts again, unless they would take too much memory."""
    import pyarrow
    import pyarrow.compute as pc

    for i, field in enumerate(table.schema):
        if pyarrow.types.is_dictionary(field.type):
            lengths = [
                pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)) for chunk in table.column(i).chunks
            ]
            if sum(length.as_py() or 0 for length in lengths) <= limits.unpacked_mb * 10**6:
                plain = field.with_type(field.type.value_type)
                table = table.set_column(i, plain, table.column(i).cast(field.type.value_type))
    return table


def _excel(path: Path, sheet: str | None, names: list[str], label: str, plan: Plan, limits: UploadLimits) -> bytes:
    out = io.BytesIO()
    with excel.opened(path, limits) as book:
        page = book[sheet] if sheet is not None else next(book[n] for n in book.sheetnames if excel.has_rows(book[n]))
        rows = list(excel.rows_of(page, limits.cells))
        at, width = names.index(label), len(names)
        header = [excel.as_text(value) for value in rows[0][1] if value is not None]
        given_name = rows[0][1][at] if at < len(rows[0][1]) and rows[0][1][at] is not None else label
        _write(page, rows[0][0], width, plan.names(excel.as_text(given_name), header), plan)
        for row, (number, values) in enumerate(rows[1:]):
            given = "" if at >= len(values) or values[at] is None else excel.as_text(values[at])
            _write(page, number, width, plan.cells(row, given), plan)
        _remove(page, {number for row, (number, _) in enumerate(rows[1:]) if plan.drops(row)})
        book.save(out)
    return out.getvalue()


def _write(page: Any, number: int, width: int, texts: tuple[str, str], plan: Plan) -> None:
    for i, text in enumerate(texts, start=1):
        cell = page.cell(number, width + i)
        cell.value = plan.guard(text) or None
        if text:
            cell.data_type = "s"  # a text, whatever it begins with


def _remove(page: Any, gone: set[int]) -> None:
    """Take rows out at once; openpyxl's own way moves all cells below for each of them."""
    shift, moved = 0, {}
    numbers = sorted({row for row, _ in page._cells})
    for number in numbers:
        if number in gone:
            shift += 1
        else:
            moved[number] = number - shift
    cells = {}
    for (row, column), cell in page._cells.items():
        if row in moved:
            cell.row = moved[row]
            cells[moved[row], column] = cell
    page._cells = cells
