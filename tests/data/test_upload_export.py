"""Decisions written back: the file's own format and text, the given labels kept, nothing that runs in a spreadsheet."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lab.data.upload_export import corrected_bytes
from lab.data.uploads import read_upload
from lab.specs import Upload
from lab.specs.uploads import UploadLimits

LIMITS = UploadLimits()
RELABEL, DROP, KEEP = (1, "relabel", "cat"), (2, "drop", None), (3, "keep", None)
TABLE = pd.DataFrame({"x": [1.5, 2.0, 3.25, 4.0, 5.0, 6.0], "y": ["cat", "dog", "cat", "dog", "cat", "dog"]})


def upload_of(path: Path, **how) -> Upload:
    return Upload(digest="0" * 32, suffix=path.suffix, **how)


def corrected(path: Path, *decisions, protect: bool = True, **how) -> bytes:
    return corrected_bytes(path, upload_of(path, **how), decisions, LIMITS, protect=protect)


def write(path: Path) -> Path:
    {
        ".csv": lambda: TABLE.to_csv(path, index=False),
        ".tsv": lambda: TABLE.to_csv(path, index=False, sep="\t"),
        ".parquet": lambda: TABLE.to_parquet(path),
        ".xlsx": lambda: TABLE.to_excel(path, index=False),
        ".npz": lambda: np.savez(path, x=TABLE[["x"]].to_numpy(), y=TABLE["y"].to_numpy(dtype="U")),
    }[path.suffix]()
    return path


def read_back(data: bytes, suffix: str) -> pd.DataFrame:
    file = io.BytesIO(data)
    if suffix == ".npz":
        with np.load(file) as arrays:
            return pd.DataFrame({name: arrays[name].ravel() for name in arrays.files})
    read = {".csv": pd.read_csv, ".tsv": pd.read_table, ".parquet": pd.read_parquet, ".xlsx": pd.read_excel}
    return read[suffix](file)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".xlsx", ".npz"])
def test_every_format_keeps_its_columns_and_gets_two_more(tmp_path, suffix):
    path = write(tmp_path / f"t{suffix}")
    assert corrected(path) == path.read_bytes()
    out = read_back(corrected(path, RELABEL, DROP, KEEP), suffix)
    assert list(out.columns) == ["x", "y", "y_corrected", "y_decision"]
    assert out["x"].tolist() == [1.5, 2.0, 4.0, 5.0, 6.0]
    assert out["y"].tolist() == ["cat", "dog", "dog", "cat", "dog"]
    assert out["y_corrected"].tolist() == ["cat", "cat", "dog", "cat", "dog"]
    assert out["y_decision"].fillna("").tolist() == ["", "relabel", "keep", "", ""]


def test_every_line_keeps_its_own_text(tmp_path):
    path = tmp_path / "t.csv"
    text = '\ufeff x , "kind, of" ,\r\n\r\n1.50,"a ""b""",\r\n 2,c\r\n"multi\nline",c,z\r\n4,"a ""b""",'
    path.write_bytes(text.encode())
    out = corrected(path, (1, "relabel", "new, one"), label="kind, of").decode()
    assert out == (
        '\ufeff x , "kind, of" ,,"kind, of_corrected","kind, of_decision"\r\n\r\n1.50,"a ""b""",,"a ""b""",\r\n'
        ' 2,c,,"new, one",relabel\r\n"multi\nline",c,z,c,\r\n4,"a ""b""",,"a ""b""",'
    )


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_a_file_keeps_its_encoding_and_says_which_label_it_can_not_write(tmp_path, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes("größe,y\n1,Bär\n2,Kuh\n3,Bär\n4,Kuh\n".encode(encoding))
    assert corrected(path, (0, "relabel", "Kuh")).decode(encoding).splitlines()[1] == "1,Bär,Kuh,relabel"
    if encoding == "cp1252":
        with pytest.raises(ValueError, match=r"new label must be of letters that Windows-1252.*got '猫'"):
            corrected(path, (0, "relabel", "猫"))


FORMULA = "=cmd|' /C calc'!A0"


def test_nothing_in_a_written_cell_is_run_unless_asked_for(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f'note,x,y\n"{FORMULA}",1,{FORMULA}\n@a,-1.5,b\nplain,3,{FORMULA}\nplain,4,b\n')
    safe = list(csv.reader(io.StringIO(corrected(path, (3, "relabel", FORMULA)).decode())))
    assert [cell for row in safe for cell in row if cell[:1] in "=@+" and cell] == []
    assert safe[2][:2] == ["'@a", "-1.5"]
    as_is = list(csv.reader(io.StringIO(corrected(path, (3, "keep", None), protect=False).decode())))
    assert [row[:3] for row in as_is] == list(csv.reader(io.StringIO(path.read_text())))


def test_an_excel_file_keeps_looks_and_sheets_and_loses_its_formulas(tmp_path):
    book = openpyxl.Workbook()
    page = book.active
    for row in (["x", "y"], [1, "a"], [2, FORMULA], [3, "a"], [4, FORMULA]):
        page.append(row)
    page["A6"], page["B6"] = "=1+1", "a"
    page["A2"].number_format = "0.00"
    page["B3"].data_type = page["B5"].data_type = "s"
    book.create_sheet("Other")["A1"] = "kept"
    book.save(tmp_path / "t.xlsx")
    out = corrected(tmp_path / "t.xlsx", (1, "relabel", "=1+1"), (2, "drop", None))
    (tmp_path / "out.xlsx").write_bytes(out)
    page = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0]
    cells = [cell for row in page.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert [page.cell(3, i).value for i in (1, 2, 3, 4)] == [2, FORMULA, "'=1+1", "relabel"]
    assert [page.cell(i, 1).value for i in (2, 3, 4, 5)] == [1, 2, 4, None]
    assert page["A2"].number_format == "0.00"
    assert openpyxl.load_workbook(tmp_path / "out.xlsx")["Other"]["A1"].value == "kept"


def test_labels_that_are_indices_stay_indices(tmp_path):
    x, y = np.zeros((6, 9)), np.array([0, 1, 0, 1, 0, 1], dtype=np.uint8)
    np.savez(tmp_path / "t.npz", x=x, y=y, classes=["ant", "bee", "cat"], about=np.array("made"))
    out = read_npz_bytes(corrected(tmp_path / "t.npz", (0, "relabel", "cat"), (5, "drop", None)))
    assert out["y_corrected"].tolist() == [2, 1, 0, 1, 0]
    assert out["y_corrected"].dtype == np.uint8
    assert (out["x"].shape, out["classes"].shape, out["about"].item()) == ((5, 9), (3,), "made")
    with pytest.raises(ValueError, match="new label must be a whole number, as 'y' is, got 'dog'"):
        corrected(tmp_path / "t.npz", (0, "relabel", "dog"))


def read_npz_bytes(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data)) as arrays:
        return dict(arrays)


