import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.rng import numpy_rng
from lab.noise import (
    Clean,
    Flip,
    Matrix,
    Semantic,
    Symmetric,
    ToyAsymmetric,
    Uniform,
    corrupt,
    effective_rate,
    sample_given_labels,
)
from lab.noise.draw import draw_labels

seeds = st.integers(0, 2**32 - 1)
rates = st.floats(0, 1)
modes = st.sampled_from(["bernoulli", "exact", "exact_per_class"])


def standard_error(labels, y):
    pi = labels.effective_rate
    return np.sqrt(pi * (1 - pi) / y.size) + 1.5 / y.size  # exact counts round down, in each of four classes


def a_labelling(seed, n=3000, n_classes=4):
    return numpy_rng(seed, "labels").choice(n_classes, size=n, p=[0.1, 0.2, 0.3, 0.4])


def test_given_labels_follow_T_and_impossible_flips_never_happen(rng):
    T = np.array([[0.9, 0.1, 0.0], [0.0, 0.5, 0.5], [0.2, 0.0, 0.8]])
    y_given = sample_given_labels(np.repeat(np.arange(3), 20_000), T, rng).reshape(3, -1)
    freq = np.stack([np.bincount(row, minlength=3) for row in y_given]) / 20_000
    np.testing.assert_allclose(freq, T, atol=0.015)  # 4 sigma at n = 20 000
    assert (freq[T == 0] == 0).all()


def test_the_table_finds_the_same_labels_as_a_search_through_each_row():
    rng = np.random.default_rng(0)
    P = rng.dirichlet(np.full(300, 0.02), size=300)  # mostly ~0, so that many labels share one table entry
    y, u = rng.integers(0, 300, 20_000), rng.random(20_000)
    u[:2] = 0, np.nextafter(1, 0)
    cumulative = np.cumsum(P, axis=1) / P.sum(axis=1, keepdims=True)
    expected = [np.searchsorted(cumulative[c], v, side="right") for c, v in zip(y, u, strict=True)]
    agree = draw_labels(y, P, u) == expected
    assert agree.mean() > 0.9999  # up to the last bit of the sums
    assert (P[y, draw_labels(y, P, u)] > 0).all()


def test_a_number_on_the_border_of_two_labels_skips_one_of_probability_0():
    P = np.array([[0.0, 0.3, 0.0, 0.7]] * 4)
    y_given = draw_labels(np.zeros(3, dtype=int), P, np.array([0.0, 0.3, np.nextafter(1, 0)]))
    np.testing.assert_array_equal(y_given, [1, 3, 3])


@settings(max_examples=20, deadline=None)
@given(seed=seeds, rate=rates, mode=modes)
def test_realised_rates_never_lie_5_standard_errors_from_T(matrix_models, seed, rate, mode):
    y = a_labelling(seed)
    for noise in matrix_models(rate):
        labels = corrupt(y, noise, rng=numpy_rng(seed, "noise"), n_classes=4, mode=mode)
        assert labels.flip_rate == labels.changed.mean()
        assert abs(labels.flip_rate - labels.effective_rate) <= 5 * standard_error(labels, y)


@pytest.mark.parametrize("mode", ["bernoulli", "exact", "exact_per_class"])
def test_realised_rates_lie_within_3_standard_errors_of_T(matrix_models, mode):
    y = a_labelling(0, n=100_000)
    for seed, noise in enumerate(matrix_models(0.37)):
        labels = corrupt(y, noise, rng=numpy_rng(seed, "noise"), n_classes=4, mode=mode)
        pi = effective_rate(noise.transition(4), np.bincount(y) / y.size)
        assert labels.effective_rate == pytest.approx(pi)
        assert abs(labels.flip_rate - pi) <= 3 * standard_error(labels, y)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, rate=rates, mode=modes)
def test_a_given_label_is_a_possible_label_of_its_clean_class(matrix_models, seed, rate, mode):
    y = a_labelling(seed, n=200)
    for noise in matrix_models(rate):
        labels = corrupt(y, noise, rng=numpy_rng(seed, "noise"), n_classes=4, mode=mode)
        assert labels.y_given.shape == y.shape
        assert set(np.unique(labels.y_given)) <= set(range(4))
        assert (noise.transition(4)[y, labels.y_given] > 0).all()
        np.testing.assert_array_equal(labels.changed, labels.y_given != y)
        assert not (labels.changed & ~labels.selected).any()
        seen = ~np.isnan(labels.T_empirical)
        np.testing.assert_allclose(np.where(seen, labels.T_empirical, 0.25).sum(axis=1), 1)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, rate=rates)
def test_exact_modes_select_to_one_row(seed, rate):
    y = a_labelling(seed, n=333)
    for noise in (Uniform(rate), Symmetric(rate), Flip(rate), Semantic(rate, {0: 1, 3: 2})):
        whole = corrupt(y, noise, rng=numpy_rng(seed, "noise"), n_classes=4, mode="exact")
        assert whole.selected.sum() == np.floor(rate * y.size + 1e-9)
        each = corrupt(y, noise, rng=numpy_rng(seed, "noise"), n_classes=4, mode="exact_per_class")
        counts = np.bincount(y, minlength=4)
        np.testing.assert_array_equal(np.bincount(y[each.selected], minlength=4), np.floor(rate * counts + 1e-9))


def test_29_percent_of_100_is_29():
    labels = corrupt(np.zeros(100, dtype=int), Flip(0.29), rng=np.random.default_rng(0), n_classes=2, mode="exact")
    assert labels.changed.sum() == 29


