import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.noise import (
    MAPS,
    MODELS,
    Concentrated,
    Flip,
    HumanLabels,
    InstanceDependent,
    LocallyConcentrated,
    Matrix,
    RandomAsymmetric,
    Semantic,
    Symmetric,
    ToyAsymmetric,
    Uniform,
    two_alternatives,
)

PLACED = [
    LocallyConcentrated(5, pick="closest_to_target", target_rate=0.2, permutation=(1, 2, 0)),
    Concentrated(0.2, 0.5),
    InstanceDependent(0.3),
    HumanLabels("labels.npz", "worse_label"),
]


def test_uniform_keeps_its_share_of_the_redrawn_labels_and_symmetric_does_not():
    np.testing.assert_allclose(Uniform(0.6).transition(3), [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]])
    np.testing.assert_allclose(Symmetric(0.6).transition(3), [[0.4, 0.3, 0.3], [0.3, 0.4, 0.3], [0.3, 0.3, 0.4]])


def test_flip_goes_to_the_next_class_and_wraps_around():
    np.testing.assert_allclose(Flip(0.3).transition(3), [[0.7, 0.3, 0], [0, 0.7, 0.3], [0.3, 0, 0.7]])


def test_flip_follows_its_permutation_from_the_clean_class_not_to_it():
    np.testing.assert_allclose(Flip(1.0, (2, 0, 1)).transition(3), [[0, 0, 1], [1, 0, 0], [0, 1, 0]])


def test_the_toy_sends_20_percent_to_the_next_class_and_10_to_the_one_after():
    np.testing.assert_allclose(
        ToyAsymmetric().transition(3), [[0.7, 0.2, 0.1], [0.1, 0.7, 0.2], [0.2, 0.1, 0.7]], atol=1e-15
    )


def test_mnist_2_becomes_7_while_7_becomes_1_and_other_digits_stay():
    T = Semantic(0.4, "mnist").transition(10)
    assert (T[2, 7], T[7, 1], T[5, 6], T[6, 5], T[3, 8]) == (0.4,) * 5
    assert T[2, 1] == 0
    np.testing.assert_array_equal(T[[0, 1, 4, 8, 9]], np.eye(10)[[0, 1, 4, 8, 9]])


def test_a_matrix_to_start_from_has_the_next_class_at_70_percent_and_the_one_after_at_30():
    np.testing.assert_allclose(two_alternatives(4)[[0, 3]], [[0, 0.7, 0.3, 0], [0.7, 0.3, 0, 0]])
    assert Matrix(0.5, two_alternatives(4)).transition(4)[2, 3] == 0.35


def test_random_asymmetric_has_two_distinct_targets_of_20_and_10_percent():
    for seed in range(20):
        model = RandomAsymmetric(0.3, seed)
        rows = np.sort(model.transition(10), axis=1)
        np.testing.assert_allclose(rows[:, -3:], np.tile([0.1, 0.2, 0.7], (10, 1)))
        np.testing.assert_array_equal(rows[:, :-3], 0)
        np.testing.assert_array_equal(model.targets(10), RandomAsymmetric(0.9, seed).targets(10))


def test_random_asymmetric_draws_each_target_for_each_class_equally_often():
    firsts = np.array([RandomAsymmetric(0.3, seed).targets(3) for seed in range(400)])
    shares = (firsts[:, :, 0] == (np.arange(3) + 1) % 3).mean(axis=0)
    np.testing.assert_allclose(shares, 0.5, atol=0.1)  # 4 sigma


@settings(max_examples=30, deadline=None)
@given(rate=st.floats(0, 1))
def test_T_is_a_mixture_of_identity_and_P_and_its_rows_sum_to_1(matrix_models, rate):
    for model in matrix_models(rate):
        T, P = model.transition(4), model.corruption_matrix(4)
        np.testing.assert_allclose(T.sum(axis=1), 1, atol=1e-12)
        np.testing.assert_allclose(T, (1 - model.rate) * np.eye(4) + model.rate * P, atol=1e-15)
        assert T.min() >= 0


