"""Noise that depends on the clean class alone: T = (1 - rate) I + rate P.

A sample is *selected* with probability `rate` and its label redrawn from row `y_clean` of the corruption matrix P,
which may put the same label back. Every model here is a rate and a P; T, the effective rate and the rate at which the
true class loses its plurality all follow (`lab.noise.rates`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int

from lab.core.checks import check_integer, check_number, require
from lab.noise.base import Noise, Relabelled, Request, store
from lab.noise.draw import check_stochastic, draw_labels, select_exactly


class MatrixNoise(Noise):
    """Noise with a transition matrix."""

    __slots__ = ()
    rate: float

    @property
    def nominal_rate(self) -> float:
        """The fraction of samples selected for corruption."""
        return self.rate

    def corruption_matrix(self, n_classes: int) -> Float[np.ndarray, "c c"]:
        """P[i, j] = P(given=j | clean=i, selected); rows sum to 1."""
        raise NotImplementedError

    def transition(self, n_classes: int) -> Float[np.ndarray, "c c"]:
        """T[i, j] = P(given=j | clean=i); rows sum to 1.

        Raises: ValueError if the model does not fit `n_classes`.
        Source: DRO §3.1 footnote 2. Departs from it: nothing.
        """
        check_integer("n_classes", n_classes, 2)
        return (1 - self.rate) * np.eye(n_classes) + self.rate * self.corruption_matrix(n_classes)

    def relabel(self, request: Request) -> Relabelled:
        """Select, then redraw the selected labels from P."""
        y, rng = request.y, request.rng
        corruption = self.corruption_matrix(request.n_classes)
        who, what = rng.random(y.size), rng.random(y.size)
        if request.mode == "bernoulli":
            selected = who < self.rate
        else:
            selected = select_exactly(who, y, rate=self.rate, mode=request.mode, n_classes=request.n_classes)
        y_given = y.copy()
        y_given[selected] = draw_labels(y[selected], corruption, what[selected])
        return Relabelled(y_given, selected)


@dataclass(frozen=True, slots=True)
class Clean(MatrixNoise):
    """No noise."""

    about: ClassVar[str] = "Every label is kept."
    source: ClassVar[str] = "the clean control of all papers"
    rate: ClassVar[float] = 0.0  # type: ignore[misc]  # fixed, so no field

    def corruption_matrix(self, n_classes: int) -> Float[np.ndarray, "c c"]:
        """P = I."""
        return np.eye(n_classes)


@dataclass(frozen=True, slots=True)
class Uniform(MatrixNoise):
    """Selected labels are redrawn from all classes, their own included: pi = rate (L-1)/L."""

    about: ClassVar[str] = "A fraction `rate` of the labels is redrawn from all classes, the true one included."
    source: ClassVar[str] = "KNET §4; DRO §3.1; INN §4.1 (there called symmetric)"
    rate: float

    def __post_init__(self) -> None:
        store(self, rate=check_number("rate", self.rate, 0, 1))

    def corruption_matrix(self, n_classes: int) -> Float[np.ndarray, "c c"]:
        """P = 1/L everywhere."""
        return np.full((n_classes, n_classes), 1 / n_classes)


@dataclass(frozen=True, slots=True)
class Symmetric(MatrixNoise):
    """Selected labels change to one of the *other* classes: pi = rate."""

    about: ClassVar[str] = "A fraction `rate` of the labels changes to another class, each equally likely."
    source: ClassVar[str] = "KED Eq. 8"
    rate: float

    def __post_init__(self) -> None:
        store(self, rate=check_number("rate", self.rate, 0, 1))

    def corruption_matrix(self, n_classes: int) -> Float[np.ndarray, "c c"]:
        """P = 1/(L-1) off the diagonal."""
        return (1 - np.eye(n_classes)) / (n_classes - 1)


def next_class(n_classes: int) -> Int[np.ndarray, " c"]:
    """The default alternative of every class: i -> (i+1) mod L."""
    return np.roll(np.arange(n_classes), -1)


def plain_permutation(permutation: Sequence[int] | None) -> tuple[int, ...] | None:
    """A permutation without fixed points as a tuple; None stays None and means the next class."""
    if permutation is None:
        return None
    plain = tuple(check_integer("permutation", j, 0) for j in permutation)
    require(sorted(plain) == list(range(len(plain))), "permutation", "a permutation of 0..L-1", plain)
    fixed = [i for i, j in enumerate(plain) if i == j]
    require(not fixed, "permutation", "without fixed points", f"{fixed} mapped to themselves")
    return plain


def alternatives(permutation: Sequence[int] | None, n_classes: int) -> Int[np.ndarray, " c"]:
    """The class that each class is mistaken for.

    Raises: ValueError if the permutation is not one of `n_classes` classes.
    """
    if permutation is None:
        return next_class(n_classes)
    require(len(permutation) == n_classes, "permutation", f"as long as n_classes = {n_classes}", len(permutation))
    return np.array(permutation)


@dataclass(frozen=True, slots=True)
class Flip(MatrixNoise):
    """Each class has one counterpart it is mistaken for: pi = rate. The default, the next class, is INN's chain."""

    about: ClassVar[str] = "A fraction `rate` of each class takes the label of one fixed other class."
    source: ClassVar[str] = "DRO §3.1; INN §4.1 (CIFAR-100 chain)"
    rate: float
    permutation: Sequence[int] | None = None  # None: i -> (i+1) mod L

    def __post_init__(self) -> None:
        store(self, rate=check_number("rate", self.rate, 0, 1), permutation=plain_permutation(self.permutation))

    def corruption_matrix(self, n_classes: int) -> Float[np.ndarray, "c c"]:
        """P is a permutation matrix."""
        return np.eye(n_classes)[alternatives(self.permutation, n_classes)]


