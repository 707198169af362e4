"""NoisyDataset: inputs, true labels where they are known, given labels, and which rows are for what."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int, Int8
from numpy import ndarray

from lab.core.checks import check_choice, check_labels, require

PARTS = ("train", "val", "test")
MAX_CLASSES = 10_000


@runtime_checkable
class LazyImages(Protocol):
    """Images read when asked for: `images[rows]` is a uint8 array (n, h, w, c), one row number gives one image."""

    shape: tuple[int, ...]
    dtype: np.dtype

    def __len__(self) -> int: ...
    def __getitem__(self, rows: Any) -> Any: ...
    def take(self, rows: Any) -> LazyImages: ...  # the images of these rows, still unread


@dataclass(frozen=True)
class Provenance:
    """Where a data set comes from.

    name: what was asked for. options: what else was asked for, as plain values. source: where the bytes came from.
    digest: 16 hex digits of SHA-256 over inputs and true labels (over names and sizes where images stay on disk).
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Part:
    """The training, validation or test rows. `x` and the labels are views wherever the rows are neighbours."""

    x: Any
    y_clean: Int[ndarray, " n"] | None
    y_given: Int[ndarray, " n"]

    def __len__(self) -> int:
        return len(self.y_given)


@dataclass(frozen=True, eq=False)
class NoisyDataset:
    """Inputs with true and given labels.

    x: `(n, ...)`. Features are float32 `(n, d)`; images are uint8 `(n, h, w, c)`, in memory or read when indexed.
    y_clean: the truth of every row, or None where it is unknown.
    y_given: the labels one would train on, possibly wrong.
    classes: names; label i means classes[i].
    split: part of each row, as index into ("train", "val", "test").
    provenance: name, options, source, digest.
    held_out_clean: the labels of validation and test rows are declared true. They are then fixed: `with_given` takes
        training rows only, so that no noise can reach them. (A *noisy* validation set is cut from the training rows.)
    Raises: ValueError for shapes that disagree, labels outside the classes, x that is not finite, no training row, or
        a validation or test label that differs from the truth.
    """

    x: Any
    y_clean: Int[ndarray, " n"] | None
    y_given: Int[ndarray, " n"]
    classes: tuple[str, ...]
    split: Int8[ndarray, " n"]
    provenance: Provenance
    held_out_clean: bool = True

    def __post_init__(self) -> None:
        n = len(self.x)
        require(2 <= len(self.classes) <= MAX_CLASSES, "classes", f"2 to {MAX_CLASSES:,} names", len(self.classes))
        require(len(set(self.classes)) == len(self.classes), "classes", "different names", self.classes[:10])
        require(self.split.shape == (n,), "split", f"one part for each of {n} rows", self.split.shape)
        require(bool(np.isin(self.split, (0, 1, 2)).all()), "split", "0, 1 or 2", np.unique(self.split))
        require(bool((self.split == 0).any()), "training rows", "at least one", 0)
        for name, y in (("y_given", self.y_given), ("y_clean", self.y_clean)):
            if y is not None:
                check_labels(name, y, self.n_classes)
                require(y.shape == (n,), name, f"one label for each of {n} rows", y.shape)
        if isinstance(self.x, np.ndarray):
            _check_inputs(self.x)
        if self.held_out_clean and self.y_clean is not None:
            wrong = int((self.y_given != self.y_clean)[self.split > 0].sum())
            require(wrong == 0, "y_given of validation and test rows", "the clean labels", f"{wrong} others")

    @classmethod
    def from_parts(
        cls,
        train: tuple[Any, Any],
        *,
        val: tuple[Any, Any] | None = None,
        test: tuple[Any, Any] | None = None,
        classes: Sequence[str],
        name: str,
        options: Mapping[str, Any] | None = None,
        source: str,
    ) -> NoisyDataset:
        """A clean data set from (x, y_clean) arrays of its parts; the given labels start as the clean ones."""
        parts = [(i, part) for i, part in enumerate((train, val, test)) if part is not None]
        x = np.ascontiguousarray(np.concatenate([part[0] for _, part in parts]))
        y = np.concatenate([check_labels("y_clean", part[1], len(classes)) for _, part in parts])
        split = np.repeat([i for i, _ in parts], [len(part[1]) for _, part in parts]).astype(np.int8)
        provenance = Provenance(name, dict(options or {}), source, digest_of(x, y))
        return cls(x, y, y.copy(), tuple(classes), split, provenance)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    def rows(self, part: str) -> slice | Int[ndarray, " m"]:
        """Rows of a part in input order: a slice where they are neighbours, so that indexing copies nothing."""
        check_choice("part", part, PARTS)
        idx = np.flatnonzero(self.split == PARTS.index(part))
        if len(idx) == 0:
            return slice(0, 0)
        contiguous = idx[-1] - idx[0] + 1 == len(idx)
        return slice(int(idx[0]), int(idx[-1]) + 1) if contiguous else idx

    def part(self, name: str) -> Part:
        """The rows of "train", "val" or "test"."""
        rows = self.rows(name)
        return Part(take(self.x, rows), None if self.y_clean is None else self.y_clean[rows], self.y_given[rows])

    @property
    def train(self) -> Part:
        """Training rows."""
        return self.part("train")

    @property
    def val(self) -> Part:
        """Validation rows; may be empty."""
        return self.part("val")

    @property
    def test(self) -> Part:
        """Test rows; may be empty."""
        return self.part("test")

    def with_given(self, y_given: Int[ndarray, " m"]) -> NoisyDataset:
        """The same data with other given labels on its training rows, which is the only place where noise may go.

        Raises: ValueError unless there is one label for each training row.
        """
        rows = self.rows("train")
        y_given = check_labels("y_given", y_given, self.n_classes)
        full = self.y_given.copy()
        n = len(full[rows])
        require(len(y_given) == n, "y_given", f"one label for each of {n} training rows", f"{len(y_given)} labels")
        full[rows] = y_given
        return replace(self, y_given=full)

    def with_truth(self, y_clean: Int[ndarray, " n"]) -> NoisyDataset:
        """The same data with the true labels of all its rows; pass `y_given` to declare the given labels true."""
        return replace(self, y_clean=check_labels("y_clean", y_clean, self.n_classes))

    @property
    def flip_rate(self) -> float | None:
        """Measured share of wrong labels among the training rows; None if the truth is unknown."""
        train = self.part("train") if self.y_clean is not None else None
        return None if train is None else float((train.y_given != train.y_clean).mean())

    @cached_property
    def digest(self) -> str:
        """16 hex digits that change with any input, label, class name or split: what caches are keyed by."""
        more = [self.y_given, self.split, *([] if self.y_clean is None else [self.y_clean])]
        return digest_of(*more, text="\n".join((self.provenance.digest, *self.classes)))


def take(x: Any, rows: Any) -> Any:
    """Rows of x by slice or indices; images on disk stay there."""
    return x[rows] if isinstance(x, np.ndarray) else x.take(rows)


def _check_inputs(x: ndarray) -> None:
    require(x.ndim >= 2, "x", "at least two-dimensional", x.shape)
    require(x.dtype in (np.uint8, np.float32), "x", "uint8 or float32", x.dtype)
    finite = x.dtype == np.uint8 or bool(np.isfinite(x).all())
    if not finite:
        row = int(np.flatnonzero(~np.isfinite(x.reshape(len(x), -1)).all(axis=1))[0])
        raise ValueError(f"x must be finite, got a NaN or an infinity in row {row}")


def digest_of(*arrays: ndarray, text: str = "") -> str:
    """16 hex digits of SHA-256 over a text and the types, shapes and bytes of arrays."""
    total = hashlib.sha256(text.encode())
    for array in arrays:
        total.update(f"{array.dtype.str}{array.shape}".encode())
        total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()[:16]
