"""IterKNN and SelKNN: labels corrected by a vote among penultimate features (KED). Functions on arrays.

Sixty thousand rows of 128 features take what their neighbour search takes (`lab bench correct`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from lab.core.checks import check_choice, check_integer, check_labels, check_number, require
from lab.neighbors import NeighborTable
from lab.specs.correction_methods import NORMALISE

CELLS = 2**26  # neighbours held at a time: 0.5 GB of numbers and distances
SHOWN = 5  # of a row's voters, the nearest


class Vote(NamedTuple):
    """k: how many voted, which may be fewer than were asked for."""

    labels: Int[ndarray, " n"]
    k: int


def iterknn(
    features: Float[ndarray, "n d"],
    y: Int[ndarray, " n"],
    *,
    k: int = 100,
    self_neighbour: str = "exclude",
    y_voting: Int[ndarray, " n"] | None = None,
    device: Any = "cpu",
) -> Vote:
    """Every row gets the plurality label of its k nearest rows; all votes are held on the labels as they came in.

    Args:
        features: of the rows, from a network in eval mode and without augmentation.
        y: current labels, which are not changed. y_voting: other labels that vote in their place, for Fig. 3.
        k: at most as many as there are other rows vote.
        self_neighbour: "include" lets a row vote for its own label too, which matters for small k alone.
    Returns: new labels, and the k that voted.
    Raises: ValueError if shapes, labels or k do not fit.
    Source: KED Algorithm 2 and Eq. 4. Departs from it: N_k(x_i) are the neighbours of x_i (the paper prints
        x in N_k(x_i) with the roles exchanged, A11); a row does not vote for itself; of tied labels the nearest wins.
    """
    y = _labels_of(features, y)
    check_choice("self_neighbour", self_neighbour, ("exclude", "include"))
    own = np.arange(len(y), dtype=np.int32) if self_neighbour == "exclude" else None
    require(len(y) >= 2, "features", "at least 2 rows", len(y))
    voting = y if y_voting is None else _labels_of(features, y_voting)
    return _vote(features, voting, features, k, own=own, device=device)


def selknn(
    features: Float[ndarray, "n d"],
    y: Int[ndarray, " n"],
    chosen: Bool[ndarray, " n"],
    *,
    k: int = 100,
    limit_k: str = "reference",
    y_voting: Int[ndarray, " n"] | None = None,
    device: Any = "cpu",
) -> Vote:
    """Chosen rows keep their labels, every other row gets the plurality label of its k nearest chosen rows.

    Args:
        chosen: the reference B, see `choose_reference`.
        k: at most as many as there are chosen rows vote; with `limit_k` "class" at most as many as the class with the
            fewest chosen rows has.
    Returns: new labels, and the k that voted.
    Raises: ValueError if shapes, labels or k do not fit, or no row is chosen.
    Source: KED Algorithm 3. Departs from it: nothing; when all rows are chosen nothing changes, and the caller turns to
        `iterknn` (A9).
    """
    y = _labels_of(features, y)
    check_choice("limit_k", limit_k, ("reference", "class"))
    require(
        chosen.shape == y.shape and bool(chosen.any()), "chosen", "a row of the reference or more", int(chosen.sum())
    )
    voting = (y if y_voting is None else _labels_of(features, y_voting))[chosen]
    if limit_k == "class":
        counts = np.bincount(voting)
        k = min(k, int(counts[counts > 0].min()))
    corrected = y.copy()
    vote = _vote(features[chosen], voting, features[~chosen], k, own=None, device=device)
    corrected[~chosen] = vote.labels
    if y_voting is not None:
        corrected[chosen] = voting
    return Vote(corrected, vote.k)


def choose_reference(
    y: Int[ndarray, " n"],
    cumulative_loss: Float[ndarray, " n"],
    percent: float,
    *,
    cap: int | None = None,
) -> Bool[ndarray, " n"]:
    """Of every class, the rows whose cumulative loss is among its M smallest (B of Eq. 5 and 6).

    Args:
        y: current labels, which decide the class of a row.
        percent: of each class; M is that share, rounded, but at least one row, so that no class that still has rows
            loses its vote.
        cap: M is never more; Clothing1M has 10,000.
    Returns: whether a row is in B. A class without rows has none there.
    Source: KED Eq. 5 and 6, §4.7. Departs from it: exactly M rows where losses are equal; Eq. 6 is read with the class
        restriction that it lacks (A11).
    """
    y = check_labels("y", y)
    percent = check_number("percent", percent, 0, 100)
    require(
        cumulative_loss.shape == y.shape,
        "cumulative_loss",
        f"one number for each of {len(y)} rows",
        cumulative_loss.shape,
    )
    chosen = np.zeros(len(y), dtype=bool)
    order = np.lexsort((cumulative_loss, y))
    ends = np.cumsum(np.bincount(y))
    for start, end in zip(np.r_[0, ends[:-1]], ends, strict=True):
        count = max(1, round((end - start) * percent / 100))
        chosen[order[start : min(end, start + count if cap is None else start + min(count, cap))]] = True
    return chosen


def cumulative_loss(losses: Float[ndarray, "epochs n"], normalise: str = "mean") -> Float[ndarray, " n"]:
    """The sum over epochs of each row's loss, every epoch made comparable first.

    Args:
        losses: of every row after every epoch, to the label in force.
        normalise: "mean" takes the epoch's mean away, "zscore" divides by its standard deviation too, "minmax" brings
            it to [0, 1]. Within one epoch all keep the order of rows; they differ in how epochs weigh.
    Source: KED §3.4, which names no formula (A10); "mean" is O2U-Net's. Departs from it: nothing that is printed.
    """
    check_choice("normalise", normalise, NORMALISE)
    losses = losses.astype(np.float64)
    if normalise == "minmax":
        low, high = losses.min(axis=1, keepdims=True), losses.max(axis=1, keepdims=True)
        return ((losses - low) / np.maximum(high - low, 1e-12)).sum(axis=0)
    centred = losses - losses.mean(axis=1, keepdims=True)
    if normalise == "zscore":
        centred /= np.maximum(losses.std(axis=1, keepdims=True), 1e-12)
    return centred.sum(axis=0)


class Outvoted(NamedTuple):
    """Some rows whose label was changed, and who did it.

    Attributes:
        rows: their numbers. neighbours: numbers of the nearest rows that voted. votes: for the old and the new label.
    """

    rows: Int[ndarray, " m"]
    neighbours: Int[ndarray, "m s"]
    votes: Int[ndarray, "m 2"]


def who_outvoted(
    features: Float[ndarray, "n d"],
    before: Int[ndarray, " n"],
    after: Int[ndarray, " n"],
    rows: Int[ndarray, " m"],
    *,
    reference: Bool[ndarray, " n"],
    k: int,
    y_voting: Int[ndarray, " n"] | None = None,
) -> Outvoted:
    """The neighbours that changed these rows' labels: all of `reference` but the row itself stood for election."""
    members = np.flatnonzero(reference)
    place = np.full(len(before), -1, dtype=np.int32)
    place[members] = np.arange(len(members))
    own = place[rows] if (place[rows] >= 0).any() else None
    k = min(k, len(members) - (own is not None))
    table = NeighborTable.build(features[members], features[rows], k_max=k, own=own)
    voters = members[table.idx]
    voting = (before if y_voting is None else y_voting)[voters]
    votes = np.stack([(voting == label[rows, None]).sum(axis=1) for label in (before, after)], axis=1)
    return Outvoted(rows, voters[:, :SHOWN], votes)


