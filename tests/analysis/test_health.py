"""What the health of a data set is read from."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import datasets

from lab.analysis.health import (
    alignment,
    constant_columns,
    find_duplicates,
    near_conflicts,
    prediction_alignment,
)
from lab.core.rng import numpy_rng
from lab.neighbors import NeighborTable


@pytest.fixture(scope="module")
def digits():
    raw = datasets.load_digits()
    return NeighborTable.build(raw.data.astype(np.float32), k_max=10).idx, raw.target.astype(np.int64)


def test_equal_rows_are_grouped_and_their_labels_compared():
    x = np.array([[1.0, 2], [3, 4], [1, 2], [0.0, 5], [-0.0, 5], [3, 4], [7, 7]])
    found = find_duplicates(x, [0, 1, 1, 2, 2, 1, 0])
    pairs = {frozenset(np.flatnonzero(found.group == g).tolist()) for g in range(3)}
    assert pairs == {frozenset({0, 2}), frozenset({1, 5}), frozenset({3, 4})}
    assert found.group[6] == -1
    assert found.conflicting[found.group[0]]
    assert not found.conflicting[found.group[1]]
    assert (found.n_rows, found.n_spare) == (6, 3)


def test_pictures_are_compared_as_a_whole():
    x = np.zeros((3, 2, 2, 1), dtype=np.uint8)
    x[2, 1, 1] = 1
    assert find_duplicates(x, [0, 1, 0]).group.tolist() == [0, 0, -1]


def test_no_duplicates_among_different_rows():
    found = find_duplicates(np.arange(12.0).reshape(6, 2), [0, 1, 0, 1, 0, 1])
    assert found.n_rows == 0
    assert len(found.conflicting) == 0


def test_columns_of_one_number_are_named():
    assert constant_columns(np.array([[1.0, 2, 3], [1, 5, 3]], dtype=np.float32)).tolist() == [0, 2]


def test_a_close_pair_of_two_labels_is_told_but_equal_rows_and_close_pairs_of_one_are_not():
    rng = numpy_rng(0, "places")
    x = np.concatenate(
        [rng.normal(size=(200, 2)) * 100, [[500, 500], [500.01, 500], [900, 0], [900.01, 0], [0, 900], [0, 900]]]
    )
    y = np.zeros(206, dtype=int)
    y[[200, 204]] = 1
    assert near_conflicts(NeighborTable.build(x, k_max=10), y).tolist() == [200, 201]


def test_rows_all_equal_have_no_close_pair():
    assert not len(near_conflicts(NeighborTable.build(np.ones((20, 3)), k_max=5), np.arange(20) % 2))


def test_right_labels_and_noisy_ones_are_in_step(digits):
    idx, y = digits
    assert alignment(idx, y).ok
    wrong = numpy_rng(0, "wrong").random(len(y)) < 0.4
    noisy = np.where(wrong, numpy_rng(0, "labels").integers(10, size=len(y)), y)
    assert alignment(idx, noisy).ok


@pytest.mark.parametrize("shift", [1, -3, 17])
def test_labels_that_slipped_are_noticed_with_the_number_of_rows(digits, shift):
    idx, y = digits
    found = alignment(idx, np.roll(y, shift))
    assert not found.ok
    assert (found.shift, found.from_row) == (shift, 0)
    assert f"slipped by {abs(shift)} row" in found.message


def test_labels_that_slip_half_way_are_noticed_with_the_place(digits):
    idx, y = digits
    half = len(y) // 2
    found = alignment(idx, np.r_[y[:half], np.roll(y[half:], 2)])
    assert found.shift == 2
    assert abs(found.from_row - half) < len(y) / 20


def test_shuffled_labels_are_no_better_than_chance(digits):
    idx, y = digits
    for seed in range(5):
        found = alignment(idx, numpy_rng(seed, "shuffled").permutation(y))
        assert found.by_chance
        assert not found.ok


def test_one_class_is_always_in_step():
    assert alignment(np.array([[1], [0], [0]]), [1, 1, 1]).ok


def test_predictions_tell_a_slip_too(digits):
    _, y = digits
    probs = np.full((len(y), 10), 0.02)
    probs[np.arange(len(y)), y] = 0.82
    assert prediction_alignment(probs, y).ok
    assert prediction_alignment(probs, np.roll(y, 1)).shift == 1
    assert prediction_alignment(probs, numpy_rng(0, "shuffled").permutation(y)).by_chance