def pictures(path: Path, names: list[str], **more: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for i, name in enumerate(names):
            file = io.BytesIO()
            Image.new("RGB", (12, 12), (i, 0, 0)).save(file, "PNG")
            archive.writestr(name, file.getvalue())
        for name, text in more.items():
            archive.writestr(name.replace("_csv", ".csv"), text)
    return path


def test_a_relabelled_picture_moves_to_its_class_and_a_list_says_where_it_was(tmp_path):
    path = pictures(tmp_path / "t.zip", ["set/ant/0.png", "set/ant/1.png", "set/bee/0.png", "set/bee/1.png"])
    data = corrected(path, (2, "relabel", "ant"), (3, "drop", None))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["set/ant/0.png", "set/ant/1.png", "set/ant/0_from_bee.png", "labels.csv"]
        assert archive.read("labels.csv").decode().splitlines()[3] == "set/ant/0_from_bee.png,ant,bee,relabel"
        with zipfile.ZipFile(path) as original:
            assert archive.read("set/ant/0_from_bee.png") == original.read("set/bee/0.png")
    with pytest.raises(ValueError, match=r"new label must be the name of a folder, got '\.\./out'"):
        corrected(path, (0, "relabel", "../out"))


def test_the_table_in_a_zip_is_corrected_and_dropped_pictures_go(tmp_path):
    table = "file,y\nimg/0.png,a\nimg/1.png,b\nimg/2.png,a\nimg/3.png,b\n"
    path = pictures(tmp_path / "t.zip", [f"img/{i}.png" for i in range(4)], labels_csv=table)
    with zipfile.ZipFile(io.BytesIO(corrected(path, (0, "relabel", "b"), (1, "drop", None)))) as archive:
        assert archive.namelist() == ["img/0.png", "img/2.png", "img/3.png", "labels.csv"]
        assert archive.read("labels.csv").decode().splitlines()[1] == "img/0.png,a,b,relabel"


@pytest.mark.parametrize(
    ("decisions", "message"),
    [
        ([(6, "drop", None)], "row of a decision must be below 6, the rows of the file, got 6"),
        ([(0, "drop", None), (0, "keep", None)], "rows of the decisions must be different"),
        ([(0, "erase", None)], "decision must be one of 'keep', 'relabel', 'drop', 'unsure', got 'erase'"),
        ([(0, "relabel", None)], "new label must be a name"),
        ([(0, "relabel", " ")], "new label must be a name"),
    ],
)
def test_decisions_that_do_not_fit_are_one_sentence(tmp_path, decisions, message):
    with pytest.raises(ValueError, match=message):
        corrected(write(tmp_path / "t.csv"), *decisions)


cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=12)
labels = st.sampled_from(["a", "b", "01", "NA", "null", "c d", "-1", '"q"', "x,y", ""])


@given(
    rows=st.lists(st.tuples(cells, labels), max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    separator=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
@settings(max_examples=40, deadline=None)
def test_no_row_and_no_label_is_lost_whatever_the_cells_hold(tmp_path_factory, rows, end, separator, quoting):
    rows = [*rows, *[("", "ab"[i % 2]) for i in range(24)]]
    path = tmp_path_factory.mktemp("t") / ("t.tsv" if separator == "\t" else "t.csv")
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting).writerows(
        [["n", "text", "label"], *([i, cell, label] for i, (cell, label) in enumerate(rows))]
    )
    path.write_bytes(text.getvalue().encode())
    assert corrected(path) == path.read_bytes()
    data = read_upload(path, upload_of(path, features=("n",)), LIMITS)
    labelled = [i for i, (_, label) in enumerate(rows) if label]
    assert data.rows.tolist() == labelled
    assert [data.classes[c] for c in data.y_given] == [rows[i][1] for i in labelled]
    out = corrected(path, (labelled[0], "relabel", "z"), protect=False, label="label").decode()
    back = list(csv.reader(io.StringIO(out, newline=""), delimiter=separator))
    assert [row[2] for row in back[1:]] == [label for _, label in rows]
    assert [row[3] for row in back[1:]] == ["z" if i == labelled[0] else label for i, (_, label) in enumerate(rows)]
