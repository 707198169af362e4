"""Choosing rows: smaller data sets, held-out parts, two classes of many; and features on one scale."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from lab.core.checks import check_choice, check_integer, require
from lab.data.dataset import PARTS, NoisyDataset, digest_of, take
from lab.noise import imbalanced_pair


def stratified(y: Int[ndarray, " n"], n: int, *, rng: np.random.Generator) -> Int[ndarray, " m"]:
    """n random rows that keep the class shares of y as closely as whole rows can, in ascending order.

    Raises: ValueError if n is not in [0, len(y)].
    """
    check_integer("n", n, 0, len(y))
    counts = np.bincount(y)
    exact = counts * n / max(len(y), 1)
    quota = np.floor(exact).astype(int)
    short = n - quota.sum()
    quota[np.argsort(quota - exact, kind="stable")[:short]] += 1  # largest remainders
    chosen = [rng.permutation(np.flatnonzero(y == c))[: quota[c]] for c in range(len(counts))]
    return np.sort(np.concatenate([np.empty(0, dtype=int), *chosen]))


def pick(dataset: NoisyDataset, rows: Int[ndarray, " m"], **step: Any) -> NoisyDataset:
    """The data set of these rows only; `step` is what its provenance remembers of the choice."""
    old = dataset.provenance
    digest = digest_of(rows.astype(np.int64), text=old.digest)
    return replace(
        dataset,
        x=take(dataset.x, rows),
        y_clean=None if dataset.y_clean is None else dataset.y_clean[rows],
        y_given=dataset.y_given[rows],
        split=dataset.split[rows],
        provenance=replace(old, options={**old.options, **step}, digest=digest),
    )


def part_rows(dataset: NoisyDataset, part: str) -> Int[ndarray, " m"]:
    """Row numbers of a part."""
    return np.flatnonzero(dataset.split == PARTS.index(check_choice("part", part, PARTS)))


def subset(dataset: NoisyDataset, n: int, *, rng: np.random.Generator, part: str = "train") -> NoisyDataset:
    """Keep n rows of one part, stratified by given label, and all rows of the other parts; input order stays.

    Raises: ValueError if the part has fewer than n rows.
    """
    rows = part_rows(dataset, part)
    check_integer("n", n, 1, len(rows))
    kept = rows[stratified(dataset.y_given[rows], n, rng=rng)]
    others = np.flatnonzero(dataset.split != PARTS.index(part))
    return pick(dataset, np.sort(np.concatenate([kept, others])), **{f"n_{part}": n})


def hold_out(dataset: NoisyDataset, n: int, *, rng: np.random.Generator, part: str = "val") -> NoisyDataset:
    """Make n training rows, stratified by given label, the validation or test rows.

    Do it before the noise: where held-out labels are declared clean, rows with a wrong label are refused.

    Raises: ValueError if too few training rows would be left, the part exists already, or a held-out label is wrong.
    """
    check_choice("part", part, PARTS[1:])
    require(len(part_rows(dataset, part)) == 0, part, "empty so far", f"{len(part_rows(dataset, part))} rows")
    train = part_rows(dataset, "train")
    check_integer("n", n, 1, len(train) - 1)
    split = dataset.split.copy()
    split[train[stratified(dataset.y_given[train], n, rng=rng)]] = PARTS.index(part)
    old = dataset.provenance
    provenance = replace(old, options={**old.options, f"n_{part}": n})
    declared = dataset.held_out_clean and dataset.y_clean is not None  # given labels of unknown truth stay that
    return replace(dataset, split=split, provenance=provenance, held_out_clean=declared)


def class_pair(
    dataset: NoisyDataset,
    pair: tuple[int, int],
    *,
    rng: np.random.Generator,
    minority_fraction: float = 0.1,
    one_based: bool = True,
) -> NoisyDataset:
    """Two classes of a clean data set as classes 0 and 1; the second is rare among training rows only.

    Args:
        pair: (majority, minority), counted from 1 as INN does, or from 0 if `one_based` is False.
        minority_fraction: share of the second class's training rows that stay.
    Raises: ValueError if the truth is unknown, or a class does not occur.
    Source: INN §4.4. Departs from it: nothing; validation and test rows of both classes all stay (it does not say).
    """
    require(dataset.y_clean is not None, "dataset", "of known truth", "y_clean=None")
    y_clean: Any = dataset.y_clean
    kept, labels = [], []
    for part in PARTS:
        rows = part_rows(dataset, part)
        if len(rows):
            share = minority_fraction if part == "train" else 1.0
            chosen = imbalanced_pair(y_clean[rows], pair, rng=rng, minority_fraction=share, one_based=one_based)
            kept.append(rows[chosen.idx])
            labels.append(chosen.y)
    idx = np.concatenate(kept)
    order = np.argsort(idx)
    picked = pick(dataset, idx[order], pair=pair, minority_fraction=minority_fraction)
    y = np.concatenate(labels)[order]
    names = tuple(dataset.classes[c - one_based] for c in pair)
    return replace(picked, y_clean=y, y_given=y.copy(), classes=names)


def standardise(dataset: NoisyDataset) -> NoisyDataset:
    """Features with mean 0 and standard deviation 1 over the training rows; a constant feature becomes 0.

    Raises: ValueError if x is not a table of features.
    """
    x = dataset.x
    require(x.ndim == 2 and x.dtype == np.float32, "x", "a float32 table of features", (x.shape, x.dtype))
    train = x[dataset.rows("train")].astype(np.float64)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    scaled = ((x - mean) / np.where(deviation > 0, deviation, 1)).astype(np.float32)
    old = dataset.provenance
    options = {**old.options, "standardise": True}
    return replace(dataset, x=scaled, provenance=replace(old, options=options, digest=digest_of(scaled)))
