"""The distance between a softmax and its neighbours' histogram, and the K that is preferred."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.analysis.chi_square import chi_square_distance, preferred_k
from lab.core.rng import numpy_rng
from lab.neighbors import NeighborTable


def test_both_definitions_by_hand() -> None:
    p, h = [[0.5, 0.5, 0.0]], [[0.25, 0.25, 0.5]]
    assert chi_square_distance(p, h, form="sum")[0] == pytest.approx(0.0625 / 0.75 * 2 + 0.5)
    assert chi_square_distance(p, h)[0] == pytest.approx(0.0625 / 0.75 + 0.25)


@pytest.mark.parametrize("share", [0.75, 0.87])
def test_a_confident_softmax_and_a_share(share: float) -> None:
    """(1 - s) / (1 + s): the paper's 0.143 is a share of 0.75 in one definition and 0.87 in the other."""
    h = [[share, 1 - share]]
    assert chi_square_distance([[1.0, 0.0]], h)[0] == pytest.approx((1 - share) / (1 + share))
    assert chi_square_distance([[1.0, 0.0]], h, form="sum")[0] == pytest.approx(2 * (1 - share) / (1 + share))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 9), st.integers(0, 10_000))
def test_it_is_a_distance_between_0_and_1(n_classes: int, seed: int) -> None:
    rng = numpy_rng(seed)
    p, h = rng.dirichlet(np.full(n_classes, 0.3), size=(2, 5))
    distance = chi_square_distance(p, h)
    assert ((distance >= 0) & (distance <= 1)).all()
    np.testing.assert_allclose(distance, chi_square_distance(h, p), atol=1e-15)
    np.testing.assert_allclose(chi_square_distance(p, p), 0, atol=1e-15)
    apart = chi_square_distance(np.eye(n_classes), np.roll(np.eye(n_classes), 1, axis=1))
    np.testing.assert_array_equal(apart, 1)


def line() -> tuple[NeighborTable, np.ndarray]:
    """Neighbours of both queries, in order: class 0 0 0 1 1 1."""
    return NeighborTable.build(np.arange(6.0)[:, None], np.array([[-1.0], [-2.0]]), k_max=6), np.array(
        [0, 0, 0, 1, 1, 1]
    )


def test_the_preferred_k_is_where_the_histogram_is_nearest() -> None:
    table, y = line()
    found = preferred_k(table, y, [[0.75, 0.25], [1.0, 0.0]], ks=range(1, 7))
    assert found.k.tolist() == [4, 1]  # 3 of 4 votes; of K = 1, 2 and 3, which all agree, the smallest
    np.testing.assert_allclose(found.distance, 0, atol=1e-15)
    assert found.shares().tolist() == [0.5, 0, 0, 0.5, 0, 0]
    h = [[3 / 5, 2 / 5]] * 2
    np.testing.assert_allclose(found.distances[:, 4], chi_square_distance([[0.75, 0.25], [1.0, 0.0]], h))


def test_the_form_is_carried_through() -> None:
    table, y = line()
    half = preferred_k(table, y, [[0.7, 0.3], [0.2, 0.8]], ks=[2, 5])
    whole = preferred_k(table, y, [[0.7, 0.3], [0.2, 0.8]], ks=[2, 5], form="sum")
    np.testing.assert_allclose(whole.distances, 2 * half.distances)
    assert whole.median == pytest.approx(2 * half.median)
    assert half.median == pytest.approx(half.distance.mean())
    assert (half.form, whole.form) == ("half", "sum")


def test_example_pairs_are_those_nearest_to_a_distance() -> None:
    rng = numpy_rng(0)
    table = NeighborTable.build(rng.normal(size=(60, 2)), rng.normal(size=(25, 2)), k_max=30)
    found = preferred_k(table, rng.integers(3, size=60), rng.dirichlet(np.ones(3), size=25), ks=range(10, 31, 10))
    rows = found.nearest_to(found.median, 5)
    gaps = np.abs(found.distance - found.median)
    assert gaps[rows].max() <= np.delete(gaps, rows).min()
    assert (np.diff(gaps[rows]) >= 0).all()
    assert gaps[rows[0]] == 0


def test_wrong_arguments_are_named() -> None:
    table, y = line()
    probs = [[0.5, 0.5], [0.5, 0.5]]
    for call, message in [
        (lambda: chi_square_distance(probs, [[0.5, 0.5]]), r"h must be of shape \(2, 2\), got \(1, 2\)"),
        (lambda: chi_square_distance(probs, probs, form="pearson"), "form must be one of 'half', 'sum', got 'pearson'"),
        (lambda: preferred_k(table, y, probs), r"ks must be an integer in \[1, 6\], got 10"),
        (lambda: preferred_k(table, y, probs, ks=[3, 2]), r"ks must be increasing and not empty, got \(3, 2\)"),
        (lambda: preferred_k(table, y, probs, ks=[]), "ks must be increasing and not empty"),
        (lambda: preferred_k(table, y, probs[:1], ks=[2]), "pred_probs must be 2 rows, at least one"),
        (
            lambda: preferred_k(table, y, probs, ks=[2]).nearest_to(0.1, 3),
            r"count must be an integer in \[1, 2\], got 3",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
