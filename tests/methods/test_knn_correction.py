"""The corrections of KED on arrays: golden cases by hand, one snapshot, and brute force beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.methods.knn_correction import (
    choose_reference,
    cumulative_loss,
    flow,
    iterknn,
    selknn,
    who_outvoted,
)
from lab.methods.knn_filter import knn_filter


def line(*places: float) -> np.ndarray:
    """Rows on a line."""
    return np.array(places, dtype=np.float32)[:, None]


def brute_vote(reference: np.ndarray, y: np.ndarray, query: np.ndarray, k: int, own: int | None) -> set[int]:
    """All labels with the most votes among the k nearest."""
    distance = ((reference - query) ** 2).sum(axis=1)
    if own is not None:
        distance[own] = np.inf
    votes = np.bincount(y[np.argsort(distance, kind="stable")[:k]])
    return set(np.flatnonzero(votes == votes.max()))


def test_labels_are_corrected_from_one_snapshot() -> None:
    """Each row's nearest other row has the other label: all change at once, where one after another the first to be
    changed would agree with the second, which would then stay as it is.
    """
    x, y = line(0, 1, 10, 11), np.array([0, 1, 0, 1])
    one_after_another = y.copy()
    for i in range(4):
        one_after_another[i] = iterknn(x, one_after_another, k=1).labels[i]
    assert iterknn(x, y, k=1).labels.tolist() == [1, 0, 1, 0]
    assert one_after_another.tolist() == [1, 1, 1, 1]
    assert y.tolist() == [0, 1, 0, 1]


def test_a_row_votes_for_itself_only_where_that_is_asked_for() -> None:
    x, y = line(0, 1, 3), np.array([0, 1, 1])
    assert iterknn(x, y, k=1).labels.tolist() == [1, 0, 1]
    assert iterknn(x, y, k=1, self_neighbour="include").labels.tolist() == [0, 1, 1]


@given(seed=st.integers(0, 1000), k=st.integers(1, 40))
@settings(max_examples=30, deadline=None)
def test_votes_are_those_of_brute_force(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(30, 3)).astype(np.float32), rng.integers(0, 4, 30)
    vote = iterknn(x, y, k=k)
    assert vote.k == min(k, 29)
    assert all(vote.labels[i] in brute_vote(x, y, x[i], vote.k, i) for i in range(30))
    chosen = choose_reference(y, rng.random(30), 40)
    selected = selknn(x, y, chosen, k=k)
    assert selected.k == min(k, chosen.sum())
    assert (selected.labels[chosen] == y[chosen]).all()
    for i in np.flatnonzero(~chosen):
        assert selected.labels[i] in brute_vote(x[chosen], y[chosen], x[i], selected.k, None)


def test_k_is_at_most_the_reference_or_its_smallest_class() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 2)).astype(np.float32), np.repeat([0, 1], [30, 10])
    chosen = choose_reference(y, rng.random(40), 20)
    assert np.bincount(y[chosen]).tolist() == [6, 2]
    assert selknn(x, y, chosen, k=100).k == 8
    assert selknn(x, y, chosen, k=100, limit_k="class").k == 2
    assert iterknn(x, y, k=100).k == 39


def test_true_labels_can_vote_in_place_of_the_given_ones() -> None:
    x, y, clean = line(0, 1, 10, 11), np.array([1, 1, 0, 0]), np.array([0, 0, 1, 1])
    assert iterknn(x, y, k=1, y_voting=clean).labels.tolist() == clean.tolist()
    chosen = np.array([True, False, True, False])
    assert selknn(x, y, chosen, k=1, y_voting=clean).labels.tolist() == clean.tolist()


def test_the_reference_is_the_smallest_share_of_every_class() -> None:
    y = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    loss = np.array([4.0, 1, 3, 2, 10, 60, 20, 50, 30, 40])
    assert np.flatnonzero(choose_reference(y, loss, 50)).tolist() == [1, 3, 4, 6, 8]
    assert np.flatnonzero(choose_reference(y, loss, 50, cap=1)).tolist() == [1, 4]
    assert choose_reference(y, loss, 1).sum() == 2  # one row of each class at least
    assert choose_reference(y, loss, 100).all()


def test_a_class_without_rows_has_none_in_the_reference() -> None:
    chosen = choose_reference(np.array([0, 0, 3, 3]), np.arange(4.0), 50)
    assert chosen.tolist() == [True, False, True, False]


def test_with_equal_losses_the_reference_has_no_more_rows_than_it_should() -> None:
    assert choose_reference(np.zeros(10, dtype=int), np.ones(10), 30).sum() == 3


def test_losses_are_summed_after_their_epochs_are_made_comparable() -> None:
    losses = np.array([[1.0, 3.0], [10.0, 30.0]])
    np.testing.assert_allclose(cumulative_loss(losses), [-11, 11])
    np.testing.assert_allclose(cumulative_loss(losses, "zscore"), [-2, 2])
    np.testing.assert_allclose(cumulative_loss(losses, "minmax"), [0, 2])
    np.testing.assert_allclose(cumulative_loss(np.ones((3, 4)), "minmax"), np.zeros(4))


def test_the_filter_leaves_out_what_its_neighbours_deny() -> None:
    x, y = line(0, 1, 2, 10, 11, 12), np.array([0, 0, 1, 1, 1, 1])
    assert knn_filter(x, y, k=2).tolist() == [True, True, False, True, True, True]


def test_who_outvoted_a_row_is_its_neighbours_without_itself() -> None:
    x, y = line(0, 1, 2, 3, 50), np.array([1, 0, 0, 0, 1])
    after = iterknn(x, y, k=3).labels
    assert after[0] == 0
    found = who_outvoted(x, y, after, np.array([0]), reference=np.ones(5, dtype=bool), k=3)
    assert found.neighbours.tolist() == [[1, 2, 3]]
    assert found.votes.tolist() == [[0, 3]]
    some = who_outvoted(x, y, after, np.array([0]), reference=np.array([False, False, True, True, False]), k=3)
    assert some.neighbours.tolist() == [[2, 3]]


def test_flow_counts_every_row_once() -> None:
    clean, before, after = np.array([0, 0, 0, 0, 0]), np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2])
    found = flow(before, after, clean)
    assert found == {"right_right": 1, "right_wrong": 1, "wrong_right": 1, "wrong_wrong": 2, "moved": 1}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: iterknn(line(0, 1), np.array([0, 1]), k=0), "k must be an integer >= 1"),
        (lambda: iterknn(line(0), np.array([0]), k=1), "features must be at least 2 rows"),
        (lambda: selknn(line(0, 1), np.array([0, 1]), np.zeros(2, dtype=bool)), "chosen must be"),
        (lambda: choose_reference(np.array([0, 1]), np.ones(2), 101), "percent must be"),
        (lambda: cumulative_loss(np.ones((1, 2)), "sum"), "normalise must be one of"),
    ],
)
def test_what_can_not_be_done_is_said(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
