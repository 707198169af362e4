"""Probabilities for rows that no model saw: the folds, and logistic regressions on them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Int
from numpy import ndarray
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lab.core.rng import numpy_rng
from lab.data.rows import stratified

MOST_COLUMNS = 64  # of the inputs that probabilities are learnt from
N_FOLDS = 5


def folds(y: Int[ndarray, " n"], n_folds: int) -> Int[ndarray, " n"]:
    """A fold for each row; every class is dealt out in turn."""
    fold = np.empty(len(y), dtype=np.int64)
    fold[np.argsort(y, kind="stable")] = np.arange(len(y)) % n_folds
    return fold


def held_out(
    x: Float32[ndarray, "n d"],
    y: Int[ndarray, " n"],
    n_classes: int,
    *,
    most_rows: int | None = None,
    tick: Callable[[float], object] = lambda part: None,
) -> Float[ndarray, "n c"]:
    """Probabilities by logistic regressions that did not see the row; more than 64 columns are made 64 components.

    A class with fewer than two labels is given the probability 0.

    Args:
        most_rows: that each of the five models learns from, drawn with the shares of their classes; None for all.
        tick: called with the share that is done; it may raise to stop.
    """
    fold = folds(y, N_FOLDS)
    steps: list[Any] = [StandardScaler()]
    if x.shape[1] > MOST_COLUMNS and len(y) > 2 * MOST_COLUMNS:
        steps.append(PCA(MOST_COLUMNS, svd_solver="randomized", random_state=0))
    probs = np.zeros((len(y), n_classes))
    for held in range(N_FOLDS):
        tick(held / N_FOLDS)
        inside, outside = np.flatnonzero(fold != held), fold == held
        if not outside.any():
            continue
        if most_rows is not None and len(inside) > most_rows:
            inside = inside[stratified(y[inside], most_rows, rng=numpy_rng(held, "learnt from"))]
        if len(np.unique(y[inside])) < 2:
            probs[outside, y[inside][0]] = 1
            continue
        model = make_pipeline(*steps, LogisticRegression(max_iter=100))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 100 steps are near enough
            model.fit(x[inside], y[inside])
        probs[np.ix_(outside, model.classes_)] = model.predict_proba(x[outside])
    return probs
