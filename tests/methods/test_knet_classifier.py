"""kNet keeps scikit-learn's contract, imitates the neighbours it is told to, and survives what people bring."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from lab.core.rng import numpy_rng
from lab.data import load
from lab.methods import knet_classifier
from lab.methods.knet import KNetClassifier, fit_knet
from lab.neighbors import KNNClassifier
from lab.noise import Symmetric, corrupt

OTHERS = {
    "fixed_k": 3,
    "hidden": 24,
    "epochs": 30,
    "batch_size": 512,
    "learning_rate": 0.05,
    "kappa": "log",
    "loss": "kl",
    "self_neighbour": "include",
    "metric": "cosine",
    "z_score": True,
}


@parametrize_with_checks([KNetClassifier(), KNetClassifier(**OTHERS)])
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def task():
    """Four clouds, 30 % of the labels wrong: features, given labels, clean labels."""
    rng = numpy_rng(0)
    y = rng.integers(4, size=600)
    x = rng.normal(size=(600, 6)) + np.eye(4, 6)[y] * 4
    names = np.array(["d", "a", "c", "b"])
    return x, names[corrupt(y, Symmetric(0.3), rng=rng, n_classes=4).y_given], names[y]


@pytest.fixture(scope="module")
def fitted(task):
    return KNetClassifier().fit(*task[:2])


def test_it_is_closer_to_many_neighbours_than_to_one_and_mends_wrong_labels(task, fitted):
    x, y_given, y_clean = task
    knn = KNNClassifier().fit(x, y_given)
    queries = x + 0.1
    gap = {k: np.abs(fitted.predict_proba(queries, k) - knn.predict_proba(queries, k)).mean() for k in (1, 51)}
    assert gap[51] < 0.05 < 0.15 < gap[1]
    assert (fitted.predict(x) == y_clean).mean() > 0.93 > (knn.predict(x, 1) == y_clean).mean()
    np.testing.assert_allclose(fitted.predict_proba(x).sum(axis=1), 1)


def test_another_k_may_be_asked_for_and_rows_come_in_any_portions(task, fitted, monkeypatch):
    x = task[0]
    np.testing.assert_array_equal(fitted.predict_proba(x), fitted.predict_proba(x, 51))
    assert np.abs(fitted.predict_proba(x, 1) - fitted.predict_proba(x, 101)).max() > 1e-3
    whole = fitted.predict_proba(x)
    monkeypatch.setattr(knet_classifier, "ROWS", 7)
    np.testing.assert_allclose(fitted.predict_proba(x), whole, rtol=1e-12)


def test_it_learns_from_raw_pixels():
    digits = load("digits")
    train, test = digits.train, digits.test
    given = corrupt(train.y_clean, Symmetric(0.3), rng=numpy_rng(0, "noise"), n_classes=10).y_given
    knet = KNetClassifier(k=11, hidden=32, epochs=30).fit(train.x, given)
    assert knet.score(test.x, test.y_clean) > 0.85


@pytest.mark.parametrize("self_neighbour", ["include", "exclude"])
def test_a_row_votes_for_itself_only_if_it_is_told_to(self_neighbour, monkeypatch):
    """All 60 rows vote, so a row's own vote shows in the count of its label; 40 rows are identical."""
    seen = []

    def spy(features, targets, *rest, **options):
        seen.append(targets)
        return fit_knet(features, targets, *rest, **options)

    monkeypatch.setattr(knet_classifier, "fit_knet", spy)
    x, y = np.vstack([np.zeros((40, 2)), numpy_rng(0).normal(size=(20, 2))]), np.arange(60) % 20
    KNetClassifier(self_neighbour=self_neighbour, epochs=1).fit(x, y)
    own = seen[0][np.arange(60), :, y]
    include = self_neighbour == "include"
    np.testing.assert_array_equal(own[:, -1], np.full(60, 2 + include))
    assert own.shape[1] == 59 + include
    assert not include or (own[:, 0] == 1).all()


def test_a_fixed_knet_answers_for_its_own_k_alone(task):
    x, y, _ = task
    fixed = KNetClassifier(fixed_k=7, epochs=2).fit(x, y)
    np.testing.assert_array_equal(fixed.predict_proba(x), fixed.predict_proba(x, 7))
    with pytest.raises(ValueError, match="k must be 7, the one that this fixed kNet was trained for, got 8"):
        fixed.predict(x, 8)


def test_clone_pipeline_grid_search_and_pickle(task):
    x, y, _ = task
    search = GridSearchCV(
        make_pipeline(MinMaxScaler(), KNetClassifier(epochs=8, batch_size=64)),
        {"knetclassifier__k": [1, 25], "knetclassifier__hidden": [np.int64(8), "paper"]},
        cv=2,
        error_score="raise",
    )
    best = search.fit(x, y).best_estimator_
    copy = pickle.loads(pickle.dumps(best))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(copy.predict_proba(x), best.predict_proba(x))
    assert clone(KNetClassifier(**OTHERS)).get_params() == KNetClassifier(**OTHERS).get_params()
    first_three = KNetClassifier(3, 5, "paper").get_params()
    assert (first_three["k"], first_three["fixed_k"], first_three["hidden"]) == (3, 5, "paper")


