"""Neighbourhoods that are alike: one class stands for all, and the level at which the right label is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.analysis.alike import alike_distribution, breaking_level, one_for_all
from lab.analysis.plurality import TIES
from lab.analysis.plurality_noise import accuracy_at, expected_accuracy, one_hot, transition_at
from lab.noise import Flip, Matrix, Symmetric, Uniform, breaking_rate, two_alternatives

KINDS = st.sampled_from(["uniform", "symmetric", "flip", "two", "any"])


def corruption(kind: str, n_classes: int) -> np.ndarray:
    if kind == "two" and n_classes > 2:
        return two_alternatives(n_classes)
    if kind == "any":
        return np.random.default_rng(n_classes).dirichlet(np.ones(n_classes), n_classes)
    noise = {"uniform": Uniform, "symmetric": Symmetric}.get(kind, Flip)(1.0)
    return noise.corruption_matrix(n_classes)


@given(
    kind=KINDS,
    n_classes=st.integers(2, 7),
    k=st.integers(1, 9),
    rate=st.floats(0, 1),
    purity=st.floats(0, 1),
    others=st.sampled_from(["all", "next"]),
    ties=st.sampled_from(TIES),
)
@settings(max_examples=150, deadline=None)
def test_those_who_stand_for_all_have_the_accuracy_of_all(kind, n_classes, k, rate, purity, others, ties) -> None:
    c, P = alike_distribution(n_classes, purity, others=others), corruption(kind, n_classes)
    stand, rule = one_for_all(c, P, ties)
    found = accuracy_at(rate, c[stand], c[stand] @ P, k, stand, rule)
    everybody = expected_accuracy(c, transition_at(P, rate), k, np.arange(n_classes), ties=ties)
    assert found == pytest.approx(everybody, abs=1e-12)


@pytest.mark.parametrize("kind", ["uniform", "symmetric", "flip", "two"])
def test_one_of_a_thousand_classes_is_enough(kind: str) -> None:
    c, P = alike_distribution(1000, 0.7), corruption(kind, 1000)
    assert len(one_for_all(c, P, "random")[0]) == 1
    assert len(one_for_all(c, P, "lowest")[0]) == (1 if kind in ("uniform", "symmetric") else 1000)


def test_all_of_the_right_class_is_the_papers_eq_14() -> None:
    for others in ("all", "next"):
        np.testing.assert_array_equal(alike_distribution(5, others=others), one_hot(np.arange(5), 5))
    np.testing.assert_allclose(alike_distribution(3, 0.6)[1], [0.2, 0.6, 0.2])
    np.testing.assert_allclose(alike_distribution(3, 0.6, others="next")[2], [0.4, 0, 0.6])


@given(kind=KINDS, n_classes=st.integers(2, 7))
@settings(deadline=None)
def test_where_all_neighbours_are_right_the_level_is_that_of_the_noise(kind: str, n_classes: int) -> None:
    c, P = alike_distribution(n_classes), corruption(kind, n_classes)
    limit = breaking_rate(P).min()
    found = breaking_level(c, c @ P, np.arange(n_classes))
    assert found == (pytest.approx(limit) if limit <= 1 else None)


def test_classes_that_overlap_lose_the_right_label_sooner() -> None:
    c = alike_distribution(10, 0.7, others="next")
    flip = c @ Flip(1.0).corruption_matrix(10)
    level = breaking_level(c, flip, np.arange(10))
    assert level == pytest.approx(0.4 / 1.1)  # .7 - .7 level = .3 + .4 level
    assert breaking_level(alike_distribution(10, 0.05), flip, np.arange(10)) == 0


def test_noise_that_keeps_every_label_loses_none() -> None:
    c, P = alike_distribution(4, 0.7), Matrix(1.0, np.eye(4)).corruption_matrix(4)
    assert breaking_level(c, c @ P, np.arange(4)) is None
