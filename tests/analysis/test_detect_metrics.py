"""The figures that judge a detector, against scikit-learn's and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from lab.analysis.detect_metrics import precision_at, quality


@given(seed=st.integers(0, 10_000), n_scores=st.integers(2, 40), n=st.integers(10, 60))
@settings(max_examples=80, deadline=None)
def test_auroc_auprc_and_f1_equal_scikit_learns_also_with_ties(seed, n_scores, n):
    rng = np.random.default_rng(seed)
    y_clean, y_given = rng.integers(3, size=(2, n))
    y_given[:2], y_clean[:2] = [0, 1], [0, 2]  # one right, one wrong
    score, is_issue = rng.integers(n_scores, size=n).astype(float), rng.random(n) < 0.5
    is_issue[0] = True
    wrong = y_given != y_clean
    found = quality(score, is_issue, y_given=y_given, y_clean=y_clean)
    assert found.auroc == pytest.approx(roc_auc_score(wrong, -score))
    assert found.auprc == pytest.approx(average_precision_score(wrong, -score))
    assert found.f1 == pytest.approx(f1_score(wrong, is_issue))
    for c in range(3):
        mine = y_clean == c
        if 0 < wrong[mine].sum() < mine.sum():
            assert found.class_auroc[c] == pytest.approx(roc_auc_score(wrong[mine], -score[mine]))


def test_figures_by_hand():
    y_clean = np.array([0, 0, 0, 0, 1, 1])
    y_given = np.array([0, 0, 1, 1, 1, 0])
    found = quality([5.0, 4, 3, 1, 6, 2], [False, False, True, True, True, False], y_given=y_given, y_clean=y_clean)
    assert (found.n_errors, found.flagged) == (3, 0.5)
    assert found.precision == found.recall == found.f1 == pytest.approx(2 / 3)
    assert found.auroc == 1
    assert found.precision_at_errors == 1
    assert found.minority == 1
    assert found.minority_auroc == 1
    assert np.isnan(found.seconds)


def test_precision_at_the_number_of_errors_takes_ties_as_they_come_on_average():
    score, wrong = np.array([0.0, 1, 1, 1, 2]), np.array([True, True, False, False, True])
    assert precision_at(score, wrong, 3) == pytest.approx((1 + 2 / 3) / 3)
    rng = np.random.default_rng(0)
    drawn = [wrong[np.lexsort((rng.random(5), score))[:3]].mean() for _ in range(4000)]
    assert precision_at(score, wrong, 3) == pytest.approx(np.mean(drawn), abs=0.02)


def test_what_is_not_defined_is_nan():
    y = np.array([0, 0, 2])
    clean = quality([1.0, 2, 3], [False] * 3, y_given=y, y_clean=y)
    assert clean.flagged == 0
    for figure in (clean.auroc, clean.auprc, clean.precision_at_errors, clean.f1, clean.precision, clean.recall):
        assert np.isnan(figure)
    assert clean.minority == 2
    assert np.isnan(clean.class_auroc).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": [1.0]}, r"score must be of shape \(2\), got \(1,\)"),
        ({"is_issue": [0, 1]}, "is_issue must be True or False for each label, got .*int64"),
        ({"is_issue": [True]}, r"is_issue must be 2 entries, one per label, got \(1,\)"),
        ({"y_clean": [0, 1, 1]}, r"y_clean must be 2 entries, one per label, got \(3,\)"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, message):
    given = {"score": [1.0, 2.0], "is_issue": [True, False], "y_given": [0, 1], "y_clean": [0, 0]} | change
    with pytest.raises(ValueError, match=message):
        quality(given["score"], given["is_issue"], y_given=given["y_given"], y_clean=given["y_clean"])
