"""The sample files are what their builder makes, and hold what their sentences say."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lab.data import samples
from lab.data.uploads import read_upload
from lab.specs import Upload
from lab.specs.uploads import UploadLimits

ABOUT = {about["file"]: about for about in json.loads((samples.SAMPLES / samples.ABOUT).read_text())}


def pixels(path: Path) -> dict[str, list]:
    with zipfile.ZipFile(path) as archive:
        return {n: np.asarray(Image.open(io.BytesIO(archive.read(n)))).tolist() for n in archive.namelist()}


def test_the_builder_makes_the_files_that_ship(tmp_path):
    samples.build_samples(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in samples.SAMPLES.iterdir()}
    for name in ("wine.csv", "guesses.csv", samples.ABOUT):
        assert (tmp_path / name).read_bytes() == (samples.SAMPLES / name).read_bytes(), name
    assert pixels(tmp_path / "digits.zip") == pixels(samples.SAMPLES / "digits.zip")
    assert sum(path.stat().st_size for path in samples.SAMPLES.iterdir()) < 400_000


@pytest.mark.parametrize(
    ("name", "kind", "n_rows", "n", "n_classes", "label"),
    [
        ("wine.csv", "table", 180, 179, 3, "grape"),
        ("digits.zip", "images", 400, 400, 10, "folder"),
        ("guesses.csv", "probabilities", 1000, 1000, 10, "label"),
    ],
)
def test_a_sample_is_read_as_what_it_is(name, kind, n_rows, n, n_classes, label):
    path = samples.SAMPLES / name
    data = read_upload(path, Upload(digest="0" * 32, suffix=path.suffix), UploadLimits())
    assert (data.kind, data.n_rows, len(data.rows), data.n_classes, data.label) == (kind, n_rows, n, n_classes, label)
    assert {"wine.csv": 11, "digits.zip": 16, "guesses.csv": 20}[name] == len(ABOUT[name]["planted"])


def test_the_planted_labels_are_not_those_of_the_model():
    path = samples.SAMPLES / "guesses.csv"
    data = read_upload(path, Upload(digest="0" * 32, suffix=".csv"), UploadLimits())
    planted = ABOUT["guesses.csv"]["planted"]
    assert (data.pred_probs.argmax(axis=1) != data.y_given)[planted].all()
    wrong = (data.pred_probs.argmax(axis=1) != data.y_given).sum()
    assert wrong < 3 * len(planted)
