"""The matrix typed on the page: what is typed is what is checked, and what the link holds."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.noise import Symmetric
from lab.ui.noise_matrix import (
    UNIT,
    checked_matrix,
    first_matrix,
    normalised,
    read_matrix,
    to_steps,
    write_matrix,
    wrong_rows,
)

MATRICES = st.integers(2, 20).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, UNIT), min_size=n, max_size=n), min_size=n, max_size=n)
)


@given(MATRICES)
def test_a_matrix_survives_the_link(rows: list[list[int]]) -> None:
    steps = np.array(rows)
    np.testing.assert_array_equal(read_matrix(write_matrix(steps), len(steps)), steps)


@given(MATRICES)
def test_scaled_rows_sum_to_one_exactly_and_keep_their_proportions(rows: list[list[int]]) -> None:
    steps = np.array(rows)
    scaled = normalised(steps)
    assert wrong_rows(scaled) == []
    assert (scaled >= 0).all()
    totals = steps.sum(axis=1, keepdims=True)
    kept = totals[:, 0] > 0
    np.testing.assert_allclose(scaled[kept], (steps / np.maximum(totals, 1) * UNIT)[kept], atol=len(steps))
    checked_matrix(scaled, 1.0, [str(i) for i in range(len(steps))])


@pytest.mark.parametrize("n_classes", [2, 3, 10, 20])
def test_every_models_matrix_can_be_edited_as_it_stands(n_classes: int) -> None:
    for T in (Symmetric(0.4).transition(n_classes), first_matrix(n_classes) / UNIT):
        steps = to_steps(T)
        assert wrong_rows(steps) == []
        np.testing.assert_allclose(steps / UNIT, T, atol=n_classes / 2 / UNIT)


def test_the_link_of_twenty_classes_is_short_enough() -> None:
    worst = np.random.default_rng(0).integers(0, UNIT, (20, 20))
    assert len(write_matrix(worst)) < 1200
    assert len(write_matrix(first_matrix(10))) < 80


def test_a_row_that_does_not_sum_to_one_is_named_with_its_sum() -> None:
    steps = first_matrix(3)
    steps[1, 1] = 9000
    with pytest.raises(ValueError, match=r"each row of the matrix must sum to 1, got 1.3 in the row of “dog”"):
        checked_matrix(steps, 1.0, ["cat", "dog", "bird"])


def packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(raw)).decode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("%%%", "another size"),
        ("A", "damaged"),
        ("AAAA", "damaged"),
        (packed(b"\0" * 10), "another size"),
        (packed(b"\0" * 10_000_000), "another size"),
        (packed(b"\xff" * 18), "larger"),
    ],
)
def test_a_link_that_holds_no_matrix_is_refused_in_a_sentence(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_matrix(text, 3)
