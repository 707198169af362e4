"""Which given labels look wrong? One call for every detector, all on one footing: `score`, high = clean.

>>> issues = find_label_issues(y_given, pred_probs=held_out_probabilities, features=features)
>>> issues[issues.is_issue].sort_values("score")
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from lab.analysis.detect_evidence import Evidence, Given, best_other, check_given, margin, warn_if_in_sample
from lab.analysis.detect_probabilities import estimated_errors, lowest
from lab.analysis.detect_registry import DETECTORS, Detector
from lab.analysis.detect_scales import average
from lab.core.checks import check_choice, require
from lab.core.rng import numpy_rng

if TYPE_CHECKING:
    import pandas as pd

CUTOFFS = ("own", "prediction", "mixture", "rate")

_BY_NAME = MappingProxyType({detector.name: detector for detector in DETECTORS})
_KEYWORDS = {name for d in DETECTORS for need in (*d.needs, *d.takes) for name in need.split("|")}
_MORE = sorted(_KEYWORDS - {"features", "pred_probs"})


def detectors() -> Mapping[str, Detector]:
    """Every detector by name, and what it needs."""
    return _BY_NAME


def score(
    detector: str, *, y_given: Any, pred_probs: Any = None, features: Any = None, **more: Any
) -> Float64[ndarray, " n"]:
    """How far each given label is to be believed: one number per row, in input order, high = clean.

    What a detector does not need may be given all the same, so that one set of arguments serves them all.

    Args:
        detector: a name of `detectors()`.
        y_given: `(n,)` labels, possibly wrong.
        pred_probs: `(n, c)` probabilities, rows summing to 1, from models that did not see the row's label in training;
            for a small loss, from the network as it stands.
        features: `(n, d)`, in which like rows lie close together.
        more: `losses` (n,); `logits` (epochs, n, c), recorded during training; `knet_probs` (n, c), kNet's answer;
            `predict_proba` and `x`, a model and its inputs (see `lab.analysis.inn`); `n_neighbors` (10); `n_segments`,
            `precision` and `batch_size` of INN; `rng`, a numpy Generator, for what draws (seed 0 if not given).
    Raises: ValueError naming what is missing or wrong.
    """
    return _evidence(detector, y_given, pred_probs, features, more)[1].score


def find_label_issues(
    y_given: Any,
    *,
    pred_probs: Any = None,
    features: Any = None,
    detector: str = "auto",
    cutoff: str = "own",
    **more: Any,
) -> pd.DataFrame:
    """The labels that look wrong, and what they might be instead.

    Args:
        y_given, pred_probs, features, more: as for `score`; features or pred_probs must be given.
        detector: a name of `detectors()`; "auto" takes neighbourhoods at every scale, the probabilities, or both.
        cutoff: "own", the detector's own verdict, or where it has none a mixture's; "prediction", where another label
            is likelier; "mixture", where the scores' clean component is the less likely; "rate", as many of the lowest
            scores as the confident joint says are wrong. A mixture finds no issue where all scores are equal.
    Returns: one row per label, in input order: `is_issue`, `score` (high = clean), `given_label`, and `suggested_label`,
        which differs from the given label just where there is an issue.
    Raises: ValueError naming what is missing or wrong. Warns where `pred_probs` look as if predicted in-sample.
    """
    import pandas as pd

    check_choice("cutoff", cutoff, CUTOFFS)
    require(pred_probs is not None or features is not None, "pred_probs", "given, or features, or both", None)
    given, evidence = _evidence(detector, y_given, pred_probs, features, more)
    warn_if_in_sample(given)
    probs = evidence.probs
    if probs is None:
        probs = given.pred_probs if given.pred_probs is not None else average(given).probs
    assert probs is not None
    is_issue = _issues(_BY_NAME[detector], evidence, given, probs, cutoff)
    return pd.DataFrame(
        {
            "is_issue": is_issue,
            "score": evidence.score,
            "given_label": given.y,
            "suggested_label": np.where(is_issue, best_other(probs, given.y), given.y),
        }
    )


def _evidence(name: str, y_given: Any, pred_probs: Any, features: Any, more: dict[str, Any]) -> tuple[Given, Evidence]:
    check_choice("detector", name, tuple(_BY_NAME))
    for unknown in set(more).difference(_MORE):
        raise ValueError(f"keywords must be among {', '.join(_MORE)}, got {unknown!r}")
    more = {k: v for k, v in more.items() if v is not None}
    there = {k for k, v in (("features", features), ("pred_probs", pred_probs)) if v is not None} | set(more)
    for need in _BY_NAME[name].missing(there):
        raise ValueError(f"{need.replace('|', ' or ')} must be given to the detector {name!r}, got None")
    given = check_given(y_given, pred_probs, features, {"rng": numpy_rng(0, "detect")} | more)
    return given, _BY_NAME[name].judge(given)


def _issues(detector: Detector, evidence: Evidence, given: Given, probs: ndarray, cutoff: str) -> Bool[ndarray, " n"]:
    """Which labels are called wrong."""
    if cutoff == "own" and evidence.is_issue is not None:
        return evidence.is_issue
    if cutoff == "prediction":
        return margin(probs, given.y) < 0
    if cutoff == "rate":
        return lowest(evidence.score, estimated_errors(probs, given.y))
    if np.ptp(evidence.score) < 1e-9:
        return np.zeros(len(given.y), dtype=bool)
    from lab.analysis.mixtures import fit_bmm, fit_gmm

    fit = fit_bmm if detector.mixture == "bmm" else fit_gmm
    return fit(evidence.score, rng=given.more["rng"]).p_clean(evidence.score) < 0.5
