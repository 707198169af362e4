"""The detectors: values worked by hand, another way to the same numbers, and what they find."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.analysis.detect import detectors, find_label_issues, score
from lab.analysis.detect_metrics import auroc
from lab.analysis.detect_probabilities import class_confidence, confident_joint, confident_label, estimated_errors
from lab.analysis.detect_scales import mixing_weight, scales, shares_at
from lab.data import load
from lab.neighbors import NeighborTable
from lab.noise import LocallyConcentrated, Symmetric, corrupt

LINE = np.array([0.0, 1.0, 2.5, 10.0, 11.0, 12.5])[:, None]
Y_LINE = np.array([0, 0, 1, 1, 1, 0])
PROBS = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.0, 0.5, 0.5], [0.2, 0.8, 0.0]])
Y_PROBS = np.array([0, 1, 0, 1])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def blobs(rng, n=300, n_classes=3, rate=0.2):
    """Three Gaussians, a fifth of the labels wrong, and probabilities of the true class that are held out and blunt."""
    y = rng.integers(n_classes, size=n)
    features = 4 * np.eye(n_classes, 5)[y] + rng.normal(size=(n, 5))
    y_given = corrupt(y, Symmetric(rate), rng=rng, n_classes=n_classes).y_given
    logits = 2 * np.eye(n_classes)[y] + rng.normal(size=(n, n_classes))
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return y, y_given, features, probs


def everything(y_given, features, probs):
    """One set of arguments for all detectors."""
    return {
        "y_given": y_given,
        "pred_probs": probs,
        "features": features,
        "losses": -np.log(probs[np.arange(len(y_given)), y_given]),
        "logits": np.log(probs)[None].repeat(3, axis=0),
        "knet_probs": probs,
        "predict_proba": lambda rows: np.exp(rows[:, :3]) / np.exp(rows[:, :3]).sum(axis=1, keepdims=True),
        "x": features,
    }


def test_agreement_by_hand():
    scores = score("knn", y_given=Y_LINE, features=LINE, n_neighbors=2)
    np.testing.assert_allclose(scores, [0.5, 0.5, 0, 0.5, 0.5, 0])
    weighted = score("knn_weighted", y_given=Y_LINE, features=LINE, n_neighbors=3)
    # row 0: distances 1, 2.5, 10, labels 0, 1, 1, weights 1, 7.5/9, 0
    np.testing.assert_allclose(weighted[0], 1 / (1 + 7.5 / 9))
    alike = score("knn_weighted", y_given=Y_LINE, features=np.zeros((6, 1)), n_neighbors=5)
    np.testing.assert_allclose(alike, [0.4] * 6)  # equally far: a plain share of the five others


def test_scores_of_probabilities_by_hand():
    given_to = {"y_given": Y_PROBS, "pred_probs": PROBS}
    np.testing.assert_allclose(score("margin", **given_to), [0.5, -0.1, -0.5, 0.6])
    np.testing.assert_allclose(score("small_loss_ce", **given_to)[[0, 3]], np.log([0.7, 0.8]))
    entropy = -(0.7 * np.log(0.7) + 0.2 * np.log(0.2) + 0.1 * np.log(0.1))
    found = score("entropy", **given_to)
    np.testing.assert_allclose(found[[0, 2]], [0.7 / (0.7 + entropy), 0])
    np.testing.assert_allclose(score("small_loss_mixup", y_given=[0, 1], losses=[0.2, 3.0]), [-0.2, -3.0])
    np.testing.assert_allclose(score("knet", y_given=Y_PROBS, knet_probs=PROBS), [0.7, 0.3, 0, 0.8])


def test_the_area_under_the_margin_is_the_mean_logit_margin_over_training():
    logits = np.array([[[2.0, 1, 0], [0, 0, 4]], [[5, 0, -1], [0, 3, 2]]])
    np.testing.assert_allclose(score("aum", y_given=[0, 1], logits=logits), [(1 + 5) / 2, (-4 + 1) / 2])


def test_confident_learning_by_hand():
    # mean confidence: class 0 (rows 0, 2) .35, class 1 (rows 1, 3) .55, class 2 nobody
    np.testing.assert_allclose(class_confidence(PROBS, Y_PROBS), [0.35, 0.55, 2])
    np.testing.assert_array_equal(confident_label(PROBS, Y_PROBS), [0, -1, -1, 1])
    excess = PROBS - [0.35, 0.55, 2]
    expected = [excess[0, 0] - excess[0, 1], excess[1, 1] - excess[1, 0], excess[2, 0] - excess[2, 1]]
    found = score("confident_learning", y_given=Y_PROBS, pred_probs=PROBS)
    np.testing.assert_allclose(found[:3], expected)


def test_the_confident_joint_finds_the_noise_that_was_put_in(rng):
    T = np.array([[0.8, 0.2, 0.0], [0.0, 0.7, 0.3], [0.1, 0.0, 0.9]])
    y = rng.integers(3, size=6000)
    y_given = np.array([rng.choice(3, p=T[c]) for c in y])
    probs = np.where(np.eye(3)[y] > 0, 0.9, 0.05)  # a model that knows the truth
    joint = confident_joint(probs, y_given)
    np.testing.assert_allclose(joint / joint.sum(axis=1, keepdims=True), T, atol=0.03)
    np.testing.assert_allclose(joint.sum(axis=0), np.bincount(y_given) / 6000)
    assert abs(estimated_errors(probs, y_given) - (y != y_given).sum()) < 60


@given(seed=st.integers(0, 1000), absent=st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_confident_joint_is_a_distribution_with_the_given_shares(seed, absent):
    rng = np.random.default_rng(seed)
    probs, y = rng.dirichlet(np.ones(4) * 0.5, size=50), rng.integers(3 if absent else 4, size=50)
    joint = confident_joint(probs, y)
    np.testing.assert_allclose(joint.sum(axis=0), np.bincount(y, minlength=4) / 50, atol=1e-12)
    assert 0 <= estimated_errors(probs, y) <= 50


def plain_auto(y, features, n_classes):
    """The lab's own score without probabilities, one row and one scale at a time."""
    idx, sizes, scores = NeighborTable.build(features, k_max=len(y) - 1).idx, np.bincount(y, minlength=n_classes), []
    for i, label in enumerate(y):
        margins = []
        for k in (10, 20, 40, 80):
            if k <= max(10, sizes[label]) and k <= sizes.max():
                shares = np.bincount(y[idx[i, :k]], minlength=n_classes) / k
                margins.append(shares[label] - np.delete(shares, label).max())
        scores.append((1 - np.log(np.mean(np.exp(-4 * np.array(margins)))) / 4) / 2)
    return scores


