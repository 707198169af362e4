"""Is a labelled data set in order? What can be seen without knowing one true label.

Duplicates and the labels that they do not share, near neighbours of another label, columns that say nothing, and
whether labels and rows belong together at all. Noise rate and patches are `noise_estimation`'s and
`concentration_alarm`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Int32
from numpy import ndarray

from lab.core.checks import check_labels, require
from lab.neighbors.table import NeighborTable

N_VOTERS = 10
MOST_JUDGED = 4000  # rows that are asked whether they fit their labels
SHIFTS = 20  # rows by which labels may be shifted, either way
BLOCKS = 20  # of rows in file order, for labels that slip somewhere on the way
MEANINGFUL = 0.1  # agreement beyond chance that another shift must have more than none
SIGMAS = 4.0  # of chance
CLOSE = 0.75  # of the usual distance to the nearest row


@dataclass(frozen=True, eq=False, slots=True)
class Duplicates:
    """Rows that are equal.

    Attributes:
        group: of each row the number of its group, from 0; -1 where no other row is equal.
        conflicting: whether the rows of a group have different labels.
    """

    group: Int32[ndarray, " n"]
    conflicting: Bool[ndarray, " g"]

    @property
    def n_rows(self) -> int:
        """Rows that are equal to another one."""
        return int((self.group >= 0).sum())

    @property
    def n_spare(self) -> int:
        """Rows that could go without any different row being lost."""
        return self.n_rows - len(self.conflicting)


def find_duplicates(features: Any, y_given: Any) -> Duplicates:
    """Rows whose features are equal to the last bit, and whether their labels are.

    Args:
        features: `(n, ...)`.
        y_given: `(n,)` labels.
    Raises: ValueError unless there is one label for each row.
    """
    y, features = check_labels("y_given", y_given), np.asarray(features)
    require(len(features) == len(y), "features", f"{len(y)} rows, one per label", len(features))
    rows = np.ascontiguousarray(features.reshape(len(y), -1)) + 0  # -0 is 0
    rows = rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize)))[:, 0] if rows.shape[1] else np.zeros(len(y))
    _, number, count = np.unique(rows, return_inverse=True, return_counts=True)
    repeated = count > 1
    new_number = np.where(repeated, np.cumsum(repeated) - 1, -1)
    group = new_number[number].astype(np.int32)
    low, high = np.full(int(repeated.sum()), np.iinfo(np.int64).max), np.full(int(repeated.sum()), -1)
    member = group >= 0
    np.minimum.at(low, group[member], y[member])
    np.maximum.at(high, group[member], y[member])
    return Duplicates(group, low < high)


def constant_columns(features: Float[ndarray, "n d"]) -> Int[ndarray, " m"]:
    """Columns that have the same number in every row."""
    return np.flatnonzero(features.max(axis=0) == features.min(axis=0)) if len(features) else np.arange(0)


def near_conflicts(table: NeighborTable, y_given: Any) -> Int[ndarray, " m"]:
    """Rows that lie unusually close to one of another label: at most three quarters of the median distance to a
    nearest row.

    Equal rows do not count; they are `find_duplicates`'.

    Args:
        table: of the rows among themselves. y_given: `(n,)` labels.
    """
    y = check_labels("y_given", y_given)
    require(len(table.idx) == table.n_reference == len(y), "table", f"a self-search of {len(y)} rows", len(table.idx))
    apart = table.dist > 0
    nearest = np.where(apart, table.dist, np.inf).min(axis=1)
    usual = nearest[np.isfinite(nearest)]
    if not len(usual):
        return np.arange(0)
    close = apart & (table.dist <= CLOSE * np.median(usual)) & (y[table.idx] != y[:, None])
    return np.flatnonzero(close.any(axis=1))


@dataclass(frozen=True, slots=True)
class Alignment:
    """Whether rows and labels belong together.

    Attributes:
        agreement: how much more often neighbours share a label than chance has it, as a share of what is possible.
        shift: labels that were moved by so many rows would fit better; 0 if none would.
        shifted_agreement: the agreement then.
        from_row: the position from which on they slip; 0 where they do so from the start, None where nothing slips.
        by_chance: whether the agreement is no larger than chance may have it.
    """

    agreement: float
    shift: int = 0
    shifted_agreement: float = 0.0
    from_row: int | None = None
    by_chance: bool = False

    @property
    def ok(self) -> bool:
        """Nothing seems to be out of step."""
        return not self.shift and not self.by_chance

    @property
    def message(self) -> str:
        """One sentence for people."""
        if self.shift:
            where = (
                "All labels" if not self.from_row else f"From about the labelled row {self.from_row + 1:,} on, labels"
            )
            return (
                f"{where} seem to have slipped by {abs(self.shift)} row{'s' if abs(self.shift) > 1 else ''}: moved back, "
                f"neighbours share them {self.shifted_agreement:.0%} beyond chance, as they stand {self.agreement:.0%}."
            )
        if self.by_chance:
            return (
                "Rows that lie close together share their label no more often than chance: the columns say nothing about "
                "the labels, or the labels were shuffled."
            )
        return f"Labels and rows belong together: neighbours share a label {self.agreement:.0%} beyond chance."


def alignment(idx: Int[ndarray, "n k"], y_given: Any) -> Alignment:
    """Do rows that lie close together share their labels, and would they do so more if labels moved by some rows?

    Args:
        idx: neighbours of every row, itself not among them. y_given: `(n,)` labels, rows and labels in file order.
    Source: the lab's own.
    """
    y = check_labels("y_given", y_given)
    require(len(idx) == len(y), "idx", f"{len(y)} rows, one per label", len(idx))
    rows, share = _judged(len(y)), np.bincount(y) / len(y)
    neighbors = idx[rows, :N_VOTERS]
    # neighbours vote together: 10 of them tell hardly more than one and a half
    return _align(
        y, rows, float(share @ share), 1.5, lambda moved: (moved[neighbors] == moved[rows][:, None]).mean(axis=1)
    )


def prediction_alignment(pred_probs: Float[ndarray, "n c"], y_given: Any) -> Alignment:
    """The same where all that is known of a row is what a model predicts for it."""
    n_classes = pred_probs.shape[1]
    y = check_labels("y_given", y_given, n_classes)
    require(len(pred_probs) == len(y), "pred_probs", f"{len(y)} rows, one per label", len(pred_probs))
    rows, predicted = _judged(len(y)), pred_probs.argmax(axis=1)
    given, guessed = (np.bincount(labels, minlength=n_classes) / len(y) for labels in (y, predicted))
    own = predicted[rows]
    return _align(y, rows, float(given @ guessed), 1.0, lambda moved: (moved[rows] == own).astype(np.float64))


def _judged(n: int) -> Int[ndarray, " m"]:
    return np.unique(np.linspace(0, n - 1, min(n, MOST_JUDGED)).astype(np.int64))


def _align(
    y: Int[ndarray, " n"],
    rows: Int[ndarray, " m"],
    chance: float,
    votes: float,
    hits_of: Callable[[Int[ndarray, " n"]], Float[ndarray, " m"]],
) -> Alignment:
    """From how often judged rows fit their labels, as these stand and moved.

    Args:
        chance: how often they would fit shuffled labels. votes: how many independent trials a judged row amounts to.
    """
    if chance > 1 - 1e-9:
        return Alignment(1.0)
    shifts = [s for s in range(-SHIFTS, SHIFTS + 1) if abs(s) < len(y) // 4 or s == 0]
    hits = {shift: (hits_of(np.roll(y, -shift)) - chance) / (1 - chance) for shift in shifts}
    own = hits.pop(0)
    doubt = SIGMAS * float(np.std(own)) / np.sqrt(len(rows))
    by_chance = SIGMAS * np.sqrt(chance / (1 - chance) / votes / len(rows))
    best = max(hits, key=lambda s: hits[s].mean(), default=0)
    if best and hits[best].mean() > own.mean() + max(MEANINGFUL, doubt):
        return Alignment(float(own.mean()), best, float(hits[best].mean()), 0)
    return _slip(own, hits, rows) or Alignment(float(own.mean()), by_chance=bool(own.mean() < by_chance))


def _slip(own: ndarray, hits: dict[int, ndarray], rows: Int[ndarray, " m"]) -> Alignment | None:
    """Labels that fit up to some row, and moved by a few rows from there to the end."""
    blocks = np.array_split(np.arange(len(rows)), min(BLOCKS, len(rows) // N_VOTERS or 1))
    by_block = np.array([own[block].mean() for block in blocks])
    found = None
    for shift in sorted(hits, key=abs):
        gain = np.array([hits[shift][block].mean() for block in blocks]) - by_block
        for first in range(1, len(blocks) - 1):
            tail = np.concatenate(blocks[first:])
            doubt = SIGMAS * float(np.std(hits[shift][tail] - own[tail])) / np.sqrt(len(tail))
            if gain[first:].min() > 0 and gain[first:].mean() > max(2 * MEANINGFUL, doubt):
                after = float(hits[shift][tail].mean())
                if found is None or after > found.shifted_agreement:
                    found = Alignment(float(own[tail].mean()), shift, after, int(rows[tail[0]]))
                break
    return found
