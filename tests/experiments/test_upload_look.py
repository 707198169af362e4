"""A first look at an uploaded file, as a worker computes it."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from lab.experiments import Run, uploads, worker_uploads
from lab.experiments.progress import unheard
from lab.experiments.worker_upload_look import run_upload_look
from lab.experiments.worker_uploads import open_upload
from lab.specs import Upload, UploadLook

CSV = b"id,size,colour,kind\n" + b"".join(
    b"%d,%d.5,%s,%s\n" % (i, i % 7, b"rgb"[i % 3 : i % 3 + 1], b"ab"[i % 2 : i % 2 + 1]) for i in range(30)
)


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    worker_uploads.clear()


def look_at(upload: Upload) -> Run:
    return run_upload_look(UploadLook(upload=upload), unheard)


def picture(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (50, 40), colour).save(file, "PNG")
    return file.getvalue()


def test_a_table_is_described_and_its_counts_add_up():
    look = look_at(uploads.keep(CSV, "t.csv")).metrics
    assert (look["kind"], look["n_rows"], look["n"], look["label"]) == ("table", 30, 30, "kind")
    assert (look["classes"], look["counts"]) == (["a", "b"], [15, 15])
    assert {c["name"]: (c["role"], c["kind"]) for c in look["columns"]} == {
        "id": ("left out", "identifier"),
        "size": ("feature", "number"),
        "colour": ("feature", "category"),
        "kind": ("label", "label"),
    }
    assert look["n_features"] == 4
    assert look["preview_columns"] == ["id", "size", "colour", "kind"]
    assert look["preview"][1] == ["1", "1.5", "g", "b"]
    assert len(look["preview"]) == 8
    json.dumps(look, allow_nan=False)


def test_pictures_come_from_all_over_the_file():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for i in range(60):
            archive.writestr(f"{'ab'[i // 30]}/{i:02}.png", picture((i, 0, 0)))
    found = look_at(uploads.keep(packed.getvalue(), "t.zip"))
    assert found.metrics["kind"] == "images"
    assert found.arrays["pictures"].shape == (24, 40, 40, 3)
    assert set(found.arrays["picture_labels"]) == {0, 1}
    np.testing.assert_array_equal(found.arrays["pictures"][:, 0, 0, 0], found.arrays["picture_rows"])


def test_the_worker_keeps_the_latest_file_open_and_no_file_that_was_put_away(monkeypatch):
    upload = uploads.keep(CSV, "t.csv")
    assert open_upload(upload) is open_upload(upload)
    other = open_upload(uploads.keep(CSV[:-4] + b",a\n", "t.csv"))
    assert open_upload(upload) is not other
    uploads.forget(upload.digest)
    with pytest.raises(ValueError, match="The file is not here any more"):
        open_upload(upload)
    assert not worker_uploads._latest


def test_one_flipped_label_among_60_000_is_seen():
    rows = [b"%d,%d" % (i * 7 % 1000, i % 2) for i in range(60_000)]
    counts = []
    for flipped in (rows, [*rows[:40_000], b"0,1", *rows[40_001:]]):
        counts.append(look_at(uploads.keep(b"x,y\n" + b"\n".join(flipped), "t.csv")).metrics["counts"])
    assert counts == [[30_000, 30_000], [29_999, 30_001]]