def test_auto_is_the_soft_minimum_of_the_margins_at_every_scale(rng):
    _, y_given, features, _ = blobs(rng, n=200)
    y_given[y_given == 2] = np.where(rng.random((y_given == 2).sum()) < 0.7, 1, 2)  # classes of unequal size
    np.testing.assert_allclose(
        score("auto", y_given=y_given, features=features), plain_auto(y_given, features, 3), atol=1e-6
    )


def test_scales_double_up_to_the_largest_class():
    assert scales(1000, 100) == [10, 20, 40, 80]
    assert scales(1000, 80) == [10, 20, 40, 80]
    assert scales(30, 30) == [10, 20]
    assert scales(5, 5) == [4]
    assert scales(2, 2) == [1]


def test_wide_neighbourhoods_are_estimated_from_thinned_rows_without_the_row_itself(rng):
    x, y = rng.normal(size=(1500, 3)), rng.integers(2, size=1500)
    y[x[:, 0] > 0] = 0
    direct = NeighborTable.build(x, k_max=640).votes(y, 2)
    ks = [10, 160, 320, 640]
    for k, shares in zip(ks, shares_at(x, y, 2, ks, rng), strict=True):
        expected = direct[:, k - 1] / k
        assert np.abs(shares - expected).max() < (1e-6 if k <= 160 else 0.35)
        assert np.abs(shares - expected).mean() < (1e-6 if k <= 160 else 0.06)
    alone = np.arange(1500)  # every row its own label: a row that saw itself would find its label
    for shares in shares_at(x, alone, 1500, [10, 320], rng):
        assert (shares[alone, alone] == 0).all()


