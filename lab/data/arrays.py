"""Data sets from arrays in memory and from .npz files."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int8
from numpy import ndarray

from lab.core.checks import require
from lab.data.dataset import NoisyDataset, Provenance, digest_of
from lab.data.labels import encode_labels

MAX_VALUES = 500_000_000  # numbers in x: 2 GB of float32


def from_arrays(
    x: Any,
    y_given: Any,
    *,
    y_clean: Any = None,
    split: Int8[ndarray, " n"] | None = None,
    classes: Sequence[str] | None = None,
    name: str = "arrays",
    options: dict[str, Any] | None = None,
    source: str = "memory",
) -> NoisyDataset:
    """A data set from arrays, checked.

    Args:
        x: features (n, d) of any real type, or images (n, h, w), (n, h, w, 1) or (n, h, w, 3), uint8 or float.
        y_given: labels as whole numbers, texts or booleans; possibly wrong.
        y_clean: the truth, where known; pass y_given again to declare the labels true.
        split: 0 training, 1 validation, 2 test; all training if None. Without y_clean nothing is declared clean.
        classes: names, where labels are already indices.
        name, options, source: for the provenance.
    Raises: ValueError naming what is wrong and where.
    """
    x = as_inputs(x)
    columns = [y_given] if y_clean is None else [y_given, y_clean]
    codes, names = encode_labels(*columns, name="y", classes=classes)
    for column in codes:
        require(len(column) == len(x), "y", f"one label for each of {len(x)} rows of x", f"{len(column)} labels")
    provenance = Provenance(name, options or {}, source, digest_of(x, *codes[1:]))
    split = np.zeros(len(x), dtype=np.int8) if split is None else split
    truth = None if y_clean is None else codes[1]
    return NoisyDataset(x, truth, codes[0], names, split, provenance, held_out_clean=y_clean is not None)


def as_inputs(x: Any) -> ndarray:
    """Features as float32 (n, d); images as (n, h, w, c), uint8 or float32.

    Raises: ValueError for other shapes and types, too many values, or a float too large for float32.
    """
    x = np.asarray(x)
    require(x.ndim in (2, 3, 4), "x", "features (n, d) or images (n, h, w) or (n, h, w, c)", x.shape)
    require(x.dtype.kind in "biuf", "x", "numbers", x.dtype)
    require(0 < x.size <= MAX_VALUES, "size of x", f"1 to {MAX_VALUES:,} values", x.size)
    if x.ndim == 3:
        x = x[..., None]
    if x.ndim == 4:
        require(x.shape[3] in (1, 3), "images x", "channels last with 1 or 3 channels", x.shape)
        require(x.dtype == np.uint8 or x.dtype.kind == "f", "images x", "uint8 or floats", x.dtype)
        if x.dtype == np.uint8:
            return x
    with np.errstate(over="ignore"):  # becomes an infinity, which NoisyDataset refuses by row
        return x.astype(np.float32, copy=False)


def load_npz(
    path: Path, *, x: str = "x", label: str = "y", clean: str | None = None, classes: Sequence[str] | None = None
) -> NoisyDataset:
    """Arrays of an .npz file: inputs, labels, and `<x>_test`, `<label>_test` as test rows where the file has them.

    Args:
        x, label: names of the arrays.
        clean: name of the array of true labels; the label array's own name declares its labels true.
        classes: names, where labels are indices; else an array `classes` in the file, else the labels met.
    Raises: ValueError if the file is damaged, holds pickled objects, unpacks to too much, or lacks an array.
    """
    arrays = read_npz(path)
    for wanted in (x, label, *([clean] if clean else [])):
        require(wanted in arrays, "array name", "one of " + ", ".join(map(repr, arrays)), wanted)
    inputs, y_given = [arrays[x]], [arrays[label]]
    y_clean = [arrays[clean]] if clean else []
    if f"{x}_test" in arrays and f"{label}_test" in arrays:
        inputs.append(arrays[f"{x}_test"])
        y_given.append(arrays[f"{label}_test"])
        if clean:
            y_clean.append(arrays.get(f"{clean}_test", y_given[-1]))
    shapes = [part.shape[1:] for part in inputs]
    require(len(set(shapes)) == 1, f"{x}_test", f"of the shape of {x}", shapes[-1])
    if classes is None and "classes" in arrays:
        classes = [str(c) for c in arrays["classes"]]
    return from_arrays(
        np.concatenate(inputs),
        np.concatenate(y_given),
        y_clean=np.concatenate(y_clean) if clean else None,
        split=np.repeat([0, 2][: len(inputs)], [len(part) for part in inputs]).astype(np.int8),
        classes=classes,
        name=path.name,
        options={"x": x, "label": label, "clean": clean},
        source=str(path),
    )


def read_npz(path: Path, names: Sequence[str] | None = None) -> dict[str, ndarray]:
    """Arrays of an .npz file. Objects are never unpickled, and a zip bomb is refused before it unpacks.

    Args:
        names: which arrays; all if None.
    Raises: ValueError as `load_npz` does.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
        require(unpacked <= 8 * MAX_VALUES, path.name, f"at most {8 * MAX_VALUES:,} bytes unpacked", unpacked)
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in (file.files if names is None else names)}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        raise ValueError(f"{path.name} must be a readable .npz file, got: {error}") from error
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise ValueError(f"{path.name} must hold plain arrays (objects could run code), got: {error}") from error
