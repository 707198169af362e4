"""Labels given by people, for instance CIFAR-10N and CIFAR-100N, read from a file of the user's.

Such a file is worth nothing if its rows are in another image order than the data set, as one of CIFAR-10N's own files
is; so it must carry the clean labels too, and they must agree with the data set row by row. Nothing is ever unpickled
freely: .npz, .npy and .csv are read as plain numbers, .pt with torch's weights-only reader.
"""

from __future__ import annotations

import csv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int

from lab.core.checks import check_choice, check_labels, require
from lab.core.torch_files import read_torch_file
from lab.noise.base import Noise, Relabelled, Request, store

CIFAR10N_COLUMNS = ("aggre_label", "worse_label", "random_label1", "random_label2", "random_label3")
SUFFIXES = (".npz", ".npy", ".csv", ".pt", ".pth")


@dataclass(frozen=True, slots=True)
class HumanLabels(Noise):
    """The labels in one column of a file, after a check that it is in the data set's image order."""

    about: ClassVar[str] = "Labels that people gave to the same images."
    source: ClassVar[str] = "CIFAR-10N and CIFAR-100N, or a file of your own"
    path: str | Path  # kept as a string
    column: str  # CIFAR-10N: one of CIFAR10N_COLUMNS; CIFAR-100N: noisy_label
    clean_column: str = "clean_label"

    def __post_init__(self) -> None:
        store(self, path=str(self.path))
        check_choice("path", Path(self.path).suffix, SUFFIXES)

    def relabel(self, request: Request) -> Relabelled:
        """Read the file, check its order, take its labels."""
        columns = read_columns(self.path, (self.clean_column, self.column))
        check_image_order(columns[self.clean_column], request.y)
        y_given = check_labels(self.column, columns[self.column], request.n_classes)
        return Relabelled(y_given, y_given != request.y)


def check_image_order(y_file: Int[np.ndarray, " m"], y_clean: Int[np.ndarray, " n"]) -> None:
    """Refuse a label file whose clean labels are not the data set's, and say why.

    Raises: ValueError that tells another length, another image order, and other labels apart.
    """
    if y_file.size != y_clean.size:
        raise ValueError(f"the label file must be of the {y_clean.size} images of the data set, got {y_file.size} rows")
    wrong = np.flatnonzero(y_file != y_clean)
    if not wrong.size:
        return
    same_counts = np.array_equal(np.sort(y_file), np.sort(y_clean))
    guess = (
        "it has the same labels in another image order; take the file made for this data set's order"
        if same_counts
        else "its class counts differ too, so it belongs to another data set or split"
    )
    raise ValueError(
        f"the label file must be in the data set's image order, got other clean labels for {wrong.size} of "
        f"{y_clean.size} images, the first at row {wrong[0]}: {guess}"
    )


def read_columns(path: str | Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Named label columns of a .npz, structured .npy, .csv with a header, or .pt dictionary.

    Raises: ValueError if a column is missing, holds no integers, or the file could only be read by unpickling.
    """
    path = Path(path)
    require(path.is_file(), "path", "a file on this machine", str(path))
    table = {".npz": _numpy, ".npy": _numpy, ".csv": _csv, ".pt": _torch, ".pth": _torch}[path.suffix](path)
    require(len(table) > 0, path.name, "a table of named label columns", "none")
    for name in names:
        check_choice("column", name, tuple(table))
    return {name: check_labels(name, table[name]) for name in names}


def _numpy(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a .npz, fields of a structured .npy; pickled objects are refused."""
    try:
        loaded = np.load(path, allow_pickle=False)
        names = loaded.files if path.suffix == ".npz" else loaded.dtype.names or ()
        return {name: loaded[name] for name in names}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: Exception) -> ValueError:
    """The error of a file that plain reading does not open."""
    return ValueError(f"{path.name} must be plain arrays (np.savez), without objects that could run code, got: {error}")


def _csv(path: Path) -> dict[str, np.ndarray]:
    """Columns of integers; columns of anything else are left out."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row]
    lengths = sorted({len(row) for row in rows})
    require(len(rows) > 1 and len(lengths) == 1, path.name, "a header above rows of as many fields", lengths)
    header, columns = rows[0], np.array(rows[1:]).T
    whole = [bool(np.char.isdecimal(column).all()) for column in columns]
    return {name: column.astype(np.int64) for name, column, ok in zip(header, columns, whole, strict=True) if ok}


def _torch(path: Path) -> dict[str, np.ndarray]:
    """Arrays or tensors of a saved dictionary, by torch's weights-only reader, which runs no code from the file."""
    reconstruct: Any = np.array(0).__reduce__()[0]
    allowed: list[Any] = [np.ndarray, np.dtype, *{type(np.dtype(code)) for code in np.typecodes["AllInteger"]}]
    names = [(reconstruct, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")]
    try:
        loaded = read_torch_file(path, also=[*allowed, *names])
    except ValueError as error:
        raise _refusal(path, error) from error
    require(isinstance(loaded, dict), path.name, "a dictionary of label columns", type(loaded).__name__)
    return {str(name): np.asarray(values) for name, values in loaded.items()}
