"""Files as strangers send them: damaged, hostile, or merely odd. Each case says what has to come of it."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
from PIL import Image

from lab.data.uploaded import UploadedData

N = 24
Right = Callable[[UploadedData], Any]


@dataclass(frozen=True)
class Case:
    """One file. right: what must hold of it where it can be read. sentence: a part of what is said where it can not.

    At least one of the two is given; where both are, either may come. heavy: it takes seconds to make or to read.
    """

    name: str
    suffix: str
    make: Callable[[], bytes]
    right: Right | None = None
    sentence: str | None = None
    heavy: bool = False
    label: str | None = None


def rows(n: int = N) -> list[list[str]]:
    return [[f"{i % 7}.5", f"{i * i % 11}", "ab"[i % 2]] for i in range(n)]


def text(lines: list[list[str]], separator: str = ",", end: str = "\n") -> str:
    return end.join(separator.join(line) for line in lines) + end


def table(change: Callable[[list[list[str]]], Any] | None = None, n: int = N, **how: str) -> bytes:
    lines = [["u", "v", "y"], *rows(n)]
    if change is not None:
        lines = change(lines) or lines
    return text(lines, **how).encode()


def labelled(*labels: str, n: int = N) -> bytes:
    """A table whose labels are these, over and over."""
    quoted = ['"' + label.replace('"', '""') + '"' for label in labels]
    return table(lambda lines: [lines[0], *[[*r[:2], quoted[i % len(labels)]] for i, r in enumerate(lines[1:])]], n=n)


def cell(row: int, column: int, value: str) -> bytes:
    def change(lines: list[list[str]]) -> None:
        lines[row][column] = value

    return table(change)


def frame(n: int = N) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(table(n=n)))


def npz(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def members(files: dict[str, bytes], **how: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **how) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=how.get("compression"))
    return out.getvalue()


def picture(
    fill: Any = (200, 30, 40), size: tuple[int, int] = (20, 14), mode: str = "RGB", kind: str = "PNG", **how: Any
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, fill).save(out, kind, **how)
    return out.getvalue()


def folders(extra: dict[str, bytes] | None = None, n: int = 8) -> bytes:
    files = {f"{'ab'[i % 2]}/{i}.png": picture((20 * i, 0, 0)) for i in range(n)}
    return members(files | (extra or {}))


def excel(lines: list[list[Any]]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for line in lines:
        book.active.append(line)
    book.save(out)
    return out.getvalue()


def excel_rows(n: int = N) -> list[list[Any]]:
    return [["u", "v", "y"], *[[float(u), int(v), y] for u, v, y in rows(n)]]


def excel_with(part: str, change: Callable[[bytes], bytes], lines: list[list[Any]] | None = None) -> bytes:
    """An Excel file of which one part of the ZIP is another."""
    with zipfile.ZipFile(io.BytesIO(excel(lines or excel_rows()))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files[part] = change(files.get(part, b""))
    return members(files)


def parquet(data: pd.DataFrame | None = None, **how: Any) -> bytes:
    out = io.BytesIO()
    (frame() if data is None else data).to_parquet(out, **how)
    return out.getvalue()


GOOD: dict[str, Callable[[], bytes]] = {
    ".csv": table,
    ".tsv": lambda: table(separator="\t"),
    ".parquet": parquet,
    ".xlsx": lambda: excel(excel_rows()),
    ".npz": lambda: npz(x=np.arange(2 * N).reshape(N, 2) % 13 / 7, y=np.arange(N) % 2),
    ".zip": folders,
}


# What must hold of a file that can be read.


def whole(data: UploadedData) -> None:
    assert (data.n_rows, len(data.rows), data.n_classes) == (N, N, 2)
    assert data.y_given.tolist() == [i % 2 for i in range(N)]


def named(*classes: str) -> Right:
    def check(data: UploadedData) -> None:
        assert data.classes == classes

    return check


def labelled_rows(n: int, of: int = N) -> Right:
    def check(data: UploadedData) -> None:
        assert (len(data.rows), data.n_rows) == (n, of)

    return check


def kind(name: str) -> Right:
    def check(data: UploadedData) -> None:
        assert data.kind == name

    return check


def column(name: str, what: str) -> Right:
    def check(data: UploadedData) -> None:
        assert {c.name: c.kind for c in data.columns}[name] == what

    return check


def pictures(n: int) -> Right:
    def check(data: UploadedData) -> None:
        assert data.kind == "images"
        assert data.images is not None
        assert len(data.images) == len(data.rows) == n

    return check


def noted(part: str) -> Right:
    def check(data: UploadedData) -> None:
        assert any(part in note for note in data.notes), data.notes

    return check


def anything(data: UploadedData) -> None:
    pass


def damaged() -> Iterator[Case]:
    """Cut short, empty, random, or of another kind than the name says."""
    for suffix, make in GOOD.items():
        lenient = anything if suffix in (".csv", ".tsv") else None
        for share in (0.02, 0.3, 0.6, 0.9, 0.99):
            cut = lambda make=make, share=share: (data := make())[: int(len(data) * share)]  # noqa: E731
            yield Case(f"cut to {share:.0%}", suffix, cut, lenient, "must be")
        noise = lambda: np.random.default_rng(5).bytes(4000)  # noqa: E731
        yield Case("random bytes", suffix, noise, None, "must be")
        yield Case("nothing", suffix, lambda: b"", None, "something in it")
        for other, made in GOOD.items():
            if other != suffix and {other, suffix} != {".csv", ".tsv"}:
                yield Case(f"in truth {other}", suffix, made, None, "must be")
        flipped = lambda make=make: bytes(b ^ 255 if i % 50 == 25 else b for i, b in enumerate(make()))  # noqa: E731
        yield Case("bytes flipped", suffix, flipped, anything, "must be")
    yield Case("in truth .csv", ".tsv", GOOD[".csv"], whole)
    yield Case("in truth .tsv", ".csv", GOOD[".tsv"], whole)


def texts() -> Iterator[Case]:
    """Encodings and the form of a text table."""
    umlauts = "größe,v,y\n" + "".join(f"{i % 5},{i % 3},{('Bär', 'Kuh')[i % 2]}\n" for i in range(N))
    for coding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"):
        yield Case(coding, ".csv", lambda coding=coding: umlauts.encode(coding), named("Bär", "Kuh"))
    yield Case("utf-32", ".csv", lambda: umlauts.encode("utf-32"), None, "must be a text table")
    yield Case(
        "Shift JIS",
        ".csv",
        lambda: umlauts.replace("Bär", "熊").replace("ö", "o").replace("ß", "s").encode("shift_jis"),
        labelled_rows(N),
    )
    for end, called in (
        ("\r\n", "CRLF"),
        ("\r", "CR"),
        ("\n\n\n", "empty lines between"),
        ("\n  \n", "blank lines between"),
    ):
        yield Case(called, ".csv", lambda end=end: table(end=end), whole)
    for separator in ";|\t":
        yield Case(f"parted at {separator!r}", ".csv", lambda separator=separator: table(separator=separator), whole)
    comma = lambda: table(separator=";").replace(b".", b",")  # noqa: E731
    yield Case("decimal comma", ".csv", comma, column("u", "number"))
    yield Case("no end of line at the end", ".csv", lambda: table().rstrip(), whole)
    yield Case("a line too long", ".csv", lambda: cell(5, 1, "1,2"), None, "Expected 3 fields in line 6, saw 4")
    yield Case("lines too short", ".csv", lambda: table().replace(b",3,b", b""), noted("fewer fields"))
    yield Case("header only", ".csv", lambda: b"u,v,y\n", None, "column names only")
    yield Case("line ends only", ".csv", lambda: b"\n\r\n\n", None, "No columns")
    yield Case("spaces only", ".csv", lambda: b"   \n  ", None, "No columns")
    yield Case("an open quote", ".csv", lambda: cell(4, 1, '"1'), None, "must be")
    yield Case("a quote within", ".csv", lambda: cell(4, 1, '1"2"3'), labelled_rows(N))
    yield Case("zero bytes", ".csv", lambda: cell(4, 1, "1\0"), None, "binary file")
    yield Case("a mark and nothing", ".csv", lambda: b"\xef\xbb\xbf", None, "No columns")
    yield Case("a UTF-16 mark and a half", ".csv", lambda: b"\xff\xfea", None, "must be")
    yield Case("no column names", ".csv", lambda: text(rows()[1:]).encode(), anything, "must be")
    yield Case(
        "numbers as column names", ".csv", lambda: table(lambda t: [["1", "2", "3"], *t[1:]]), noted("numbers only")
    )
    yield Case(
        "20,001 columns", ".csv", lambda: b"a," * 20_000 + b"y\n1\n", None, "columns must be at most 20,000", heavy=True
    )
    yield Case("a line of 30 million commas", ".csv", lambda: b"," * 30_000_000, None, "columns must be", heavy=True)
    yield Case("a cell of a million letters", ".csv", lambda: cell(3, 1, "x" * 10**6), labelled_rows(N))
    yield Case(
        "a cell of 20 million letters", ".csv", lambda: cell(3, 1, "x" * 20_000_000), None, "field limit", heavy=True
    )
    yield Case("cells without end", ".csv", lambda: b"a,b,y\n" + b",,\n" * 17_000_000, None, "cells", heavy=True)
    yield Case("comments", ".csv", lambda: b"# made by\n" + table(), None, "Expected 1 fields")
    yield Case("a web page", ".csv", lambda: b"<html><body>Not found</body></html>\n", None, "column names only")
    yield Case("only labels", ".csv", lambda: b"y\n" + b"a\nb\n" * 9, None, "at least one column of use")


def contents() -> Iterator[Case]:
    """What stands in the cells of a table."""
    header = lambda *names: lambda: table(lambda t: [list(names), *t[1:]])  # noqa: E731
    yield Case("one row", ".csv", lambda: table(n=1), None, "at least two classes")
    yield Case("two rows", ".csv", lambda: table(n=2), None, "at most")
    yield Case("one class", ".csv", lambda: labelled("a"), None, "at least two classes, got 'only a'")
    yield Case("no labels", ".csv", lambda: labelled(""), None, "a label in at least two rows")
    yield Case("labels missing", ".csv", lambda: labelled("a", "", "b", "nan"), labelled_rows(N // 2))
    yield Case(
        "10,000 classes",
        ".csv",
        lambda: labelled(*[f"c{i}" for i in range(10_000)], n=20_000),
        lambda d: d.n_classes == 10_000 or 1 / 0,
        heavy=True,
    )
    yield Case(
        "10,001 classes",
        ".csv",
        lambda: labelled(*[f"c{i}" for i in range(10_001)], n=20_002),
        None,
        "at most 10000 classes",
        heavy=True,
    )
    yield Case("every row a class", ".csv", lambda: labelled(*map(str, range(N))), None, "is it the right column")
    for label in (
        "=cmd|' /C calc'!A0",
        "@SUM(1+1)*cmd",
        "+1+1",
        "<script>alert(1)</script>",
        '<img src=x onerror="x()">',
        "a\nb",
        "😀",
        "‮abc",
        "e\u0301",
        "../../etc",
        "{{7*7}}",
        "$(id)",
        "None",
        "NA",
        "null",
        "__import__('os')",
    ):
        yield Case(
            f"class {label[:12]!r}", ".csv", lambda label=label: labelled(label, "b"), named(*sorted([label, "b"]))
        )
    yield Case("class of 201 letters", ".csv", lambda: labelled("a" * 201, "b"), None, "at most 200 letters")
    yield Case("01 is not 1", ".csv", lambda: labelled("01", "1"), named("01", "1"))
    yield Case("1.0 is 1", ".csv", lambda: labelled("1.0", "2.0"), named("1", "2"))
    yield Case("10 comes after 9", ".csv", lambda: labelled("9", "10"), named("9", "10"))
    yield Case("numbers and names", ".csv", lambda: labelled("1", "2.0", "x"), named("1", "2.0", "x"))
    yield Case("truth values", ".csv", lambda: labelled("True", "False"), named("False", "True"))
    yield Case("halves", ".csv", lambda: labelled("0.5", "1.5"), named("0.5", "1.5"))
    yield Case("huge whole numbers", ".csv", lambda: labelled("1" * 30, "2" * 30), named("1" * 30, "2" * 30))
    for value in (
        "nan",
        "inf",
        "-inf",
        "",
        "NA",
        "?",
        "1e300",
        "-1e308",
        "1e400",
        "9" * 400,
        "1e-320",
        "0x1F",
        "1_000",
    ):
        yield Case(f"a number {value[:8]!r}", ".csv", lambda value=value: cell(3, 0, value), finite)
    for value in ("=1+1", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "__import__('os').system('touch ran')"):
        yield Case(f"a cell {value[:12]!r}", ".csv", lambda value=value: cell(3, 0, f'"{value}"'), finite)
    yield Case("names twice", ".csv", header("u", "u", "y"), column("u (2)", "number"))
    yield Case("names three times", ".csv", header("u", "u", "u"), lambda d: d.label == "u (3)" or 1 / 0)
    yield Case("labels twice", ".csv", header("y", "v", "y"), anything, "must be")
    yield Case("a name that is taken", ".csv", header("u", "u (2)", "y"), column("u (2)", "number"))
    yield Case("no names", ".csv", header("", "", ""), lambda d: d.label == "column 3" or 1 / 0)
    yield Case("a formula as a name", ".csv", header("=1+1", "@x", "y"), column("=1+1", "number"))
    yield Case("a tag as a name", ".csv", header("<b>u</b>", "v", "y"), column("<b>u</b>", "number"))
    yield Case("a name of a million letters", ".csv", header("u" * 10**6, "v", "y"), labelled_rows(N))
    yield Case(
        "constant columns", ".csv", lambda: table(lambda t: [t[0], *[["1", "", r[2]] for r in t[1:]]]), None, "constant"
    )
    yield Case(
        "numbers and words",
        ".csv",
        lambda: table(lambda t: [t[0], *[["x" if i % 2 else r[0], *r[1:]] for i, r in enumerate(t[1:])]]),
        column("u", "category"),
    )
    yield Case(
        "the label twice",
        ".csv",
        lambda: table(lambda t: [[*t[0], "z"], *[[*r, {"a": "p", "b": "q"}[r[2]]] for r in t[1:]]]),
        anything,
    )
    yield Case("all rows alike", ".csv", lambda: b"u,v,y\n" + b"1,2,a\n1,2,b\n" * 12, None, "constant")
    yield Case("a label that is not there", ".csv", table, None, "label must be one of the columns", label="z")
    yield Case(
        "numbers to tell apart as labels",
        ".csv",
        lambda: table(lambda t: [["u", "v", "w"], *[[f"{i}.5", f"{i * 2}.25", str(i)] for i in range(N)]]),
        None,
        "label must be",
    )
    yield Case(
        "empty columns",
        ".csv",
        lambda: table(lambda t: [[*t[0], "w"], *[[*r, ""] for r in t[1:]]]),
        column("w", "empty"),
    )


def finite(data: UploadedData) -> None:
    assert data.features is not None
    assert np.isfinite(data.features).all()
    assert len(data.rows) == N


def sheets() -> Iterator[Case]:
    """Excel and Parquet."""
    sheet, book = "xl/worksheets/sheet1.xml", "xl/workbook.xml"
    yield Case(
        "formulas",
        ".xlsx",
        lambda: excel([*excel_rows(), ["=1+1", "=cmd|' /C calc'!A0", "a"]]),
        labelled_rows(N + 1, N + 1),
    )
    yield Case("no rows", ".xlsx", lambda: excel([]), None, "empty")
    yield Case("header only", ".xlsx", lambda: excel([["u", "y"]]), None, "column names only")
    yield Case("empty rows between", ".xlsx", lambda: excel([r for row in excel_rows() for r in (row, [])]), whole)
    yield Case(
        "names twice and missing",
        ".xlsx",
        lambda: excel([["u", "u", "y", None], *[[*r, 1] for r in excel_rows()[1:]]]),
        column("u (2)", "number"),
    )
    yield Case(
        "mixed cells",
        ".xlsx",
        lambda: excel([["u", "v", "y"], *[["x" if i % 2 else 1, True, y] for i, (_, _, y) in enumerate(rows())]]),
        column("u", "same as the label"),
        "must be",
    )
    yield Case("errors", ".xlsx", lambda: excel([*excel_rows(), ["#DIV/0!", 1, "a"]]), labelled_rows(N + 1, N + 1))
    claim = lambda xml: xml.replace(b'<dimension ref="A1:C25"', b'<dimension ref="A1:XFD1048576"')  # noqa: E731
    yield Case("a claim of a million rows", ".xlsx", lambda: excel_with(sheet, claim), whole)
    corner = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    last = lambda xml: xml.replace(b"</sheetData>", corner)  # noqa: E731
    yield Case("a cell in the last corner", ".xlsx", lambda: excel_with(sheet, last), anything, "must be", heavy=True)
    laughs = (
        b'<!DOCTYPE s [<!ENTITY a "ha">'
        + b"".join(b'<!ENTITY %c "%s">' % (c + 1, b"&%c;" % c * 10) for c in range(97, 109))
        + b"]>"
    )
    yield Case(
        "a billion laughs",
        ".xlsx",
        lambda: excel_with(
            sheet, lambda xml: xml.replace(b"<worksheet", laughs + b"<worksheet", 1).replace(b"<t>u</t>", b"<t>&m;</t>")
        ),
        None,
        "must be",
    )
    entity = b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield Case(
        "an entity from a file",
        ".xlsx",
        lambda: excel_with(
            sheet, lambda xml: xml.replace(b"<worksheet", entity + b"<worksheet", 1).replace(b"<t>a</t>", b"<t>&x;</t>")
        ),
        no_passwd,
        "must be",
    )
    yield Case("no workbook", ".xlsx", lambda: excel_with(book, lambda _: b""), None, "must be")
    yield Case("a broken sheet", ".xlsx", lambda: excel_with(sheet, lambda xml: xml[:300]), None, "must be")
    yield Case("another ZIP", ".xlsx", lambda: members({"a.txt": b"x"}), None, "another ZIP")
    yield Case(
        "names that lead out", ".xlsx", lambda: excel_with("../../out", lambda _: b"x"), None, "below its own folder"
    )
    yield Case("an old .xls", ".xlsx", lambda: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), None, "must be")
    bomb = lambda: excel_with(sheet, lambda xml: xml.replace(b"</sheetData>", b"<row/>" * 15_000_000 + b"</sheetData>"))  # noqa: E731
    yield Case("90 MB of empty rows", ".xlsx", lambda: packed(bomb()), None, "unpack to at most", heavy=True)
    yield Case(
        "links to elsewhere",
        ".xlsx",
        lambda: excel_with("xl/externalLinks/externalLink1.xml", lambda _: b"<x/>"),
        whole,
    )
    yield Case(
        "texts that repeat",
        ".parquet",
        lambda: parquet(pd.DataFrame({"u": ["x" * 10**6] * 200, "v": np.arange(200) % 7, "y": list("ab") * 100})),
        labelled_rows(200, 200),
        heavy=True,
    )
    yield Case("an index", ".parquet", lambda: parquet(frame().set_index("u")), whole)
    yield Case("categories", ".parquet", lambda: parquet(frame().astype({"y": "category"})), whole)
    yield Case(
        "lists of one length",
        ".parquet",
        lambda: parquet(pd.DataFrame({"e": [[i % 5, 1.5, i % 3] for i in range(N)], "y": list("ab") * 12})),
        column("e", "vector"),
    )
    yield Case(
        "lists of any length",
        ".parquet",
        lambda: parquet(frame().assign(e=[[1] * (i % 3) for i in range(N)])),
        column("e", "nested"),
    )
    yield Case(
        "objects", ".parquet", lambda: parquet(frame().assign(e=[{"a": i} for i in range(N)])), column("e", "nested")
    )
    yield Case("no rows", ".parquet", lambda: parquet(frame().iloc[:0]), None, "column names only")
    yield Case(
        "dates", ".parquet", lambda: parquet(frame().assign(d=pd.date_range("2020", periods=N))), column("d", "date")
    )
    yield Case(
        "gaps in whole numbers",
        ".parquet",
        lambda: parquet(frame().assign(v=pd.array([None, *range(N - 1)], dtype="Int64"))),
        finite,
    )
    yield Case("labels as bytes", ".parquet", lambda: parquet(frame().assign(y=[b"a", b"b"] * 12)), named("a", "b"))
    wide = lambda: pd.DataFrame(np.zeros((60_000_000, 2), np.int8), columns=["u", "y"])  # noqa: E731
    many = lambda: parquet(wide(), compression="zstd")  # noqa: E731
    yield Case("120 million cells in some kB", ".parquet", many, None, "at most 50,000,000 cells", heavy=True)


def no_passwd(data: UploadedData) -> None:
    assert not any("root:" in name for name in data.classes)


def packed(data: bytes) -> bytes:
    """The same ZIP, compressed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return members({name: archive.read(name) for name in archive.namelist()}, compression=zipfile.ZIP_DEFLATED)


