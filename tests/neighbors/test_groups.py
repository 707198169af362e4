"""The search by groups finds what brute force finds, whatever the features."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.neighbors import NeighborTable, search_grid, search_groups
from tests.neighbors.brute import assert_exact


def network(rng, width=24):
    """A random two-layer ReLU network from the plane: continuous, with kinks."""
    first, bias, second = rng.normal(size=(2, 32)), rng.normal(size=32), rng.normal(size=(32, width)) / 6
    return lambda x: np.maximum(np.maximum(x @ first + bias, 0) @ second, 0).astype(np.float32)


def plane(height, width):
    return np.stack(np.meshgrid(np.linspace(-2, 2, width), np.linspace(-2, 2, height)), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize(("shape", "k_max"), [((25, 31), 60), ((1, 40), 7), ((9, 1), 1), ((2, 3), 400)])
def test_a_grid_under_a_network(shape, k_max, rng):
    net = network(rng)
    reference, features = net(rng.normal(size=(400, 2))), net(plane(*shape))
    assert assert_exact(search_grid(reference, features, shape, k_max=k_max), reference, features) > 0.99


def test_a_grid_of_unrelated_features(rng):
    reference, features = rng.normal(size=(300, 20)), rng.normal(size=(12 * 13, 20))
    assert assert_exact(search_grid(reference, features, (12, 13), k_max=30), reference, features) > 0.99


@given(
    seed=st.integers(0, 10_000),
    d=st.integers(1, 5),
    n=st.integers(1, 60),
    k_share=st.floats(0, 1),
    kind=st.sampled_from(["spread", "duplicates", "lattice", "constant", "outlier", "tight", "far"]),
)
@settings(max_examples=150, deadline=None)
def test_any_features_and_any_groups(seed, d, n, k_share, kind):
    rng = np.random.default_rng(seed)
    reference, queries = rng.normal(size=(n, d)), rng.normal(size=(40, d))
    if kind == "duplicates":
        reference, queries = reference[rng.integers(min(n, 3), size=n)], queries[rng.integers(3, size=40)]
        queries[:10] = reference[0]
    if kind == "lattice":
        reference, queries = reference.round(), queries.round()
    if kind == "constant":
        reference[:], queries[:] = 0.3, 0.3
    if kind == "outlier":
        queries[7] = 1e4
    if kind == "tight":
        reference *= 1e-3
    if kind == "far":
        reference, queries = reference + 1e3, queries + 1e3
    reference, queries = reference.astype(np.float32), queries.astype(np.float32)
    k = 1 + int(k_share * (n - 1))
    table = search_groups(reference, queries, rng.integers(4, size=40), k_max=k)
    assert_exact(table, reference, queries)


def test_a_query_among_more_equals_than_fit_gets_all_nearer_rows_first(rng):
    reference = np.zeros((200, 3), np.float32)
    reference[150:] = rng.normal(size=(50, 3)) * 1e-2
    queries = np.full((30, 3), 1.0) + rng.normal(size=(30, 3)) * 1e-3
    reference[190:] += 0.5  # nearer than the 150 equal rows, and last by index
    table = search_groups(reference, queries, np.zeros(30, int), k_max=20)
    assert (np.sort(table.idx[:, :10], axis=1) == np.arange(190, 200)).all()
    assert_exact(table, reference, queries)


def test_it_agrees_with_the_search_of_single_queries(rng):
    net = network(rng)
    reference, features = net(rng.normal(size=(500, 2))), net(plane(20, 20))
    one, other = search_grid(reference, features, (20, 20)), NeighborTable.build(reference, features)
    assert one.k_max == other.k_max == 101
    assert (one.idx == other.idx).mean() > 0.99
    np.testing.assert_allclose(one.dist, other.dist, rtol=1e-3, atol=1e-4)


def test_no_queries_no_neighbours(rng):
    assert search_groups(rng.normal(size=(5, 2)), np.zeros((0, 2)), []).idx.shape == (0, 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: search_grid(x, x, (2, 2)), "shape must be rows and columns of 6 cells, got \\(2, 2\\)"),
        (lambda x: search_grid(x, x, (0, 6)), "shape must be an integer >= 1, got 0"),
        (lambda x: search_grid(x, x, (2, 3), k_max=7), "k_max must be an integer in \\[1, 6\\], got 7"),
        (lambda x: search_grid(x, x * np.nan, (2, 3)), "queries must be finite numbers"),
        (lambda x: search_groups(x, x, [0, 1]), "group must be 6 indices, one per query, got 2"),
        (lambda x: search_groups(x, x, [0.5] * 6), "group must be integers"),
        (lambda x: search_groups(x, x[:, :1], [0] * 6), "queries must be rows of 2 features"),
    ],
)
def test_bad_input_is_answered_with_one_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.arange(12.0).reshape(6, 2))