def flow(before: Int[ndarray, " n"], after: Int[ndarray, " n"], y_clean: Int[ndarray, " n"]) -> Mapping[str, int]:
    """How many rows went from a right or wrong label to a right or wrong one; of the last, `moved` in another way than before."""
    was, is_right = before == y_clean, after == y_clean
    return {
        "right_right": int((was & is_right).sum()),
        "wrong_right": int((~was & is_right).sum()),
        "right_wrong": int((was & ~is_right).sum()),
        "wrong_wrong": int((~was & ~is_right).sum()),
        "moved": int((~was & ~is_right & (before != after)).sum()),
    }


def _labels_of(features: ndarray, y: ndarray) -> Int[ndarray, " n"]:
    y = check_labels("y", y)
    require(len(y) == len(features), "y", f"{len(features)} labels, one per row of features", len(y))
    return y


def _vote(
    reference: Float[ndarray, "r d"],
    y: Int[ndarray, " r"],
    queries: Float[ndarray, "m d"],
    k: int,
    *,
    own: Int[ndarray, " m"] | None,
    device: Any,
) -> Vote:
    """Block by block, so that a million rows do not hold the neighbours of all of them at once."""
    k = min(check_integer("k", k, 1), len(reference) - (own is not None))
    labels = np.empty(len(queries), dtype=np.int64)
    block = max(1, CELLS // k)
    for start in range(0, len(queries), block):
        rows = slice(start, start + block)
        table = NeighborTable.build(
            reference, queries[rows], k_max=k, own=None if own is None else own[rows], device=device
        )
        labels[rows] = table.predict(y, k)
    return Vote(labels, k)
