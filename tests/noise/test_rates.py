import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.noise import (
    MODELS,
    PAPER_RATES,
    Flip,
    Matrix,
    RandomAsymmetric,
    Semantic,
    Symmetric,
    ToyAsymmetric,
    Uniform,
    breaking_rate,
    effective_rate,
    from_effective,
    plurality_survives,
    rates_in_papers,
    to_effective,
)

MNIST_COUNTS = np.array([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949.0])


def test_uniform_noise_on_ten_classes_is_a_tenth_less_than_its_name():
    for nominal, pi in {0.2: 0.18, 0.3: 0.27, 0.4: 0.36, 0.6: 0.54, 0.8: 0.72, 0.9: 0.81}.items():
        assert effective_rate(Uniform(nominal).transition(10)) == pytest.approx(pi)
        assert to_effective(nominal, "selected", 10) == pytest.approx(pi)
        assert from_effective(pi, "selected", 10) == pytest.approx(nominal)
    assert to_effective(0.8, "selected", 100) == pytest.approx(0.792)
    assert to_effective(0.9, "selected", 100) == pytest.approx(0.891)


def test_40_percent_semantic_noise_is_20_percent_wrong_labels_and_on_mnist_0_4949_of_its_name():
    assert effective_rate(Semantic(0.4, "cifar10").transition(10)) == pytest.approx(0.2)
    assert effective_rate(Semantic(1.0, "mnist").transition(10), MNIST_COUNTS) == pytest.approx(0.4949, abs=5e-5)


def test_the_other_models_change_what_they_name():
    for model in (Symmetric(0.3), Flip(0.3), RandomAsymmetric(0.3), ToyAsymmetric()):
        assert effective_rate(model.transition(10)) == pytest.approx(0.3)


def test_weights_decide_where_classes_flip_unequally():
    T = np.array([[0.5, 0.5], [0.0, 1.0]])
    assert effective_rate(T) == 0.25
    assert effective_rate(T, np.array([30.0, 10.0])) == 0.375


@settings(max_examples=50, deadline=None)
@given(rate=st.floats(0, 1), unit=st.sampled_from(["changed", "selected", "per source class"]), n=st.integers(2, 100))
def test_rates_convert_there_and_back(rate, unit, n):
    assert from_effective(to_effective(rate, unit, n), unit, n) == pytest.approx(rate)


def test_an_unreachable_rate_is_refused():
    with pytest.raises(ValueError, match=r"flip_rate must be a finite number in \[0, 0.9\], got 0.95"):
        from_effective(0.95, "selected", 10)


@pytest.mark.parametrize(
    ("make", "limit"),
    [
        (Uniform, 1.0),
        (Symmetric, 0.9),
        (Flip, 0.5),
        (RandomAsymmetric, 0.6),
        (lambda rate: Semantic(rate, "cifar10"), 0.5),
        (lambda rate: Matrix(rate, np.tile([0.5, 0.3, 0.2] + [0.0] * 7, (10, 1))), 1 / 1.5),
    ],
)
def test_the_plurality_of_the_true_class_is_lost_at_the_rate_of_the_table(make, limit):
    limits = breaking_rate(make(0.3).corruption_matrix(10))
    assert limits.min() == pytest.approx(limit)
    np.testing.assert_array_equal(plurality_survives(make(limit - 0.01).transition(10)), True)
    beyond = make(min(limit + 0.01, 1.0)).transition(10)
    np.testing.assert_array_equal(plurality_survives(beyond), limits > limit + 0.01)


def test_classes_that_never_flip_never_lose_their_plurality():
    limits = breaking_rate(Semantic(0.4, "cifar10").corruption_matrix(10))
    np.testing.assert_array_equal(np.isinf(limits), ~np.isin(np.arange(10), [2, 3, 4, 5, 9]))


def test_a_tie_is_a_lost_plurality():
    assert not plurality_survives(Flip(0.5).transition(4)).any()


def test_every_paper_names_the_same_noise_in_its_own_rate():
    named = {(entry.paper, entry.name): rate for entry, rate in rates_in_papers(0.36, 10)}
    assert named["KNET", "uniform"] == pytest.approx(0.4)
    assert named["KED", "symmetric"] == 0.36
    assert named["INN", "symmetric"] == pytest.approx(0.4)
    assert named["INN", "asymmetric, CIFAR-10"] == pytest.approx(0.72)
    assert {(e.paper, e.name): r for e, r in rates_in_papers(0.6, 10)}["KNET", "semantic asymmetric"] is None


def test_each_papers_model_at_its_rate_has_the_effective_rate_asked_for():
    make = {"Uniform": Uniform, "Symmetric": Symmetric, "Flip": Flip, "RandomAsymmetric": RandomAsymmetric}
    make["Semantic"] = lambda rate: Semantic(rate, "cifar10")
    for entry, rate in rates_in_papers(0.27, 10):
        if entry.model in make:
            assert effective_rate(make[entry.model](rate).transition(10)) == pytest.approx(0.27), entry
    assert {entry.model for entry in PAPER_RATES} <= set(MODELS)


def test_a_matrix_whose_rows_do_not_sum_to_1_is_told_which_row():
    with pytest.raises(ValueError, match=r"T must be a matrix whose rows sum to 1, got row 1 with sum 0\.8"):
        effective_rate(np.array([[1.0, 0.0], [0.3, 0.5]]))
    with pytest.raises(ValueError, match=r"class_weights must be 2 numbers, got \(3,\)"):
        effective_rate(np.eye(2), np.ones(3))