def test_every_model_is_frozen_hashable_and_survives_json(matrix_models):
    for model in [*matrix_models(0.4), *PLACED]:
        fields = json.loads(json.dumps(dataclasses.asdict(model)))
        again = MODELS[type(model).__name__](**fields)
        assert again == model
        assert hash(again) == hash(model)
        assert model.about.endswith(".")
        assert model.source
        with pytest.raises((AttributeError, TypeError)):
            model.rate = 0.5


def test_models_of_equal_fields_but_other_kind_differ():
    assert Uniform(0.4) != Symmetric(0.4)
    assert Uniform(np.float64(1)) == Uniform(1)
    assert (
        Semantic(0.4, "digits")
        == Semantic(0.4, MAPS["mnist"])
        == Semantic(0.4, [[7, 1], [2, 7], [5, 6], [6, 5], [3, 8]])
    )


def test_a_corruption_matrix_may_come_as_an_array():
    assert Matrix(0.5, np.eye(2)).corruption == ((1.0, 0.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Uniform(1.5), r"rate must be a finite number in \[0, 1\], got 1.5"),
        (lambda: Symmetric(float("nan")), "rate must be a finite number"),
        (lambda: Flip(True), "rate must be a number, got True"),
        (lambda: Flip(0.1, (0, 1)), "permutation must be without fixed points"),
        (lambda: Flip(0.1, (1, 1)), "permutation must be a permutation of 0..L-1"),
        (lambda: Flip(0.1, (1, 0)).transition(3), "permutation must be as long as n_classes = 3, got 2"),
        (lambda: Matrix(0.1, [[0.5, 0.5], [0.9, 0.2]]), r"corruption must be .* sum to 1, got row 1 with sum 1.1"),
        (
            lambda: Matrix(0.1, [[1.5, -0.5], [0, 1]]),
            "corruption must be probabilities >= 0, got -0.5 in row 0, column 1",
        ),
        (lambda: Matrix(0.1, [[1.0], [0, 1]]), r"corruption must be 2 rows of 2 numbers, got .*\[0\]"),
        (lambda: Matrix(0.1, np.eye(2)).transition(3), "corruption must be 3 x 3, got 2"),
        (lambda: Semantic(0.1, {1: 1}), "mapping must be from a class to another"),
        (lambda: Semantic(0.1, [(1, 2), (1, 3)]), "mapping must be one target for each source class"),
        (lambda: Semantic(0.1, "mnits"), "mapping must be one of 'mnist', 'digits'"),
        (lambda: Semantic(0.1, {}), "mapping must be of at least one class"),
        (lambda: Semantic(0.1, "cifar10").transition(5), "mapping must be between class indices below 5, got 9"),
        (lambda: RandomAsymmetric(0.1).transition(2), "n_classes must be an integer >= 3, got 2"),
        (lambda: ToyAsymmetric().transition(2), "n_classes must be an integer >= 3, got 2"),
        (lambda: Uniform(0.1).transition(1), "n_classes must be an integer >= 2, got 1"),
        (lambda: LocallyConcentrated(0), "n_clusters must be an integer >= 1, got 0"),
        (lambda: LocallyConcentrated(3, pick="best"), "pick must be one of 'random', .*got 'best'"),
        (lambda: LocallyConcentrated(3, target_rate=0.2), "target_rate must be a rate in"),
        (lambda: LocallyConcentrated(3, pick="closest_to_target"), "target_rate must be a rate in"),
        (lambda: Concentrated(0.1, 1.1), "concentration must be a finite number"),
        (lambda: InstanceDependent(0.1, 0.0), "temperature must be > 0, got 0.0"),
        (lambda: HumanLabels("labels.txt", "y"), "path must be one of '.npz'"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name_rule_and_value(make, message):
    with pytest.raises(ValueError, match=message):
        make()