@given(seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_the_mixing_weight_makes_the_given_labels_likeliest(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.uniform(0.01, 1, size=(2, 60))
    grid = np.linspace(0, 1, 1001)[:, None]
    likelihood = np.log(grid * first + (1 - grid) * second).mean(axis=1)
    weight = mixing_weight(first, second)
    assert np.log(weight * first + (1 - weight) * second).mean() >= likelihood.max() - 1e-3


@pytest.mark.parametrize("name", list(detectors()))
def test_every_detector_ranks_wrong_labels_low_and_names_what_it_needs(name, rng):
    y, y_given, features, probs = blobs(rng)
    arguments = everything(y_given, features, probs)
    scores = score(name, **arguments)
    assert scores.shape == (300,)
    assert auroc(scores, y_given != y) > 0.85
    detector = detectors()[name]
    with pytest.raises(ValueError, match=f"must be given to the detector {name!r}, got None"):
        score(name, y_given=y_given)
    needed = {need.split("|")[0] for need in detector.needs}
    assert score(name, y_given=y_given, **{need: arguments[need] for need in needed}).shape == (300,)
    with pytest.raises(dataclasses.FrozenInstanceError):
        detector.name = "other"


@pytest.mark.parametrize("name", list(detectors()))
@pytest.mark.parametrize("cutoff", ["own", "prediction", "mixture", "rate"])
def test_a_table_of_issues_has_one_row_per_label_in_input_order(name, cutoff, rng):
    y, y_given, features, probs = blobs(rng)
    issues = find_label_issues(detector=name, cutoff=cutoff, **everything(y_given, features, probs))
    assert list(issues.columns) == ["is_issue", "score", "given_label", "suggested_label"]
    assert list(issues.index) == list(range(300))
    assert issues.is_issue.dtype == bool
    np.testing.assert_array_equal(issues.given_label, y_given)
    np.testing.assert_array_equal(issues.is_issue, issues.suggested_label != issues.given_label)
    np.testing.assert_allclose(issues.score, score(name, **everything(y_given, features, probs)))
    wrong = y != y_given
    assert wrong[issues.is_issue].mean() > 0.4  # of all labels, .2 are wrong
    assert (issues.suggested_label[issues.is_issue & wrong] == y[issues.is_issue & wrong]).mean() > 0.8


@pytest.mark.parametrize("name", ["auto", "knn", "knn_weighted", "knn_average", "margin", "confident_learning", "inn"])
def test_rows_in_another_order_get_the_same_scores(name, rng):
    _, y_given, features, probs = blobs(rng, n=150)
    order = rng.permutation(150)
    there = score(name, **everything(y_given, features, probs))
    back = score(name, **everything(y_given[order], features[order], probs[order]))
    np.testing.assert_allclose(back, there[order], atol=1e-6)


def test_probabilities_alone_and_features_alone_and_both(rng):
    y, y_given, features, probs = blobs(rng)
    wrong = y != y_given
    by_probs = score("auto", y_given=y_given, pred_probs=probs)
    np.testing.assert_allclose(by_probs, (1 + score("margin", y_given=y_given, pred_probs=probs)) / 2)
    by_features = score("auto", y_given=y_given, features=features)
    both = score("auto", y_given=y_given, features=features, pred_probs=probs)
    assert auroc(both, wrong) >= max(auroc(by_probs, wrong), auroc(by_features, wrong)) - 0.005


def test_probabilities_that_know_nothing_do_no_harm(rng):
    y, y_given, features, _ = blobs(rng)
    noise = rng.dirichlet(np.ones(3), size=300)
    alone = score("auto", y_given=y_given, features=features)
    both = score("auto", y_given=y_given, features=features, pred_probs=noise)
    assert auroc(both, y != y_given) >= auroc(alone, y != y_given) - 0.01


def test_labels_that_are_wrong_together_are_found_by_wide_neighbourhoods_and_missed_by_narrow_ones(rng):
    digits = load("digits")
    x, y = digits.x, digits.y_clean
    y_given = corrupt(y, LocallyConcentrated(5), rng=rng, n_classes=10, features=x).y_given
    wrong = y_given != y
    assert auroc(score("auto", y_given=y_given, features=x), wrong) > 0.88
    assert auroc(score("knn", y_given=y_given, features=x), wrong) < 0.8


def test_what_draws_repeats_with_its_seed(rng):
    _, y_given, features, _ = blobs(rng)
    first, again, other = (
        score("simifeat", y_given=y_given, features=features, rng=seed)
        for seed in (None, np.random.default_rng(1), np.random.default_rng(1))
    )
    np.testing.assert_array_equal(again, other)
    assert (first != again).any()
    np.testing.assert_array_equal(first, score("simifeat", y_given=y_given, features=features))