def two_targets(first: Int[np.ndarray, " c"], second: Int[np.ndarray, " c"], share: float) -> Float[np.ndarray, "c c"]:
    """P with two alternatives for each class, the first with probability `share`."""
    rows = np.arange(len(first))
    corruption = np.zeros((len(first), len(first)))
    corruption[rows, first], corruption[rows, second] = share, 1 - share
    return corruption


def two_alternatives(n_classes: int, share: float = 0.7) -> Float[np.ndarray, "c c"]:
    """A corruption matrix to start from: the next class with probability `share`, the one after it otherwise.

    Source: DRO Fig. 4g shows two alternative labels per class. Departs from it: its numbers are not printed.
    """
    check_integer("n_classes", n_classes, 3)
    check_number("share", share, 0, 1)
    following = next_class(n_classes)
    return two_targets(following, following[following], share)


@dataclass(frozen=True, slots=True)
class Matrix(MatrixNoise):
    """Selected labels are redrawn from a matrix of your own: pi = rate * sum_i w_i (1 - P_ii)."""

    about: ClassVar[str] = "A fraction `rate` of the labels is redrawn from the row of its class in a given matrix."
    source: ClassVar[str] = "DRO §3.1 and Fig. 4g; its matrix is not printed, so it is yours to edit"
    rate: float
    corruption: Sequence[Sequence[float]] | np.ndarray  # P, row = clean class; kept as nested tuples

    def __post_init__(self) -> None:
        store(self, rate=check_number("rate", self.rate, 0, 1), corruption=_plain_matrix(self.corruption))

    def corruption_matrix(self, n_classes: int) -> Float[np.ndarray, "c c"]:
        """P as given."""
        require(len(self.corruption) == n_classes, "corruption", f"{n_classes} x {n_classes}", len(self.corruption))
        return np.array(self.corruption)


def _plain_matrix(rows: Any) -> tuple[tuple[float, ...], ...]:
    """Nested tuples of floats of a row-stochastic matrix."""
    rows = [np.asarray(row, dtype=np.float64) for row in rows]
    ragged = [i for i, row in enumerate(rows) if row.shape != (len(rows),)]
    require(not ragged, "corruption", f"{len(rows)} rows of {len(rows)} numbers", f"another length in rows {ragged}")
    return tuple(tuple(row) for row in check_stochastic("corruption", np.array(rows)).tolist())
