"""Fewer samples of some classes, before the labels go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Shaped

from lab.core.checks import check_integer, check_labels, check_number, require
from lab.noise.draw import class_rows, count_of

INN_PAIRS = ((1, 2), (3, 8), (4, 5), (7, 9))  # (majority, minority) as printed: CIFAR-10 classes counted from 1


class BinarySubset(NamedTuple):
    """Rows of a two-class problem, in input order, and their labels: 0 = majority, 1 = minority."""

    idx: Int[np.ndarray, " m"]
    y: Int[np.ndarray, " m"]


def keep_fractions(
    y: Shaped[np.ndarray, " n"], fractions: Mapping[int, float], *, rng: np.random.Generator
) -> Int[np.ndarray, " m"]:
    """Rows left when class c keeps floor(fractions[c] * n_c) random samples; unnamed classes keep all.

    Returns: row indices in input order. One seed with a larger fraction keeps all rows of a smaller one.
    Raises: ValueError if a fraction is not in [0, 1] or its class does not occur.
    Source: INN §4.4. Departs from it: nothing.
    """
    y = check_labels("y", y)
    luck = rng.random(y.size)
    kept = np.ones(y.size, dtype=bool)
    present = dict(class_rows(y, int(y.max(initial=0)) + 1))
    for c, fraction in fractions.items():
        require(c in present, "fractions", "of classes that occur in y", c)
        check_number(f"fractions[{c}]", fraction, 0, 1)
        rows = present[c]
        kept[rows[np.argsort(luck[rows])[count_of(fraction, rows.size) :]]] = False
    return np.flatnonzero(kept)


def imbalanced_pair(
    y: Shaped[np.ndarray, " n"],
    pair: tuple[int, int],
    *,
    rng: np.random.Generator,
    minority_fraction: float = 0.1,
    one_based: bool = True,
) -> BinarySubset:
    """Two classes, all of the first and a fraction of the second. Add INN's noise with `Flip(0.3)`.

    Args:
        pair: (majority, minority).
        one_based: the pair counts classes from 1, as INN does; False if it counts from 0.
    Raises: ValueError if the classes are equal or one does not occur.
    Source: INN §4.4. Departs from it: nothing; that its pairs count from 1 is our reading of its [K] = {1..K}.
    """
    y = check_labels("y", y)
    first, second = (check_integer("pair", c, int(one_based)) - one_based for c in pair)
    require(first != second, "pair", "two different classes", pair)
    for c in (first, second):
        require(bool((y == c).any()), "pair", "classes that occur in y", c + one_based)
    members = np.flatnonzero((y == first) | (y == second))
    idx = members[keep_fractions(y[members], {second: minority_fraction}, rng=rng)]
    return BinarySubset(idx, (y[idx] == second).astype(np.int64))
