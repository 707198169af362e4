"""How good a detector was, where the truth is known: on the whole, for each class, and for the smallest one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64, Int
from numpy import ndarray
from scipy.stats import rankdata

from lab.analysis.detect_evidence import check_numbers
from lab.core.checks import check_labels, require

NAN = float("nan")


@dataclass(frozen=True, eq=False, slots=True)
class Quality:
    """One detector on one labelling. What is not defined is nan: a ranking without errors, say.

    Attributes:
        auroc: the chance that a wrong label scores below a right one; ties count half.
        auprc: average precision of finding the wrong labels.
        precision_at_errors: of as many labels as are wrong, taken from the lowest score up, the share that is wrong.
        f1, precision, recall: of the labels that were called wrong.
        flagged: the share of labels that were called wrong.
        n_errors: how many labels are wrong.
        class_auroc: the same among the samples of one clean class; entry c belongs to class c.
        minority: the smallest clean class that there is.
        seconds: what it took, if measured.
    """

    auroc: float
    auprc: float
    precision_at_errors: float
    f1: float
    precision: float
    recall: float
    flagged: float
    n_errors: int
    class_auroc: Float64[ndarray, " c"]
    minority: int
    seconds: float = NAN

    @property
    def minority_auroc(self) -> float:
        """Among the samples of the smallest clean class: what a high figure on the whole can hide."""
        return float(self.class_auroc[self.minority])


def quality(score: Any, is_issue: Any, *, y_given: Any, y_clean: Any, seconds: float = NAN) -> Quality:
    """Judge a ranking and a verdict by the truth.

    Args:
        score: `(n,)`, high = clean.
        is_issue: `(n,)`, which labels were called wrong.
        y_given, y_clean: `(n,)` labels.
    Raises: ValueError unless all four have as many entries.
    """
    y_given, y_clean = check_labels("y_given", y_given), check_labels("y_clean", y_clean)
    score = check_numbers("score", score, (len(y_given),))
    is_issue = np.asarray(is_issue)
    require(is_issue.dtype == bool, "is_issue", "True or False for each label", is_issue.dtype)
    for name, other in (("y_clean", y_clean), ("is_issue", is_issue)):
        require(other.shape == y_given.shape, name, f"{len(y_given)} entries, one per label", other.shape)
    wrong = y_given != y_clean
    n_wrong, n_flagged, n_hits = int(wrong.sum()), int(is_issue.sum()), int((wrong & is_issue).sum())
    sizes = np.bincount(y_clean)
    classes = [auroc(score[y_clean == c], wrong[y_clean == c]) for c in range(len(sizes))]
    return Quality(
        auroc=auroc(score, wrong),
        auprc=average_precision(score, wrong),
        precision_at_errors=precision_at(score, wrong, n_wrong),
        f1=_share(2 * n_hits, n_wrong + n_flagged),
        precision=_share(n_hits, n_flagged),
        recall=_share(n_hits, n_wrong),
        flagged=_share(n_flagged, len(wrong)),
        n_errors=n_wrong,
        class_auroc=np.array(classes),
        minority=int(np.where(sizes > 0, sizes, sizes.max() + 1).argmin()),
        seconds=seconds,
    )


def auroc(score: Float[ndarray, " n"], wrong: Bool[ndarray, " n"]) -> float:
    """P(a wrong label scores lower than a right one), ties half; nan unless there are both."""
    n_wrong, n_right = int(wrong.sum()), int((~wrong).sum())
    if not n_wrong or not n_right:
        return NAN
    return float((rankdata(score)[~wrong].sum() - n_right * (n_right + 1) / 2) / (n_wrong * n_right))


def average_precision(score: Float[ndarray, " n"], wrong: Bool[ndarray, " n"]) -> float:
    """Area under precision against recall of the wrong labels, lowest scores first; equal scores come together."""
    hits, taken = _from_the_lowest(score, wrong)
    if not len(hits) or not hits[-1]:
        return NAN
    return float((np.diff(hits, prepend=0) / hits[-1] * (hits / taken)).sum())


def precision_at(score: Float[ndarray, " n"], wrong: Bool[ndarray, " n"], count: int) -> float:
    """The expected share of wrong labels among the `count` lowest scores, equal ones drawn at random."""
    if count == 0:
        return NAN
    return float(found_among(score, wrong, np.array([count]))[0] / count)


def found_among(
    score: Float[ndarray, " n"], wrong: Bool[ndarray, " n"], counts: Int[ndarray, " g"]
) -> Float64[ndarray, " g"]:
    """The expected number of wrong labels among so many lowest scores, equal ones drawn at random."""
    hits, taken = _from_the_lowest(score, wrong)
    return np.interp(counts, np.r_[0, taken], np.r_[0, hits])


def _from_the_lowest(
    score: Float[ndarray, " n"], wrong: Bool[ndarray, " n"]
) -> tuple[Int[ndarray, " m"], Int[ndarray, " m"]]:
    """For each different score: wrong labels, and labels, that score no higher."""
    taken = np.unique(score, return_counts=True)[1].cumsum()
    hits = wrong[np.argsort(score, kind="stable")].cumsum()
    return hits[taken - 1], taken


def _share(part: int, whole: int) -> float:
    return part / whole if whole else NAN
