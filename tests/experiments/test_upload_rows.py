"""What the page reads from somebody's file: rows as they stand there, and the file with the decisions carried out."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from lab.experiments import run, uploads
from lab.specs import UploadExport, UploadRows, from_json, to_json
from lab.specs.uploads import Upload

SAMPLES = Path(__file__).parents[2] / "assets" / "samples"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path))


def kept(name: str) -> Upload:
    return uploads.keep((SAMPLES / name).read_bytes(), name)


def table(name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO((SAMPLES / name).read_text())))


def test_cells_are_those_of_the_file_and_rows_are_counted_over_all_of_it() -> None:
    asked = (0, 7, 100, 178)
    found = run(UploadRows(upload=kept("wine.csv"), rows=asked)).metrics
    head, *lines = table("wine.csv")
    assert found["columns"] == head
    for row, cells in zip(asked, found["cells"], strict=True):
        for cell, text in zip(cells, lines[row], strict=True):
            assert cell == text or float(cell) == pytest.approx(float(text), rel=1e-5)


def test_pictures_are_small_and_named() -> None:
    result = run(UploadRows(upload=kept("digits.zip"), rows=(3, 9)))
    assert len(result.metrics["names"]) == 2
    assert all(name.endswith(".png") for name in result.metrics["names"])
    pictures = result.arrays["pictures"]
    assert pictures.dtype == np.uint8
    assert len(pictures) == 2
    assert max(pictures.shape[1:3]) <= 64


@pytest.mark.parametrize("rows", [(99_999,), (0, 180)])
def test_a_row_that_the_file_has_not_is_one_sentence(rows) -> None:
    with pytest.raises(ValueError, match="rows must be labelled rows"):
        run(UploadRows(upload=kept("wine.csv"), rows=rows))


def test_the_corrected_file_follows_the_decisions_and_none_gives_the_very_bytes() -> None:
    upload = kept("wine.csv")
    assert run(UploadExport(upload=upload)).arrays["file"].tobytes() == (SAMPLES / "wine.csv").read_bytes()
    decisions = ((7, "relabel", "Barolo"), (18, "drop", None), (22, "keep", None))
    result = run(UploadExport(upload=upload, decisions=decisions))
    head, *lines = csv.reader(io.StringIO(result.arrays["file"].tobytes().decode()))
    before = table("wine.csv")
    assert head[: len(before[0])] == before[0]
    assert len(lines) == len(before) - 2
    assert lines[7][head.index("grape_corrected")] == "Barolo"
    assert lines[7][: len(before[0])] == before[8]
    assert result.metrics["n_bytes"] == len(result.arrays["file"])


@pytest.mark.parametrize(
    ("decisions", "words"),
    [
        (((3, "burn", None),), "decision"),
        (((3, "relabel", None),), "label"),
        (((3, "keep", "cat"),), "label"),
        (((3, "keep", None), (2, "drop", None)), "ascending"),
        (((-1, "keep", None),), "row"),
    ],
)
def test_decisions_that_make_no_sense_are_refused(decisions, words) -> None:
    with pytest.raises(ValueError, match=words):
        UploadExport(upload=kept("wine.csv"), decisions=decisions)


def test_requests_survive_json() -> None:
    upload = kept("wine.csv")
    for request in (
        UploadRows(upload=upload, rows=(1, 2)),
        UploadExport(upload=upload, decisions=((1, "relabel", "x"),)),
    ):
        again = from_json(to_json(request))
        assert again == request
        assert again.digest == request.digest