def test_the_seed_decides_and_the_global_state_is_left_alone(task):
    x, y, _ = task
    state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002 - that it does not move is the claim
    answers = [KNetClassifier(epochs=2, random_state=seed).fit(x, y).predict_proba(x) for seed in (3, 3, 4)]
    np.testing.assert_array_equal(answers[0], answers[1])
    assert (answers[0] != answers[2]).any()
    assert torch.equal(torch.get_rng_state(), state[0])
    np.testing.assert_array_equal(np.random.get_state()[1], state[1])  # noqa: NPY002


def test_an_accelerators_search_and_training_give_the_same_network_but_for_rows_as_far_away(task, fitted, monkeypatch):
    monkeypatch.setattr(knet_classifier, "choose_device", lambda wish: torch.device("cpu:0"))
    other = KNetClassifier(device="cuda").fit(*task[:2])
    np.testing.assert_allclose(other.predict_proba(task[0]), fitted.predict_proba(task[0]), atol=1e-3)


def test_a_far_origin_and_odd_units_change_nothing(task, fitted):
    x, y, _ = task
    units = np.array([1e-30, 1e30, 1, 1e-3, 1e3, 1])
    moved = x * units + units * 1e6
    searched_alike = KNetClassifier(z_score=True, epochs=20)
    one, other = searched_alike.fit(x, y).predict_proba(x), clone(searched_alike).fit(moved, y).predict_proba(moved)
    np.testing.assert_allclose(one, other, atol=0.02)


def test_constant_features_and_identical_rows_get_the_shares_of_all_labels():
    y = np.repeat([0, 1], [30, 10])
    knet = KNetClassifier(fixed_k=39, epochs=200).fit(np.full((40, 3), 0.3), y)  # all others: no order to list them in
    np.testing.assert_allclose(knet.predict_proba(np.full((1, 3), 0.3)), [[0.75, 0.25]], atol=0.03)
    assert np.isfinite(knet.predict_proba(np.full((1, 3), 7.0))).all()


def test_few_rows_one_class_and_labels_with_gaps_get_right_answers():
    x = numpy_rng(0).normal(size=(9, 2))
    few = KNetClassifier().fit(x, np.array([7, 7, 2, 7, 2, 7, 7, 7, 7]))
    assert few.k_max_ == 8
    np.testing.assert_array_equal(few.classes_, [2, 7])
    assert few.predict_proba(x).shape == (9, 2)
    with pytest.raises(ValueError, match="k must be an integer in \\[1, 8\\], got 9"):
        few.predict(x, 9)
    np.testing.assert_array_equal(KNetClassifier().fit(x, np.full(9, "only")).predict(x), np.full(9, "only"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k must be an integer in \\[1, 101\\], got 0"),
        ({"k": 102}, "k must be an integer in \\[1, 101\\], got 102"),
        ({"fixed_k": 1.5}, "fixed_k must be an integer in \\[1, 101\\], got 1.5"),
        ({"fixed_k": 90}, "fixed_k must be in \\[1, 19\\], got 90"),
        ({"hidden": "wide"}, "hidden must be one of 'auto', 'paper', got 'wide'"),
        ({"kappa": "k"}, "kappa must be one of 'scaled', 'raw', 'log', 'inverse_sqrt', got 'k'"),
        ({"self_neighbour": "first"}, "self_neighbour must be one of 'exclude', 'include', got 'first'"),
        ({"loss": "mse"}, "loss must be one of 'ce', 'kl', got 'mse'"),
        ({"epochs": 0}, "epochs must be an integer in \\[1, 2000\\], got 0"),
        ({"metric": "l1"}, "metric must be one of 'l2', 'cosine', got 'l1'"),
        ({"device": "tpu"}, "device must be one of 'auto', 'cpu', 'cuda', 'mps', got 'tpu'"),
    ],
)
def test_bad_parameters_are_answered_with_one_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        KNetClassifier(**options).fit(np.arange(40.0).reshape(20, 2), np.arange(20) % 2)


@pytest.mark.parametrize(
    ("x", "message"),
    [(np.full((9, 2), np.nan), "contains NaN"), (np.zeros((3, 2)), "minimum of 4 is required")],
)
def test_bad_rows_are_answered_with_one_sentence(x, message):
    with pytest.raises(ValueError, match=message):
        KNetClassifier().fit(x, np.arange(len(x)) % 2)


def test_a_worker_that_only_trains_loads_no_scikit_learn():
    code = "import sys, lab.methods.knet; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "sklearn" not in modules
