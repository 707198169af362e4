"""The approximate graph says truly how much it found, and keeps the rules of the exact one."""

from __future__ import annotations

import numpy as np
import pytest

from lab.neighbors import NeighborTable, approximate_self_graph
from tests.neighbors.brute import all_distances


def features(rng, n=1500, d=8):
    return (rng.normal(size=(6, d))[rng.integers(6, size=n)] * 3 + rng.normal(size=(n, d))).astype(np.float32)


@pytest.mark.parametrize("effort", [1, 4, 24])
def test_the_recall_is_the_share_of_exact_neighbours_that_are_listed(effort, rng):
    x = features(rng)
    graph = approximate_self_graph(x, rng=rng, k_max=12, effort=effort, n_checked=1500)
    exact = NeighborTable.build(x, k_max=12)
    both = [len(set(one) & set(other)) for one, other in zip(graph.table.idx.tolist(), exact.idx.tolist(), strict=True)]
    assert graph.recall == pytest.approx(np.mean(both) / 12, abs=1e-3)
    assert graph.n_checked == 1500
    assert (graph.recall > 0.99) == (effort == 24)


def test_a_sample_of_rows_tells_the_recall_of_all(rng):
    x = features(rng)
    whole, sampled = (
        approximate_self_graph(x, rng=np.random.default_rng(1), effort=3, n_checked=n) for n in (1500, 300)
    )
    np.testing.assert_array_equal(whole.table.idx, sampled.table.idx)
    assert sampled.n_checked == 300
    assert sampled.recall == pytest.approx(whole.recall, abs=0.03)


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_distances_are_exact_and_in_order_and_no_row_is_its_own_neighbour(metric, rng):
    x = features(rng, n=600)
    x[100:140] = x[100]
    table = approximate_self_graph(x, rng=rng, k_max=50, metric=metric, effort=2).table
    assert (table.idx != np.arange(600)[:, None]).all()
    assert all(len(set(row)) == 50 for row in table.idx.tolist())
    assert (np.diff(table.dist, axis=1) >= 0).all()
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    dist = all_distances(unit, unit) ** 2 / 2 if metric == "cosine" else all_distances(x, x)
    np.testing.assert_allclose(
        table.dist, np.take_along_axis(dist, table.idx.astype(int), axis=1), rtol=1e-4, atol=1e-6
    )
    assert (table.dist[100:140, :39] == 0).all()


@pytest.mark.parametrize("n", [2, 3, 40, 200])
def test_few_rows_get_the_exact_graph(n, rng):
    x = rng.normal(size=(n, 3)).astype(np.float32)
    graph = approximate_self_graph(x, rng=rng, k_max=min(10, n - 1), z_score=True)
    np.testing.assert_array_equal(graph.table.idx, NeighborTable.build(x, k_max=min(10, n - 1), z_score=True).idx)
    assert graph.recall == 1


def test_identical_rows_and_as_many_neighbours_as_there_are(rng):
    graph = approximate_self_graph(np.full((500, 2), 0.3), rng=rng, k_max=20)
    assert graph.recall == 1
    assert (graph.table.dist == 0).all()
    assert approximate_self_graph(rng.normal(size=(400, 2)), rng=rng, k_max=399, effort=1).recall == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"effort": 0}, "effort must be an integer >= 1, got 0"),
        ({"n_checked": 0}, "n_checked must be an integer >= 1, got 0"),
        ({"k_max": 6}, "k_max must be an integer in \\[1, 5\\], got 6"),
        ({"metric": "l1"}, "metric must be one of 'l2', 'cosine', got 'l1'"),
    ],
)
def test_bad_input_is_answered_with_one_sentence(options, message, rng):
    with pytest.raises(ValueError, match=message):
        approximate_self_graph(np.arange(12.0).reshape(6, 2), rng=rng, **options)
