"""The voter keeps scikit-learn's contract and gives scikit-learn's answers."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from lab.neighbors import KNNClassifier, NeighborTable


@parametrize_with_checks([KNNClassifier(), KNNClassifier(3, metric="cosine", ties="lowest")])
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


@pytest.fixture
def task(rng):
    y = rng.integers(4, size=400)
    return rng.normal(size=(400, 6)) + np.eye(4, 6)[y] * 2, np.array(["d", "a", "c", "b"])[y]


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_labels_and_probabilities_equal_scikit_learns_for_each_k(metric, task, rng):
    x, y = task
    queries = rng.normal(size=(200, 6))
    ours = KNNClassifier(metric=metric, ties="lowest").fit(x, y)
    codes = np.unique(y, return_inverse=True)[1]
    every_k = NeighborTable.build(x, queries, k_max=60, metric=metric).predict_all(codes, 4, ties="lowest")
    for k in (1, 2, 3, 10, 11, 51, 60):
        theirs = KNeighborsClassifier(k, metric=metric, algorithm="brute").fit(x, y)
        np.testing.assert_allclose(ours.predict_proba(queries, k), theirs.predict_proba(queries))
        np.testing.assert_array_equal(ours.predict(queries, k), theirs.predict(queries))
        np.testing.assert_array_equal(ours.classes_[every_k[:, k - 1]], theirs.predict(queries))


def test_clone_pipeline_grid_search_and_pickle(task):
    x, y = task
    search = GridSearchCV(
        make_pipeline(StandardScaler(), KNNClassifier()),
        {"knnclassifier__n_neighbors": [1, 25]},
        cv=3,
        error_score="raise",
    )
    assert search.fit(x, y).best_params_ == {"knnclassifier__n_neighbors": 25}
    best = search.best_estimator_
    copy = pickle.loads(pickle.dumps(best))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(copy.predict(x), best.predict(x))
    assert clone(KNNClassifier(7, ties="lowest")).get_params() == {
        "n_neighbors": 7,
        "metric": "l2",
        "ties": "lowest",
        "z_score": False,
    }


def test_with_fewer_rows_than_k_all_of_them_vote(task):
    x, y = task
    voter = KNNClassifier(51).fit(x[:5], y[:5])
    np.testing.assert_allclose(voter.predict_proba(x)[0], [(y[:5] == c).mean() for c in voter.classes_])


@pytest.mark.parametrize(
    ("options", "k", "message"),
    [
        ({"n_neighbors": 0}, None, "n_neighbors must be an integer >= 1, got 0"),
        ({"n_neighbors": 2.5}, None, "n_neighbors must be an integer >= 1, got 2.5"),
        ({"metric": "l1"}, None, "metric must be one of 'l2', 'cosine', got 'l1'"),
        ({"ties": "random"}, None, "ties must be one of 'nearest', 'lowest', got 'random'"),
        ({}, 401, "k must be an integer in \\[1, 400\\], got 401"),
    ],
)
def test_bad_parameters_are_answered_with_one_sentence(options, k, message, task):
    with pytest.raises(ValueError, match=message):
        KNNClassifier(**options).fit(*task).predict(task[0], k)


def test_the_table_alone_imports_neither_scikit_learn_nor_torch():
    code = "import sys, lab.neighbors as n; n.NeighborTable, n.search_grid, n.warm_up; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"sklearn", "torch", "faiss", "streamlit"} & set(modules)
