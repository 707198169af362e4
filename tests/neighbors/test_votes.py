"""What the neighbours vote, for every k at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.neighbors import NeighborTable


def a_table(rng, n=20, n_reference=30, k_max=15):
    idx = np.stack([rng.permutation(n_reference)[:k_max] for _ in range(n)]).astype(np.int32)
    dist = np.sort(rng.random((n, k_max), dtype=np.float32), axis=1)
    return NeighborTable(idx, dist, n_reference)


def plain_predict(table, y, k, ties):
    """One k, one query at a time, counted from scratch."""
    answers = []
    for row in table.idx[:, :k]:
        labels = y[row].tolist()
        most = max(labels.count(label) for label in labels)
        tied = [label for label in labels if labels.count(label) == most]  # nearest first
        answers.append(tied[0] if ties == "nearest" else min(tied))
    return np.array(answers)


@given(seed=st.integers(0, 10_000), n_classes=st.integers(1, 12), k_max=st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_votes_of_k_sum_to_k_and_only_grow(seed, n_classes, k_max):
    rng = np.random.default_rng(seed)
    table = a_table(rng, k_max=k_max)
    y = rng.integers(n_classes, size=30)
    votes = table.votes(y, n_classes).astype(int)
    assert (votes.sum(axis=2) == np.arange(1, k_max + 1)).all()
    steps = np.diff(votes, axis=1, prepend=0)
    np.testing.assert_array_equal(steps, np.eye(n_classes, dtype=int)[y[table.idx]])
    for k in range(1, k_max + 1):
        np.testing.assert_array_equal(table.votes_at(y, n_classes, k), votes[:, k - 1])


@given(seed=st.integers(0, 10_000), n_classes=st.integers(1, 12), ties=st.sampled_from(["nearest", "lowest"]))
@settings(max_examples=60, deadline=None)
def test_every_k_of_one_pass_equals_counting_from_scratch(seed, n_classes, ties):
    rng = np.random.default_rng(seed)
    table = a_table(rng)
    y = rng.integers(n_classes, size=30)
    predicted = table.predict_all(y, n_classes, ties=ties)
    for k in range(1, table.k_max + 1):
        expected = plain_predict(table, y, k, ties)
        np.testing.assert_array_equal(predicted[:, k - 1], expected)
        np.testing.assert_array_equal(table.predict(y, k, ties=ties), expected)


@pytest.mark.parametrize(("ties", "expected"), [("nearest", [2, 2, 2, 1, 1]), ("lowest", [2, 1, 0, 1, 0])])
def test_a_tie_goes_to_the_nearest_or_to_the_lowest_label(ties, expected):
    table = NeighborTable(np.array([[0, 1, 2, 3, 4]]), np.arange(5, dtype=np.float32)[None], 5)
    np.testing.assert_array_equal(table.predict_all([2, 1, 0, 1, 0], 3, ties=ties), [expected])


def test_a_tie_regained_still_belongs_to_the_label_that_came_first():
    table = NeighborTable(np.arange(6)[None], np.arange(6, dtype=np.float32)[None], 6)
    # 0 | 0,1 tied | 1 leads | 1,0 tied: 0 came first | 2 joins | 2,1,0 all tied at two
    np.testing.assert_array_equal(table.predict_all([0, 1, 1, 0, 2, 2], 3), [[0, 0, 1, 0, 0, 0]])


def test_random_ties_fall_evenly_on_the_tied_labels_and_on_no_other(rng):
    n = 9000
    idx = np.tile(np.array([0, 1, 2, 3], np.int32), (n, 1))
    table = NeighborTable(idx, np.zeros((n, 4), np.float32), 4)
    predicted = table.predict_all([3, 1, 0, 3], 5, ties="random", rng=rng)
    share = np.bincount(predicted[:, 2], minlength=5) / n
    np.testing.assert_allclose(share, [1 / 3, 1 / 3, 0, 1 / 3, 0], atol=0.02)  # 4 sigma at n = 9000
    assert (predicted[:, 0] == 3).all()
    assert (predicted[:, 3] == 3).all()
    again = table.predict_all([3, 1, 0, 3], 5, ties="random", rng=np.random.default_rng(0))
    np.testing.assert_array_equal(predicted, again)


def test_k1_on_the_training_set_with_the_row_itself_returns_its_label(rng):
    x, y = rng.normal(size=(200, 6)), rng.integers(4, size=200)
    np.testing.assert_array_equal(NeighborTable.build(x, x).predict(y, 1), y)


def test_k_equal_to_n_votes_the_global_histogram_for_every_query(rng):
    x, y = rng.normal(size=(300, 6)), rng.integers(4, size=300)
    votes = NeighborTable.build(x, rng.normal(size=(10, 6)), k_max=300).votes(y, 4)
    assert votes.dtype == np.uint16
    np.testing.assert_array_equal(votes[:, -1], np.tile(np.bincount(y), (10, 1)))


def test_labels_above_255_survive():
    table = NeighborTable(np.array([[0, 1]]), np.zeros((1, 2), np.float32), 2)
    np.testing.assert_array_equal(table.predict_all([700, 3], 1000), [[700, 700]])
    np.testing.assert_array_equal(table.predict([700, 3], 2, ties="lowest"), [3])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.votes([0, 1], 2), "y must be 3 labels, one per reference row, got 2"),
        (lambda t: t.votes([0, 1, 2], 2), "y must be class indices below 2, got 2"),
        (lambda t: t.votes([0.5, 1, 2], 3), "y must be integers"),
        (lambda t: t.votes_at([0, 1, 1], 2, 0), "k must be an integer in \\[1, 2\\], got 0"),
        (lambda t: t.predict([0, 1, -1], 1), "y must be class indices >= 0, got -1"),
        (lambda t: t.predict([0, 1, 1], 3), "k must be an integer in \\[1, 2\\], got 3"),
        (lambda t: t.predict_all([0, 1, 1], 0), "n_classes must be an integer >= 1, got 0"),
        (lambda t: t.predict_all([0, 1, 1], 2, ties="first"), "ties must be one of 'nearest', 'lowest', 'random'"),
        (lambda t: t.predict_all([0, 1, 1], 2, ties="random"), "rng must be a numpy Generator for random ties"),
    ],
)
def test_bad_labels_are_answered_with_one_sentence(call, message):
    table = NeighborTable(np.array([[0, 1]]), np.zeros((1, 2), np.float32), 3)
    with pytest.raises(ValueError, match=message):
        call(table)