@settings(max_examples=25, deadline=None)
@given(seed=seeds, mode=modes, rates=st.tuples(rates, rates))
def test_a_higher_rate_only_adds_wrong_labels(matrix_models, seed, mode, rates):
    y = a_labelling(seed, n=300)
    for low, high in zip(matrix_models(min(rates)), matrix_models(max(rates)), strict=True):
        fewer, more = (corrupt(y, m, rng=numpy_rng(seed, "noise"), n_classes=4, mode=mode) for m in (low, high))
        np.testing.assert_array_equal(fewer.y_given[fewer.selected], more.y_given[fewer.selected])
        assert (more.selected | ~fewer.selected).all()


def test_uniform_noise_selects_more_than_it_changes(rng):
    labels = corrupt(rng.integers(0, 10, 50_000), Uniform(0.4), rng=rng, mode="exact")
    assert labels.selected.mean() == 0.4
    assert labels.flip_rate == pytest.approx(0.36, abs=0.009)  # 4 sigma
    assert (labels.nominal_rate, labels.effective_rate) == (0.4, pytest.approx(0.36))


def test_uniform_noise_at_rate_1_leaves_no_information(rng):
    y = rng.integers(0, 5, 100_000)
    joint = corrupt(y, Uniform(1.0), rng=rng).T_empirical * np.bincount(y)[:, None] / y.size
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    assert (joint * np.log(joint / independent)).sum() < 4e-4  # nats; 16 degrees of freedom / 2n = 8e-5


def test_flip_at_rate_1_is_a_bijection(rng):
    y = rng.integers(0, 10, 1000)
    labels = corrupt(y, Flip(1.0), rng=rng)
    np.testing.assert_array_equal(labels.y_given, (y + 1) % 10)


def test_a_semantic_flip_is_never_followed_by_a_second_one(rng):
    y = np.repeat(np.arange(10), 100)
    labels = corrupt(y, Semantic(1.0, "mnist"), rng=rng)
    np.testing.assert_array_equal(labels.y_given[y == 2], 7)
    np.testing.assert_array_equal(labels.y_given[y == 7], 1)
    spared = np.isin(y, [0, 1, 4, 8, 9])
    assert not labels.changed[spared].any()
    np.testing.assert_array_equal(labels.class_flip_rates, [0, 0, 1, 1, 0, 1, 1, 1, 0, 0])


def test_T_is_not_transposed(rng):
    y = np.repeat([0, 1, 2], 10_000)
    noise = Matrix(1.0, ((0.5, 0.5, 0.0), (0.0, 0.2, 0.8), (0.0, 0.0, 1.0)))
    np.testing.assert_allclose(corrupt(y, noise, rng=rng).T_empirical, noise.corruption, atol=0.02)


def test_no_noise_changes_nothing(rng):
    y = rng.integers(0, 3, 100)
    labels = corrupt(y, Clean(), rng=rng)
    np.testing.assert_array_equal(labels.y_given, y)
    assert labels.flip_rate == labels.effective_rate == 0
    assert not np.shares_memory(labels.y_given, y)


def test_labels_go_in_unchanged_and_any_integer_type_will_do(rng):
    y = np.array([0, 1, 2, 1], dtype=np.uint8)
    labels = corrupt(y, Flip(1.0), rng=rng)
    np.testing.assert_array_equal(y, [0, 1, 2, 1])
    np.testing.assert_array_equal(labels.y_given, [1, 2, 0, 2])


def test_no_labels_and_absent_classes_are_fine(rng):
    assert corrupt(np.array([], dtype=int), Uniform(0.5), rng=rng, n_classes=3).y_given.size == 0
    labels = corrupt(np.array([0, 0, 2]), ToyAsymmetric(), rng=rng, n_classes=4, mode="exact_per_class")
    assert np.isnan(labels.T_empirical[[1, 3]]).all()


SAME_SEED = """
import numpy as np, random
from lab.core.rng import numpy_rng
from lab.noise import Symmetric, corrupt
y = np.arange(500) % 7
before = np.random.get_state()[1].tolist(), random.getstate()
print(corrupt(y, Symmetric(0.4), rng=numpy_rng(11, "noise")).y_given.tolist())
assert (np.random.get_state()[1].tolist(), random.getstate()) == before
import sys
assert not {"torch", "sklearn", "streamlit", "scipy", "pandas"} & set(sys.modules), "lab.noise must be light"
"""


def test_one_seed_gives_the_same_labels_in_two_processes_which_stay_light_and_keep_global_random_state():
    runs = [
        subprocess.run([sys.executable, "-c", SAME_SEED], capture_output=True, text=True, check=False) for _ in range(2)
    ]
    assert [run.stderr for run in runs] == ["", ""]
    assert runs[0].stdout == runs[1].stdout != ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": [0.5, 1.0]}, "y must be integers, got dtype"),
        ({"y": [0, -1]}, "y must be class indices >= 0, got -1"),
        ({"y": [0, 3], "n_classes": 3}, "y must be class indices below 3, got 3"),
        ({"mode": "exactly"}, "mode must be one of 'bernoulli', 'exact', 'exact_per_class', got 'exactly'"),
        ({"y": np.array([], dtype=int)}, "n_classes must be given when y is empty, got None"),
        ({"n_classes": 1, "y": [0]}, "n_classes must be an integer >= 2, got 1"),
        ({"features": np.full((2, 2), np.nan)}, "features must be finite, got \\[nan\\]"),
    ],
)
def test_a_wrong_argument_is_refused_with_its_name_rule_and_value(arguments, message, rng):
    arguments = {"y": [0, 1], "noise": Flip(0.5), **arguments}
    with pytest.raises(ValueError, match=message):
        corrupt(np.asarray(arguments.pop("y")), arguments.pop("noise"), rng=rng, **arguments)
