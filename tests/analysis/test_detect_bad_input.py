"""What people bring that is odd, degenerate or wrong gets a right answer or one sentence."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from lab.analysis.detect import detectors, find_label_issues, score

PROBABILISTIC = ["auto", "small_loss_ce", "confident_learning", "margin", "entropy"]
NEIGHBOURLY = ["auto", "knn", "knn_weighted", "knn_average", "simifeat"]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def two_groups(rng, n=60):
    y = np.arange(n) % 2
    return y, 9 * np.eye(2)[y] + rng.normal(size=(n, 2))


@pytest.mark.parametrize("name", NEIGHBOURLY)
def test_each_row_twice_finds_the_one_wrong_label(name, rng):
    y, x = two_groups(rng)
    y, x = np.repeat(y, 2), np.repeat(x, 2, axis=0)
    y[7] = 1 - y[7]
    scores = score(name, y_given=y, features=x)
    assert scores[7] == scores.min()
    assert (scores == scores.min()).sum() == 1
    assert find_label_issues(y, features=x, detector=name).is_issue.to_numpy().nonzero()[0].tolist() == [7]


@pytest.mark.parametrize("name", NEIGHBOURLY)
@pytest.mark.parametrize("cutoff", ["own", "prediction", "mixture", "rate"])
def test_forty_identical_rows_are_answered(name, cutoff):
    y = np.r_[np.zeros(35, dtype=int), np.ones(5, dtype=int)]
    issues = find_label_issues(y, features=np.full((40, 3), 2.5), detector=name, cutoff=cutoff)
    assert np.isfinite(issues.score).all()
    assert issues.score[:35].min() >= issues.score[35:].max()


@pytest.mark.parametrize("name", NEIGHBOURLY)
@pytest.mark.parametrize("cutoff", ["own", "prediction", "mixture", "rate"])
def test_where_all_labels_are_equal_there_is_no_issue(name, cutoff, rng):
    issues = find_label_issues(np.zeros(50, dtype=int), features=rng.normal(size=(50, 2)), detector=name, cutoff=cutoff)
    assert not issues.is_issue.any()


@pytest.mark.parametrize("name", PROBABILISTIC)
@pytest.mark.parametrize("cutoff", ["own", "prediction", "mixture", "rate"])
def test_where_all_scores_are_equal_no_mixture_splits_them(name, cutoff):
    probs = np.tile([0.6, 0.3, 0.1], (20, 1))
    with pytest.warns(UserWarning, match="trained on these labels"):
        issues = find_label_issues(np.zeros(20, dtype=int), pred_probs=probs, detector=name, cutoff=cutoff)
    assert not issues.is_issue.any()
    assert issues.score.nunique() == 1


@pytest.mark.parametrize("name", PROBABILISTIC)
@pytest.mark.parametrize("cutoff", ["own", "prediction", "mixture", "rate"])
def test_a_class_that_no_label_has_is_answered(name, cutoff, rng):
    y, x = two_groups(rng)
    probs = rng.dirichlet(np.ones(4), size=60)
    given = {"features": x} if name == "auto" else {}
    issues = find_label_issues(2 * y, pred_probs=probs, detector=name, cutoff=cutoff, **given)
    assert np.isfinite(issues.score).all()
    np.testing.assert_array_equal(issues.is_issue, issues.suggested_label != issues.given_label)
    assert set(issues.suggested_label) <= {0, 1, 2, 3}


@pytest.mark.parametrize("name", PROBABILISTIC)
def test_probabilities_of_zero_and_one_leave_no_infinities(name):
    probs, y = np.eye(3)[[0, 1, 2, 0, 1]], np.array([0, 1, 2, 1, 0])
    scores = score(name, y_given=y, pred_probs=probs)
    assert np.isfinite(scores).all()
    assert scores[:3].min() > scores[3:].max()


@pytest.mark.parametrize("n", [2, 3, 11])
@pytest.mark.parametrize("name", NEIGHBOURLY)
def test_a_handful_of_rows_is_answered(name, n, rng):
    assert np.isfinite(score(name, y_given=np.arange(n) % 2, features=rng.normal(size=(n, 2)))).all()


def test_probabilities_of_a_model_that_saw_the_labels_are_warned_of(rng):
    y, x = two_groups(rng, n=200)
    y[:40] = rng.permutation(y[:40])
    memorised = np.where(np.eye(2)[y] > 0, 0.97, 0.03)
    with pytest.warns(UserWarning, match=r"name the given label of 100.0% of the samples.*cross_val_predict"):
        find_label_issues(y, pred_probs=memorised)
    with pytest.warns(UserWarning, match="held out"):
        find_label_issues(y, pred_probs=memorised, features=x)


def test_labels_that_are_easy_and_right_are_not_warned_of(rng):
    y, x = two_groups(rng, n=200)
    held_out = np.where(np.eye(2)[y] > 0, 0.97, 0.03)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        issues = find_label_issues(y, pred_probs=held_out, features=x)
    assert not issues.is_issue.any()


GOOD = {"y_given": np.arange(20) % 2, "pred_probs": np.full((20, 2), 0.5), "features": np.arange(40.0).reshape(20, 2)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_given": np.zeros(20)}, "y_given must be integers, got .*float64"),
        ({"y_given": -np.ones(20, dtype=int)}, "y_given must be class indices >= 0, got -1"),
        ({"y_given": np.full(20, 2)}, "y_given must be class indices below 2, got 2"),
        ({"y_given": [0]}, "y_given must be at least 2 labels, got 1"),
        ({"y_given": np.zeros((20, 2), dtype=int)}, r"y_given must be one-dimensional, got \(20, 2\)"),
        ({"pred_probs": np.full((20, 2), 0.4)}, "pred_probs must be rows that sum to 1, got row 0 with sum 0.8"),
        ({"pred_probs": np.tile([1.5, -0.5], (20, 1))}, "pred_probs must be >= 0, got .*-0.5"),
        ({"pred_probs": np.full((20, 2), np.nan)}, "pred_probs must be >= 0, got .*nan"),
        ({"pred_probs": np.full((19, 2), 0.5)}, "pred_probs must be 20 rows, one per label, got 19"),
        ({"pred_probs": np.ones((20, 1))}, "y_given must be class indices below 1, got 1"),
        ({"pred_probs": np.arange(20) % 2}, r"pred_probs must be two-dimensional, one row per example, got \(20,\)"),
        ({"features": np.zeros((19, 2))}, "features must be 20 rows, one per label, got 19"),
        ({"features": np.full((20, 2), np.inf)}, "features must be finite numbers"),
        ({"features": np.zeros(20)}, r"features must be two-dimensional, one row per example, got \(20,\)"),
        ({"detector": "magic"}, "detector must be one of 'auto', 'inn', .*, got 'magic'"),
        ({"cutoff": "best"}, "cutoff must be one of 'own', 'prediction', 'mixture', 'rate', got 'best'"),
        ({"detector": "knn", "n_neighbors": 0}, "n_neighbors must be an integer >= 1, got 0"),
        ({"loss": [1.0]}, "keywords must be among batch_size, .*, got 'loss'"),
        ({"detector": "small_loss_ce", "losses": np.ones(19)}, r"losses must be of shape \(20\), got \(19,\)"),
        (
            {"detector": "small_loss_ce", "losses": np.full(20, np.nan)},
            "losses must be finite, got 'some that are not'",
        ),
        ({"detector": "aum", "logits": np.ones((20, 2))}, r"logits must be of shape \(any, 20, any\), got \(20, 2\)"),
        ({"detector": "aum", "logits": np.ones((3, 20, 1))}, "y_given must be class indices below 1, got 1"),
        (
            {"detector": "knet", "knet_probs": np.full((19, 2), 0.5)},
            "knet_probs must be 20 rows, one per label, got 19",
        ),
        ({"pred_probs": None, "features": None}, "pred_probs must be given, or features, or both, got None"),
    ],
)
def test_wrong_input_is_answered_with_one_sentence(change, message):
    with pytest.raises(ValueError, match=message):
        find_label_issues(**(GOOD | change))


def test_more_neighbours_than_rows_are_all_of_them(rng):
    y, x = two_groups(rng, n=12)
    few = score("knn", y_given=y, features=x, n_neighbors=11)
    np.testing.assert_array_equal(score("knn", y_given=y, features=x, n_neighbors=500), few)


def test_the_list_of_detectors_can_not_be_changed():
    with pytest.raises(TypeError):
        detectors()["mine"] = detectors()["knn"]  # type: ignore[index]
