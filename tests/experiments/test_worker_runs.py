"""What a study gets of a finished training: its arrays, and the rows it was done on."""

from __future__ import annotations

import numpy as np
import pytest

from lab.data import load
from lab.experiments.gallery import shipped
from lab.experiments.progress import unheard
from lab.experiments.worker_runs import finished, inputs_of, thumbnails
from lab.specs.presets import TRAININGS


def test_a_shipped_run_is_found_and_its_rows_are_those_of_its_labels():
    run = finished(TRAININGS[0], unheard)
    assert run is shipped(TRAININGS[0].digest)
    digits, inputs = load("digits"), inputs_of(run)
    rows = run.arrays["rows"]
    np.testing.assert_array_equal(
        inputs.train.reshape(len(rows), -1), np.asarray(digits.x)[rows].reshape(len(rows), -1)
    )
    assert np.array_equal(digits.y_clean[rows], run.arrays["y_clean"])
    assert len(inputs.test) == len(run.arrays["test_y"])
    assert inputs.train.shape[1:] == (8, 8, 1)


@pytest.mark.parametrize(("shape", "seen"), [((3, 8, 8, 1), (3, 8, 8, 1)), ((3, 64, 40, 3), (3, 32, 20, 3))])
def test_pictures_are_bytes_of_at_most_32_pixels(shape, seen):
    x = np.linspace(0, 1, np.prod(shape), dtype=np.float32).reshape(shape)
    pictures = thumbnails(x)
    assert pictures.dtype == np.uint8
    assert pictures.shape == seen
    assert pictures.max() >= 250


def test_pictures_of_bytes_are_averages_and_tables_have_none():
    x = np.arange(64 * 64, dtype=np.uint32).reshape(1, 64, 64, 1) % 256
    pictures = thumbnails(x.astype(np.uint8), np.array([0]))
    assert pictures[0, 0, 0, 0] == round(x[0, :2, :2].mean())
    assert thumbnails(np.zeros((4, 7), np.float32)) is None
