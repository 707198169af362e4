"""Who is listed, in which order, and which input is refused."""

from __future__ import annotations

import numpy as np
import pytest

from lab.neighbors import NeighborTable
from tests.neighbors.brute import assert_exact


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])  # the second is the accelerator's path, on torch's CPU device
@pytest.mark.parametrize("own", [False, True])
def test_lists_equal_a_float64_brute_force(device, own, monkeypatch, rng):
    monkeypatch.setattr("lab.neighbors.search.CHUNK", 64)
    monkeypatch.setattr("lab.neighbors.search.TILE", 150 * 300)
    reference = rng.normal(size=(300, 17)).astype(np.float32)
    queries = reference if own else rng.normal(size=(200, 17)).astype(np.float32)
    table = NeighborTable.build(reference, None if own else queries, k_max=50, device=device)
    assert assert_exact(table, reference, queries, own) > 0.999


def test_a_row_is_never_its_own_neighbour_even_among_40_identical_rows(rng):
    features = rng.normal(size=(100, 5)).astype(np.float32)
    features[30:70] = features[30]
    for k_max in (1, 10, 39, 99):
        table = NeighborTable.build(features, k_max=k_max)
        assert (table.idx != np.arange(100)[:, None]).all()
        assert (table.dist[30:70, : min(k_max, 39)] == 0).all()
        assert all(len(set(row)) == k_max for row in table.idx.tolist())
    others = [sorted(set(range(30, 70)) - {i}) for i in range(30, 70)]
    np.testing.assert_array_equal(NeighborTable.build(features, k_max=39).idx[30:70], others)


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_the_own_row_is_left_out_by_its_number_wherever_it_stands_in_the_list(device, rng):
    features = rng.normal(size=(60, 4)).astype(np.float32)
    features[20:30] = features[40]  # ten rows that precede their like among equals
    rows = rng.permutation(60)
    whole = NeighborTable.build(features, k_max=59)
    part = NeighborTable.build(features, features[rows], own=rows, k_max=59, device=device)
    np.testing.assert_array_equal(part.idx, whole.idx[rows])
    mixed = NeighborTable.build(features, features[[40, 40]], own=[40, -1], k_max=11)
    assert 40 not in mixed.idx[0]
    assert 40 in mixed.idx[1]


def test_with_self_puts_every_row_in_front_of_its_own_list(rng):
    table = NeighborTable.build(rng.normal(size=(30, 2)), k_max=7)
    with_self = table.with_self()
    np.testing.assert_array_equal(with_self.idx[:, 0], np.arange(30))
    np.testing.assert_array_equal(with_self.idx[:, 1:], table.idx)
    np.testing.assert_array_equal(with_self.dist, np.hstack([np.zeros((30, 1)), table.dist]))
    y = rng.integers(3, size=30)
    np.testing.assert_array_equal(with_self.predict(y, 1), y)
    with pytest.raises(ValueError, match="table must be without the rows themselves"):
        with_self.with_self()
    with pytest.raises(ValueError, match="table must be a self-search of 30 rows, got '2 queries'"):
        NeighborTable(table.idx[:2], table.dist[:2], 30).with_self()


def test_equally_near_rows_are_listed_in_order_of_index():
    reference = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [2, 0]])
    table = NeighborTable.build(reference, [[0, 0]])
    np.testing.assert_array_equal(table.idx, [[0, 1, 2, 3, 4]])
    np.testing.assert_array_equal(table.dist, [[1, 1, 1, 1, 2]])


@pytest.mark.parametrize(("offset", "scale"), [(1e6, 1), (0, 1e-20), (0, 1e30), (0, 2e37), (-3e4, 1e-2)])
def test_a_far_origin_or_an_odd_unit_costs_no_accuracy(offset, scale, rng):
    reference, queries = rng.normal(size=(2, 200, 8)) * scale + offset
    table = NeighborTable.build(reference, queries, k_max=20)
    assert assert_exact(table, reference, queries) > 0.99


def test_one_distant_query_does_not_disturb_the_others_order(rng):
    reference = rng.normal(size=(200, 8))
    queries = np.vstack([reference[:5], np.full((1, 8), 1e9)])
    table = NeighborTable.build(reference, queries, k_max=10)
    np.testing.assert_array_equal(table.idx[:5, 0], np.arange(5))
    np.testing.assert_array_equal(table.dist[:5, 0], 0)


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_rows_much_closer_to_each_other_than_to_the_centre_are_told_apart(device, rng):
    heaps = np.repeat([[-3.0], [3.0]], 200, axis=0) + rng.normal(size=(400, 32)) * 3e-3
    assert assert_exact(NeighborTable.build(heaps, k_max=60, device=device), heaps, heaps, own=True) > 0.99


