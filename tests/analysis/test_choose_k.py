"""k chosen without a clean label: what is measured, and that it leads to a good k."""

from __future__ import annotations

import numpy as np
import pytest

from lab.analysis import choose_k as module
from lab.analysis.choose_k import choose_k, curve_against_k
from lab.core.rng import numpy_rng
from lab.neighbors import NeighborTable
from lab.noise import Semantic, Symmetric, corrupt


def clouds(noise, n=900):
    rng = numpy_rng(0)
    y = rng.integers(3, size=n)
    x = rng.normal(size=(n, 2)) + 2.5 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    return x, y, corrupt(y, noise, rng=rng, n_classes=3).y_given


def test_each_row_is_judged_by_the_others_counted_one_row_and_one_k_at_a_time(monkeypatch):
    monkeypatch.setattr(module, "ROWS", 13)
    x, y_clean, y_given = clouds(Symmetric(0.3), n=60)
    y_clean[:] = y_clean % 2  # no row is truly of the last class
    table = NeighborTable.build(x, k_max=9)
    choice = choose_k(table, y_given, 4, y_clean=y_clean)
    prior = (np.bincount(y_given, minlength=4) + 1) / 64
    dist = np.linalg.norm(x[:, None] - x, axis=2)
    np.fill_diagonal(dist, np.inf)
    order = dist.argsort(axis=1)
    for curve, truth in ((choice.noisy, y_given), (choice.clean, y_clean)):
        for k in (1, 4, 9):
            votes = np.stack([np.bincount(y_given[row[:k]], minlength=4) for row in order])
            share = (votes + prior) / (k + 1)
            np.testing.assert_allclose(share.sum(axis=1), 1)
            np.testing.assert_allclose(curve.log_loss[k - 1], -np.log(share[np.arange(60), truth]).mean())
            assert curve.accuracy[k - 1] == (table.predict(y_given, k) == truth).mean()
    assert choice.noisy.accuracy[choice.noisy.most_accurate_k - 1] == choice.noisy.accuracy.max()
    assert choice.noisy.log_loss[choice.noisy.least_surprised_k - 1] == choice.noisy.log_loss.min()


@pytest.mark.parametrize("noise", [Symmetric(0.4), Semantic(0.3, {0: 1, 1: 2})])
def test_the_k_of_the_given_labels_costs_little_clean_accuracy_and_a_single_neighbour_costs_much(noise):
    x, y_clean, y_given = clouds(noise)
    choice = choose_k(NeighborTable.build(x), y_given, 3, y_clean=y_clean)
    assert choice.cost(1) > 0.1
    assert choice.cost(choice.noisy.most_accurate_k) < 0.03
    assert choice.cost(choice.noisy.least_surprised_k) < 0.03
    assert choice.cost(choice.clean.most_accurate_k) == 0


def test_without_the_truth_there_is_no_oracle_and_the_given_curve_is_the_same():
    x, y_clean, y_given = clouds(Symmetric(0.3), n=100)
    table = NeighborTable.build(x)
    blind, seeing = choose_k(table, y_given, 3), choose_k(table, y_given, 3, y_clean=y_clean)
    assert blind.clean is None
    assert blind.cost(5) is None
    np.testing.assert_array_equal(blind.noisy.accuracy, seeing.noisy.accuracy)


def test_one_class_is_always_right():
    choice = choose_k(NeighborTable.build(np.zeros((40, 2))), np.zeros(40, int), 1)
    np.testing.assert_array_equal(choice.noisy.accuracy, 1)
    np.testing.assert_allclose(choice.noisy.log_loss, 0, atol=1e-12)


def test_held_out_rows_undeceive_where_features_know_the_given_labels():
    """Features bent towards the labels, as a network that has learned them by heart bends them on its training rows."""
    x, y_clean, y_given = clouds(Symmetric(0.4))
    train, rest = slice(0, 600), slice(600, 900)
    bent = np.hstack([x, 1.5 * np.eye(3)[y_given]])[train]
    unseen = np.hstack([x, np.full((900, 3), 0.5)])[rest]
    alone = choose_k(NeighborTable.build(bent), y_given[train], 3)
    table = NeighborTable.build(bent, unseen)
    held_out = choose_k(table, y_given[train], 3, held_out=y_given[rest], y_clean=y_clean[rest])
    assert alone.noisy.accuracy.max() > 0.75 > 0.65 > held_out.noisy.accuracy.max()
    assert held_out.cost(held_out.noisy.most_accurate_k) < 0.03
    expected = curve_against_k(table, y_given[train], 3, y_clean[rest])
    np.testing.assert_array_equal(held_out.clean.log_loss, expected.log_loss)


def test_bad_input_is_answered_with_one_sentence():
    x, _, y = clouds(Symmetric(0.3), n=30)
    table = NeighborTable.build(x)
    with pytest.raises(ValueError, match="table must be without the rows themselves"):
        choose_k(NeighborTable.build(x, x), y, 3)
    with pytest.raises(ValueError, match="table must be a self-search of 30 rows"):
        choose_k(NeighborTable.build(x, x[:5]), y, 3)
    with pytest.raises(ValueError, match="truth must be one label for each of 30 queries, got 29"):
        choose_k(table, y[:29], 3)
    with pytest.raises(ValueError, match="truth must be one label for each of 30 queries, got 31"):
        choose_k(table, y, 3, y_clean=[0] * 31)
    with pytest.raises(ValueError, match="y must be 30 labels, one per reference row, got 5"):
        curve_against_k(table, y[:5], 3, y)
    with pytest.raises(ValueError, match="k must be an integer in \\[1, 29\\], got 30"):
        choose_k(table, y, 3, y_clean=y).cost(30)