class Touch:
    """Unpickling this would create a file named `ran`."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("ran"),)


def raw_npy(header: bytes, body: bytes = b"") -> bytes:
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + body


def arrays() -> Iterator[Case]:
    """NPZ files."""
    x, y = np.arange(2 * N).reshape(N, 2) % 13 / 7, np.arange(N) % 2
    objects = np.array([Touch()] * N, dtype=object)
    yield Case("pickled labels", ".npz", lambda: npz(x=x, y=objects), None, "objects could run code")
    yield Case("pickled features", ".npz", lambda: npz(x=objects, y=y), None, "could run code")
    yield Case("a pickle beside", ".npz", lambda: npz(x=x, y=y, z=objects), whole)
    yield Case("in truth a pickle", ".npz", lambda: pickle.dumps(Touch()), None, "must be")
    yield Case(
        "a member that is a pickle",
        ".npz",
        lambda: members({"x.npy": pickle.dumps(Touch()), "y.npy": b""}),
        None,
        "whole .npy",
    )
    giant = raw_npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 8), }\n")
    yield Case("a claim of 64 TB", ".npz", lambda: members({"x.npy": giant, "y.npy": giant}), None, "as it says")
    for shape in (
        b"(-1, 2)",
        b"(10**9,)",
        b"__import__('os').system('touch ran')",
        b"(1.5,)",
        b"'abc'",
        b"()",
        b"(" + b"9," * 500 + b")",
    ):
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + b", }\n"
        yield Case(
            f"shape {shape[:12].decode()}",
            ".npz",
            lambda header=header: members({"x.npy": raw_npy(header, bytes(64)), "y.npy": raw_npy(header, bytes(64))}),
            None,
            "must be",
        )
    yield Case(
        "a header of 60 kB", ".npz", lambda: members({"y.npy": raw_npy(b"{" + b" " * 60_000 + b"}")}), None, "must be"
    )
    yield Case("no array", ".npz", lambda: members({"a.txt": b"x"}), None, "arrays in it")
    yield Case(
        "1,001 arrays",
        ".npz",
        lambda: npz(**{f"a{i}": y for i in range(1001)}),
        None,
        "at most 1,000 arrays",
        heavy=True,
    )
    yield Case("only features", ".npz", lambda: npz(x=x), None, "label must be")
    yield Case("only labels", ".npz", lambda: npz(y=y), None, "features or probabilities")
    yield Case("of other lengths", ".npz", lambda: npz(x=x[:-1], y=y), None, "features or probabilities")
    yield Case(
        "gaps and infinities",
        ".npz",
        lambda: npz(x=np.where(x == 0, np.nan, np.where(x > 1.5, np.inf, x)), y=y),
        finite,
    )
    yield Case("1e300", ".npz", lambda: npz(x=x * 1e300, y=y), finite)
    yield Case("complex numbers", ".npz", lambda: npz(x=x * 1j, y=y), None, "features or probabilities")
    yield Case("structured", ".npz", lambda: npz(x=np.zeros(N, dtype=[("a", "f4"), ("b", "O")]), y=y), None, "must be")
    yield Case("times", ".npz", lambda: npz(x=np.zeros(N, dtype="M8[s]"), y=y), None, "features or probabilities")
    yield Case("no number", ".npz", lambda: npz(x=np.zeros((N, 0)), y=y), None, "it is empty")
    yield Case("no row", ".npz", lambda: npz(x=x[:0], y=y[:0]), None, "must be")
    yield Case("a single number", ".npz", lambda: npz(x=x, y=np.array(3)), None, "label must be")
    yield Case(
        "other orders of bytes", ".npz", lambda: npz(x=np.asfortranarray(x.astype(">f8")), y=y.astype(">i8")), whole
    )
    yield Case("half precision", ".npz", lambda: npz(x=x.astype(np.float16), y=y.astype(np.int8)), whole)
    yield Case("labels in a column", ".npz", lambda: npz(x=x, y=y[:, None]), whole)
    yield Case("labels as texts", ".npz", lambda: npz(x=x, y=np.array(["<b>", "=1"])[y]), named("<b>", "=1"))
    yield Case("labels as bytes", ".npz", lambda: npz(x=x, y=np.array([b"a", b"\xff"])[y]), labelled_rows(N))
    yield Case(
        "labels with gaps", ".npz", lambda: npz(x=x, y=np.where(np.arange(N) < 4, np.nan, y)), labelled_rows(N - 4)
    )
    yield Case("halves as labels", ".npz", lambda: npz(x=x, y=y / 2), named("0.0", "0.5"))
    yield Case("one class", ".npz", lambda: npz(x=x, y=y * 0), None, "at least two classes")
    yield Case("labels beyond the names", ".npz", lambda: npz(x=x, y=y + 5, classes=["p", "q"]), named("5", "6"))
    yield Case("names of absent classes", ".npz", lambda: npz(x=x, y=y, classes=["p", "q", "r"]), named("p", "q"))
    yield Case("probabilities alone", ".npz", lambda: npz(pred_probs=np.full((N, 2), 0.5), y=y), kind("probabilities"))
    yield Case(
        "probabilities of absent classes",
        ".npz",
        lambda: npz(pred_probs=np.full((N, 4), 0.25), y=y),
        named("0", "1", "2", "3"),
    )
    yield Case("no probabilities", ".npz", lambda: npz(pred_probs=np.full((N, 2), 0.7), y=y), kind("arrays"))
    yield Case("pictures", ".npz", lambda: npz(x=np.zeros((N, 6, 5), np.uint8), y=y), pictures(N))
    yield Case("pictures with alpha", ".npz", lambda: npz(x=np.zeros((N, 6, 5, 4), np.uint8), y=y), pictures(N))
    yield Case(
        "pictures, channels first",
        ".npz",
        lambda: npz(x=np.zeros((N, 3, 6, 5), np.uint8) + np.arange(5, dtype=np.uint8), y=y),
        kind("arrays"),
    )
    yield Case("five axes", ".npz", lambda: npz(x=np.arange(N * 32.0).reshape(N, 2, 2, 2, 4) % 7, y=y), kind("arrays"))
    yield Case(
        "500 MB of zeros",
        ".npz",
        lambda: members({"x.npy": bytes(5 * 10**8), "y.npy": b""}, compression=zipfile.ZIP_DEFLATED),
        None,
        "unpacks to at most",
        heavy=True,
    )


def archives() -> Iterator[Case]:
    """ZIP files of pictures."""
    for name in ("../out.png", "a/../../out.png", "/etc/out.png", "C:\\out.png", "..\\out.png", "a\\..\\..\\out.png"):
        yield Case(
            f"leads out by {name}", ".zip", lambda name=name: folders({name: picture()}), None, "below its own folder"
        )
    yield Case("a link", ".zip", lambda: linked(), None, "without links")
    yield Case("a password", ".zip", lambda: locked(), None, "without a password")
    yield Case(
        "a strange compression",
        ".zip",
        lambda: folders().replace(b"PK\1\2\x14\3\x14\0\0\0\0\0", b"PK\1\2\x14\3\x14\0\0\0\x63\0"),
        None,
        "must be",
    )
    bomb = lambda: members({"a/0.png": bytes(5 * 10**8)}, compression=zipfile.ZIP_DEFLATED)  # noqa: E731
    yield Case("500 MB of zeros", ".zip", bomb, None, "unpacks to at most", heavy=True)
    yield Case(
        "a bomb in a ZIP", ".zip", lambda: members({"inner.zip": bomb()}), None, "no picture but inner.zip", heavy=True
    )
    yield Case(
        "many bombs in a ZIP",
        ".zip",
        lambda: members({f"{i}.zip": folders() for i in range(20)}),
        None,
        "no picture but",
    )
    yield Case("a ZIP beside pictures", ".zip", lambda: folders({"inner.zip": folders()}), noted("inner.zip"))
    yield Case(
        "100,000 entries",
        ".zip",
        lambda: members({f"{'ab'[i % 2]}/{i}.png": b"" for i in range(100_000)}),
        None,
        "at most 50,000 files",
        heavy=True,
    )
    yield Case("no entry", ".zip", lambda: members({}), None, "no picture")
    yield Case("no picture", ".zip", lambda: members({"a.txt": b"x", "run.exe": b"MZ"}), None, "no picture but a.txt")
    yield Case("a program beside pictures", ".zip", lambda: folders({"a/run.sh": b"#!/bin/sh\ntouch ran"}), pictures(8))
    yield Case(
        "one class", ".zip", lambda: members({f"a/{i}.png": picture() for i in range(4)}), None, "at least two classes"
    )
    yield Case(
        "no folders",
        ".zip",
        lambda: members({f"{i}.png": picture() for i in range(4)}),
        None,
        "a label in at least two rows",
    )
    yield Case(
        "what macOS adds", ".zip", lambda: folders({"__MACOSX/a/._0.png": b"x", "a/.DS_Store": b"x"}), pictures(8)
    )
    yield Case(
        "a folder around",
        ".zip",
        lambda: members({f"set/{'ab'[i % 2]}/{i}.png": picture() for i in range(8)}),
        named("a", "b"),
    )
    for label in ("<script>alert(1)</script>"[:7], "=1+1", "ключ", "a b", "&amp;"):
        yield Case(
            f"class {label}",
            ".zip",
            lambda label=label: members({f"{(label, 'b')[i % 2]}/{i}.png": picture() for i in range(8)}),
            named(*sorted([label, "b"])),
        )
    listing = lambda *lines: ("file,y\n" + "\n".join(lines)).encode()  # noqa: E731
    flat = {f"{i}.png": picture((i, 0, 0)) for i in range(6)}
    good = [f"{i}.png,{'ab'[i % 2]}" for i in range(6)]
    yield Case("a list", ".zip", lambda: members({**flat, "labels.csv": listing(*good)}), pictures(6))
    yield Case(
        "a list with gaps", ".zip", lambda: members({**flat, "labels.csv": listing(*good[:4], "9.png,a")}), pictures(4)
    )
    yield Case(
        "a list that leads out",
        ".zip",
        lambda: members({**flat, "labels.csv": listing(*good[:5], "../../etc/passwd,a")}),
        pictures(5),
    )
    yield Case("a broken list", ".zip", lambda: folders({"labels.csv": b'"'}), pictures(8))
    yield Case("names twice", ".zip", lambda: twice(), None, "different names")
    yield Case("a length that lies", ".zip", lambda: lying(), pictures(7), "must be")


def twice() -> bytes:
    import warnings

    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")
        for i in range(8):
            archive.writestr(zipfile.ZipInfo(f"{'ab'[i % 2]}/{i % 4}.png"), picture())
    return out.getvalue()


def lying() -> bytes:
    """The directory claims that the first picture unpacks to less than it does."""
    data = bytearray(folders())
    at = data.find(b"PK\1\2")
    data[at + 24 : at + 28] = struct.pack("<L", 30)
    return bytes(data)


def linked() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("a/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


def locked() -> bytes:
    data = bytearray(folders())
    at = data.find(b"PK\1\2")
    data[at + 8] |= 1
    return bytes(data)


def with_picture(data: bytes, name: str = "a/odd.png") -> bytes:
    return folders({name: data})


def colour_of_odd(*colour: int, near: int = 3) -> Right:
    """The odd picture is read, and its upper left has this colour."""

    def check(data: UploadedData) -> None:
        assert data.images is not None
        at = next(i for i, name in enumerate(data.names) if "odd" in name)
        assert np.abs(data.images[at, 1, 1].astype(int) - colour).max() <= near, data.images[at, 1, 1]

    return check


def images() -> Iterator[Case]:
    """Pictures that are damaged or of a rare kind."""
    left_out = lambda d: pictures(8)(d) or noted("can not be read")(d)  # noqa: E731
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 60, 3)).astype(np.uint8))
    file = io.BytesIO()
    noise.save(file, "JPEG")
    jpeg = file.getvalue()
    for name, data in (
        ("cut", jpeg[: len(jpeg) // 2]),
        ("zeros", bytes(100)),
        ("a text", b"not a picture"),
        ("nothing", b""),
        ("a cut header", picture()[:20]),
        ("a PDF", b"%PDF-1.4\n"),
        ("PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n(ran) (w) file\n"),
        ("an SVG", b"<svg xmlns='http://www.w3.org/2000/svg'><script>x()</script></svg>"),
        ("a pickle", pickle.dumps(Touch())),
        ("a claim of 50,000 x 50,000", huge_png(50_000, 50_000)),
        ("a claim of no pixel", huge_png(0, 5)),
    ):
        yield Case(f"picture: {name}", ".zip", lambda data=data: with_picture(data), left_out)
    yield Case(
        "picture: 400 megapixels", ".zip", lambda: with_picture(picture(0, (20_000, 20_000), "L")), left_out, heavy=True
    )
    yield Case(
        "picture: 39 megapixels", ".zip", lambda: with_picture(picture(0, (6500, 6000), "L")), pictures(9), heavy=True
    )
    yield Case(
        "all pictures broken",
        ".zip",
        lambda: members({f"{'ab'[i % 2]}/{i}.png": b"x" for i in range(6)}),
        None,
        "pictures must be readable",
    )
    yield Case(
        "a class of broken pictures",
        ".zip",
        lambda: members({f"{'ab'[i % 2]}/{i}.png": picture() if i % 2 else b"x" for i in range(6)}),
        None,
        "at least two classes",
    )
    red = (200, 30, 40)
    yield Case(
        "CMYK",
        ".zip",
        lambda: with_picture(picture((0, 217, 204, 55), mode="CMYK", kind="JPEG", quality=95), "a/odd.jpg"),
        colour_of_odd(200, 30, 40, near=12),
    )
    deep = lambda kind: picture(200 * 257, mode="I;16", kind=kind)  # noqa: E731
    yield Case("16 bits, PNG", ".zip", lambda: with_picture(deep("PNG")), colour_of_odd(200, 200, 200))
    yield Case("16 bits, TIFF", ".zip", lambda: with_picture(deep("TIFF"), "a/odd.tif"), colour_of_odd(200, 200, 200))
    yield Case(
        "floats, TIFF",
        ".zip",
        lambda: with_picture(picture(200.0, mode="F", kind="TIFF"), "a/odd.tif"),
        colour_of_odd(200, 200, 200),
    )
    yield Case("alpha", ".zip", lambda: with_picture(picture((*red, 0), mode="RGBA")), colour_of_odd(255, 255, 255))
    yield Case(
        "half alpha", ".zip", lambda: with_picture(picture((0, 0, 0, 128), mode="RGBA")), colour_of_odd(127, 127, 127)
    )
    yield Case("grey and alpha", ".zip", lambda: with_picture(picture((90, 255), mode="LA")), colour_of_odd(90, 90, 90))
    yield Case("one bit", ".zip", lambda: with_picture(picture(1, mode="1")), colour_of_odd(255, 255, 255))
    yield Case("a palette", ".zip", lambda: with_picture(palette()), colour_of_odd(255, 255, 255))
    for kind_, name in (("GIF", "a/odd.gif"), ("WEBP", "a/odd.webp"), ("PNG", "a/odd.png"), ("TIFF", "a/odd.tif")):
        yield Case(
            f"animated {kind_}",
            ".zip",
            lambda kind_=kind_, name=name: with_picture(animated(kind_), name),
            colour_of_odd(*red, near=6),
        )
    for turn in range(1, 10):
        yield Case(f"EXIF rotation {turn}", ".zip", lambda turn=turn: with_picture(rotated(turn), "a/odd.jpg"), upright)
    yield Case(
        "EXIF of noise",
        ".zip",
        lambda: with_picture(picture(red, kind="JPEG", exif=b"Exif\0\0" + bytes(range(200))), "a/odd.jpg"),
        anything,
    )
    yield Case("one pixel", ".zip", lambda: with_picture(picture(red, (1, 1))), colour_of_odd(*red))
    yield Case("a long strip", ".zip", lambda: with_picture(picture(red, (5000, 1))), colour_of_odd(*red))
    yield Case(
        "a JPEG called .png", ".zip", lambda: with_picture(picture(red, kind="JPEG")), colour_of_odd(*red, near=6)
    )


def huge_png(width: int, height: int) -> bytes:
    """A PNG that claims a size and has a line of it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))

    head = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def palette() -> bytes:
    out, image = io.BytesIO(), Image.new("P", (20, 14), 3)
    image.putpalette([10, 20, 30] * 4)
    image.save(out, "PNG", transparency=3)
    return out.getvalue()


def animated(kind: str) -> bytes:
    out = io.BytesIO()
    first, second = (Image.new("RGB", (20, 14), fill) for fill in ((200, 30, 40), (0, 0, 255)))
    first.save(out, kind, save_all=True, append_images=[second], **({"lossless": True} if kind == "WEBP" else {}))
    return out.getvalue()


def rotated(turn: int) -> bytes:
    """A picture that is bright at the top once it is turned as its EXIF says (9 is no turn that there is)."""
    upright = Image.fromarray(np.uint8(np.repeat([[250], [10]], 20, axis=0).repeat(40, axis=1)))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that undoes it
    exif = Image.Exif()
    exif[0x0112] = turn
    out = io.BytesIO()
    stored = upright.transpose(Image.Transpose(back[turn])) if turn in back else upright
    stored.save(out, "JPEG", exif=exif, quality=95)
    return out.getvalue()


def upright(data: UploadedData) -> None:
    assert data.images is not None
    odd = data.images[next(i for i, name in enumerate(data.names) if "odd" in name)].astype(int)
    assert odd[1].min() > 200
    assert odd[-2].max() < 60


CASES = [*damaged(), *texts(), *contents(), *sheets(), *arrays(), *archives(), *images()]
