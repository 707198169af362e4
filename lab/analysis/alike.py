"""Neighbourhoods without data: those of all samples of a class are alike, and what noise leaves of them.

Where noise treats the classes alike too, every class wins its votes equally often: one of them stands for all, and a
thousand classes cost no more than ten.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from lab.analysis.plurality_noise import one_hot
from lab.core.checks import check_choice, check_integer, check_number
from lab.specs.no_data import OTHERS


def alike_distribution(n_classes: int, purity: float = 1.0, *, others: str = "all") -> Float[ndarray, "c c"]:
    """C_s of a sample of each class.

    Args:
        purity: the share of its neighbours that are of its own class; 1 is DRO Eq. 14.
        others: of which classes the rest are: of "all" others evenly, or of the "next" class alone.
    Source: none beyond purity 1; the lab's own, to see what classes that overlap do.
    """
    n_classes, purity = check_integer("n_classes", n_classes, 2), check_number("purity", purity, 0, 1)
    check_choice("others", others, OTHERS)
    own = one_hot(np.arange(n_classes), n_classes)
    rest = np.roll(own, 1, axis=1) if others == "next" else (1 - own) / (n_classes - 1)
    return purity * own + (1 - purity) * rest


def one_for_all(
    c: Float[ndarray, "c c"], corruption: Float[ndarray, "c c"], ties: str
) -> tuple[Int[ndarray, " stand"], str]:
    """As few classes as have the mean accuracy of all, and the tie rule under which they have it.

    Moved round by one class, C and P may stay what they are: then all classes win equally often, unless a tie depends on
    their order. If they stay the same whatever classes change places, a tie won by the lowest index is, in the mean over
    all classes, one that is drawn.
    """
    if ties == "lowest" and _has_no_order(c) and _has_no_order(corruption):
        ties = "random"
    alike = ties != "lowest" and _goes_round(c) and _goes_round(corruption)
    return np.arange(1 if alike else len(c)), ties


def breaking_level(c: Float[ndarray, "s c"], corrupted: Float[ndarray, "s c"], correct: Any) -> float | None:
    """The lowest noise level at which the correct label of some row is no longer the likeliest; None if there is none.

    Args:
        c, corrupted: the rows' label distributions at level 0 and at level 1; between them they change evenly.
    """
    rows = np.arange(len(c))
    lead, end = (p[rows, correct][:, None] - p for p in (c, corrupted))
    for each in (lead, end):
        each[rows, correct] = 1.0  # nobody is his own rival
    level = np.where(end <= 0, lead / np.where(lead > end, lead - end, 1), np.inf)
    lowest = float(np.where(lead <= 0, 0, level).min())
    return lowest if lowest <= 1 else None


def _goes_round(matrix: Float[ndarray, "c c"]) -> bool:
    """Whether every row is the first one, moved to its own place."""
    n = np.arange(len(matrix))
    return bool((np.take_along_axis(matrix, (n[:, None] + n) % len(n), axis=1) == matrix[0]).all())


def _has_no_order(matrix: Float[ndarray, "c c"]) -> bool:
    """Whether it has one number on the diagonal and one elsewhere."""
    same = np.eye(len(matrix), dtype=bool)
    return bool((matrix == np.where(same, matrix[0, 0], matrix[0, 1])).all())