def test_constant_features_change_nothing(rng):
    reference = rng.normal(size=(50, 3)).astype(np.float32)
    padded = np.hstack([reference, np.full((50, 2), 0.3, np.float32)])
    np.testing.assert_array_equal(NeighborTable.build(padded).idx, NeighborTable.build(reference).idx)
    everything_constant = NeighborTable.build(np.full((5, 2), 0.3))
    np.testing.assert_array_equal(everything_constant.dist, 0)
    np.testing.assert_array_equal(everything_constant.idx[0], [1, 2, 3, 4])


def test_cosine_ranks_by_angle_and_a_zero_row_is_at_right_angles_to_all_but_its_like(rng):
    reference, queries = rng.normal(size=(2, 60, 4))
    queries[7], reference[3], reference[9] = 0, 0, 0
    table = NeighborTable.build(reference, queries, metric="cosine")
    unit = [s / np.maximum(np.linalg.norm(s, axis=1, keepdims=True), 1e-9) for s in (queries, reference)]
    dist = 1 - unit[0] @ unit[1].T
    dist[7, [3, 9]] = 0
    np.testing.assert_allclose(table.dist, np.sort(dist, axis=1), atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(dist, table.idx.astype(int), 1), table.dist, atol=1e-6)
    own = NeighborTable.build(reference, metric="cosine")
    np.testing.assert_allclose(own.dist[[3, 9]], [[0] + [1] * 58] * 2, atol=1e-6)
    assert own.idx[3, 0] == 9


def test_k_max_is_101_or_as_many_as_there_are(rng):
    x = rng.normal(size=(150, 2))
    assert NeighborTable.build(x).k_max == 101
    assert NeighborTable.build(x[:20]).k_max == 19
    assert NeighborTable.build(x[:20], x).k_max == 20
    assert NeighborTable.build(x[:20], x[:0]).idx.shape == (0, 20)
    assert NeighborTable.build(x[:1], x).k_max == 1


def test_queries_may_be_anything_numpy_reads_as_numbers():
    table = NeighborTable.build([[0, 0], [3, 4]], np.array([[True, False]]), k_max=2)
    np.testing.assert_allclose(table.dist, [[1, np.sqrt(20)]])


@pytest.mark.parametrize(
    ("sets", "options", "message"),
    [
        (([[1.0], [np.nan]],), {}, "reference must be finite numbers of size <= 1e\\+38, got nan at row 1, column 0"),
        (([[1.0]], [[np.inf]]), {}, "queries must be finite numbers .* got inf at row 0, column 0"),
        (([[1e39], [0.0]],), {}, "reference must be finite .* got 1e\\+39"),
        (([1.0, 2.0],), {}, "reference must be two-dimensional, one row per example, got \\(2,\\)"),
        ((np.zeros((3, 0)),), {}, "reference must be rows of at least one feature"),
        (([["a"], ["b"]],), {}, "reference must be real numbers"),
        (([[1j], [2.0]],), {}, "reference must be real numbers"),
        (([[1.0, 2.0]], [[1.0]]), {}, "queries must be rows of 2 features, as the reference has, got 1"),
        (([[1.0]],), {}, "reference must be at least 2 rows for a self-search, got 1"),
        ((np.zeros((0, 1)), [[1.0]]), {}, "reference must be at least 1 row, got 0"),
        (([[1.0], [2.0]],), {"k_max": 2}, "k_max must be an integer in \\[1, 1\\], got 2"),
        (([[1.0], [2.0]], [[1.0]]), {"k_max": 3}, "k_max must be an integer in \\[1, 2\\], got 3"),
        (([[1.0], [2.0]],), {"k_max": 0}, "k_max must be an integer in \\[1, 1\\], got 0"),
        (([[1.0], [2.0]], [[1.0]]), {"k_max": 2, "own": [0]}, "k_max must be an integer in \\[1, 1\\], got 2"),
        (([[1.0], [2.0]], [[1.0]]), {"own": [2]}, "own must be in \\[-1, 1\\], got 2"),
        (([[1.0], [2.0]], [[1.0]]), {"own": [-2]}, "own must be in \\[-1, 1\\], got -2"),
        (([[1.0], [2.0]], [[1.0]]), {"own": [0, 1]}, "own must be 1 row numbers, one per query, got \\(2,\\)"),
        (([[1.0], [2.0]], [[1.0]]), {"own": [0.0]}, "own must be integers"),
        (([[1.0], [2.0]],), {"own": [0, 1]}, "own must be left out in a self-search"),
        (([[1.0], [2.0]],), {"metric": "manhattan"}, "metric must be one of 'l2', 'cosine', got 'manhattan'"),
    ],
)
def test_bad_input_is_answered_with_one_sentence(sets, options, message):
    with pytest.raises(ValueError, match=message):
        NeighborTable.build(*sets, **options)
