"""KNET Fig. 3 against plain loops, and every row in one of four lists."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lab.analysis import knet_comparison
from lab.analysis.knet_comparison import disagreement, imitation
from lab.core.rng import numpy_rng
from lab.methods.knet import KNetClassifier
from lab.neighbors import KNNClassifier, NeighborTable
from lab.nets.knet import FoldedKNet


@pytest.fixture(scope="module")
def task():
    """Two clouds, 30 % and 10 % of whose labels are wrong; a kNet; other points as queries."""
    rng = numpy_rng(0)
    y = rng.integers(2, size=400)
    x, queries = (rng.normal(size=(400, 3)) + 3 * y[:, None] for _ in range(2))
    y_given = np.where(rng.random(400) < np.where(y == 0, 0.3, 0.1), 1 - y, y)
    return x, y_given, queries, KNetClassifier(epochs=30).fit(x, y_given)


def test_every_k_of_one_pass_equals_the_two_estimators_asked_for_each_k(task, monkeypatch):
    x, y_given, queries, knet = task
    monkeypatch.setattr(knet_comparison, "AT_ONCE", 37 * 101 * 2)
    found = imitation(NeighborTable.build(x, queries), y_given, 2, knet.network_.fold(), queries)
    knn = KNNClassifier().fit(x, y_given)
    for k in (1, 2, 51, 101):
        shares, probs = knn.predict_proba(queries, k), knet.predict_proba(queries, k)
        assert found.difference[k - 1] == pytest.approx(np.abs(shares - probs).mean(), abs=1e-5)
        assert found.max_knn[k - 1] == pytest.approx(shares.max(axis=1).mean(), abs=1e-5)
        assert found.max_knet[k - 1] == pytest.approx(probs.max(axis=1).mean(), abs=1e-5)
    assert found.difference[found.closest_k - 1] == found.difference.min()
    assert found.max_knn[0] == 1


def test_a_constant_network_differs_from_one_neighbour_by_what_it_does_not_say(task):
    """A kNet that always says (.8, .2), two queries whose one neighbour is of class 0 and of class 1."""
    logits = np.log(np.array([0.8, 0.2], np.float32))
    zeros = np.zeros((2, 1), np.float32)
    net = FoldedKNet(zeros[:1], zeros[0], zeros[0], zeros, logits, np.zeros(101, np.float32))
    table = NeighborTable.build([[0.0], [9.0]], [[1.0], [8.0]], k_max=1)
    found = imitation(table, [0, 1], 2, net, [[1.0], [8.0]])
    np.testing.assert_allclose(found.difference, [(0.2 + 0.8) / 2])
    np.testing.assert_allclose(found.max_knet, [0.8])


def test_tables_labels_network_and_queries_must_fit(task):
    x, y_given, queries, knet = task
    net, table = knet.network_.fold(), NeighborTable.build(x, queries)
    for arguments, message in (
        ((table, y_given, 2, net, queries[1:]), "queries must be the 400 rows of the table, at least one, got 399"),
        ((table, y_given, 2, net, queries[:, 1:]), "queries must be rows of 3 features, got 2"),
        ((table, y_given, 3, net, queries), "n_classes must be 2, as the network has, got 3"),
        ((table, y_given[1:], 2, net, queries), "y must be 400 labels"),
        ((NeighborTable.build(x, x, k_max=102), y_given, 2, net, x), "k_max of the table must be at most 101, got 102"),
        ((NeighborTable.build(x, x[:0]), y_given, 2, net, x[:0]), "queries must be .* at least one, got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            imitation(*arguments)


@given(labels=arrays(np.int64, st.tuples(st.just(3), st.integers(0, 30)), elements=st.integers(0, 3)))
def test_every_row_is_in_one_of_the_four_lists(labels):
    first, second, truth = labels
    found = disagreement(first, second, truth)
    lists = (found.mended, found.broken, found.both_right, found.both_wrong)
    np.testing.assert_array_equal(np.sort(np.concatenate(lists)), np.arange(len(truth)))
    assert len(found.mended) - len(found.broken) == (second == truth).sum() - (first == truth).sum()


def test_rows_that_the_second_mends_and_breaks_are_named():
    found = disagreement([0, 1, 2, 0], [0, 2, 1, 1], [0, 2, 2, 2])
    assert [x.tolist() for x in (found.mended, found.broken, found.both_right, found.both_wrong)] == [
        [1],
        [2],
        [0],
        [3],
    ]
    with pytest.raises(ValueError, match="second must be 2 labels, one per row, got 1"):
        disagreement([0, 1], [0], [0, 1])
