"""An .npz of one's own: plain arrays, of which one is the labels and others are features, pictures or probabilities."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from lab.core.checks import require
from lab.data.arrays import read_npz
from lab.data.encode import tidy
from lab.data.upload_labels import NAMES, NAMES_TOO, PARTS, Labels, labels_of
from lab.data.uploaded import Column, UploadedData
from lab.data.zips import check_zip, sentences
from lab.specs.uploads import Upload, UploadLimits

INPUTS = ("x", "features", "embeddings", "embedding", "data", "x_train", "feats", "feature", "images", "arr_0")
PROBS = ("pred_probs", "probs", "probabilities", "pred_prob", "proba", "softmax", "p")
CLASSES = ("classes", "class_names", "names", "label_names", "target_names")
MAX_ROWS = 5_000_000
PICTURE_SIDES = (2, 1024)


def read_arrays(path: Path, upload: Upload, limits: UploadLimits) -> UploadedData:
    """Read an .npz. Raises: ValueError in one sentence; see `lab.data.uploads.read_upload`."""
    headers = read_headers(path, limits)
    label, reason = choose_label(headers, upload.label)
    arrays = read_npz(path, names=[name for name, header in headers.items() if not header.dtype.hasobject])
    texts = texts_of_labels(arrays[label])
    n, labels = len(texts), labels_of(texts, f"array {label[:60]!r}")
    labels, notes = name_classes(labels, arrays, _n_columns(arrays, n, len(labels.classes)))
    columns: list[Column] = []
    pred_probs, inputs, pictures = None, [], None
    for name, header in headers.items():
        if name == label:
            columns.append(Column(name, "label", "label", n - len(labels.rows), len(labels.classes), reason))
            continue
        kind, why = kind_of(name, header, arrays, n, labels, upload)
        if kind == "probability" and pred_probs is None:
            pred_probs = _probabilities(arrays[name][labels.rows])
        elif kind == "image" and pictures is None:
            pictures = as_pictures(arrays[name])[labels.rows]
        elif kind == "vector":
            inputs.append((name, arrays[name][labels.rows]))
        role = {"probability": "probability", "": "left out"}.get(kind, "feature")
        columns.append(Column(name, role, kind or "of no use here", 0, 0, why))
    found = pred_probs is not None or bool(inputs) or pictures is not None
    about = ", ".join(f"{column.name} ({column.why})" for column in columns if column.role == "left out")
    require(
        found, path.name, f"an .npz with features or probabilities for each of {n:,} labels", about or "labels only"
    )
    data = UploadedData(
        kind="images" if pictures is not None else "arrays" if inputs else "probabilities",
        n_rows=n,
        rows=labels.rows,
        y_given=labels.y,
        classes=labels.classes,
        label=label,
        label_reason=reason,
        columns=tuple(columns),
        pred_probs=pred_probs,
        images=pictures,
        pictures=pictures,
        notes=(*notes, *labels.notes),
    )
    return with_features(data, inputs, limits) if inputs else data


def with_features(data: UploadedData, inputs: list[tuple[str, ndarray]], limits: UploadLimits) -> UploadedData:
    """The same with arrays side by side as features."""
    values = sum(part.size for _, part in inputs)
    require(values <= limits.cells, "features", f"at most {limits.cells:,} numbers", f"{values:,}")
    flat = [(name, part.reshape(len(part), -1)) for name, part in inputs]
    x = np.concatenate([part for _, part in flat], axis=1) if len(flat) > 1 else flat[0][1]
    names = [f"{name} {i + 1}" for name, part in flat for i in range(part.shape[1])]
    tidied, notes = tidy(x)
    return replace(data, features=tidied, feature_names=tuple(names), notes=(*data.notes, *notes))


class Header:
    """Shape and type of an array that is not read yet."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.shape, self.dtype = shape, dtype

    @property
    def nbytes(self) -> int:
        """Bytes that its numbers take."""
        return int(np.prod([int(side) for side in self.shape], dtype=object)) * self.dtype.itemsize


def read_headers(path: Path, limits: UploadLimits) -> dict[str, Header]:
    """What is in an .npz, before any of it is read.

    Raises: ValueError if it is damaged, holds no array, or claims more than its bytes.
    """
    headers = {}
    entries = [entry for entry in check_zip(path, limits) if entry.filename.endswith(".npy")]
    require(len(entries) > 0, path.name, "an .npz with arrays in it", "none")
    require(len(entries) <= 1000, path.name, "an .npz of at most 1,000 arrays", len(entries))
    with sentences(path), zipfile.ZipFile(path) as archive:
        for entry in entries:
            name = entry.filename.removesuffix(".npy")
            with archive.open(entry) as file:
                header = _read_header(file, name)
            whole = header.dtype.hasobject or header.nbytes <= entry.file_size
            require(whole, f"array {name[:60]!r}", f"of {header.nbytes:,} bytes as it says", f"{entry.file_size:,}")
            headers[name] = header
    return headers


def _read_header(file: Any, name: str) -> Header:
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    except (ValueError, SyntaxError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        reason = " ".join(str(error).split())[:120]
        raise ValueError(f"array {name[:60]!r} must be a whole .npy, got: {reason}") from error
    return Header(shape, dtype)


def choose_label(headers: Mapping[str, Header], label: str | None) -> tuple[str, str]:
    """The array of labels, asked for or guessed, and why that one.

    Raises: ValueError if there is none, or it holds objects.
    """
    fitting = {name: h for name, h in headers.items() if _could_be_labels(h)}
    listed = ", ".join(f"{name} {h.shape}" for name, h in list(headers.items())[:8])
    if label is not None:
        require(label in headers, "label", "one of the arrays " + ", ".join(map(repr, headers)), label)
        _refuse_objects(label, headers[label])
        require(label in fitting, "label", "a list of labels, one for each row", headers[label].shape)
        return label, "you chose it"
    lowered = {name.lower(): name for name in headers}
    for wanted in (*NAMES, *NAMES_TOO):
        name = lowered.get(wanted)
        if name is not None:
            _refuse_objects(name, headers[name])
            if name in fitting:
                return name, "its name says so"
    for name in fitting:
        if any(part in name.lower() for part in PARTS) and name.lower() not in CLASSES:
            return name, "its name says so"
    for name, header in fitting.items():
        if header.dtype.kind in "biuUS" and name.lower() not in CLASSES:
            return name, "it is the only list of whole numbers or names" if len(
                fitting
            ) == 1 else "it is a list of labels"
    for name, header in headers.items():
        _refuse_objects(name, header)
    raise ValueError(f"label must be an array with one label for each row, got none among {listed}")


def _refuse_objects(name: str, header: Header) -> None:
    require(
        not header.dtype.hasobject, f"array {name[:60]!r}", "plain numbers or texts (objects could run code)", "objects"
    )


def _could_be_labels(header: Header) -> bool:
    if header.dtype.kind not in "biufUS" or not header.shape or not 2 <= header.shape[0] <= MAX_ROWS:
        return False
    return len(header.shape) == 1 or (len(header.shape) == 2 and header.shape[1] == 1)


def texts_of_labels(array: ndarray) -> list[str]:
    """Labels as texts, "" where there is none."""
    flat = array.reshape(-1)
    if flat.dtype.kind == "S":
        return [text.decode("utf-8", "replace").strip() for text in flat.tolist()]
    if flat.dtype.kind == "f":
        return ["" if value != value else repr(value) for value in flat.astype(np.float64).tolist()]
    return [str(value).strip() for value in flat.tolist()]


def name_classes(labels: Labels, arrays: Mapping[str, ndarray], n_columns: int | None) -> tuple[Labels, list[str]]:
    """The classes in the order of the file's own list of names, or of its probabilities, which may know more of them.

    Args:
        n_columns: of the predicted probabilities, where the file has some.
    """
    names = class_names(arrays)
    notes = [f"Class names were read from {names[0]!r}."] if names else []
    given = names[1] if names else [str(i) for i in range(n_columns or 0)]
    if all(name.isdecimal() for name in labels.classes):
        codes = [int(name) for name in labels.classes]
    else:
        codes = [given.index(name) if name in given else len(given) for name in labels.classes]
    if not given or max(codes) >= len(given):
        return labels, []
    if n_columns != len(given):  # only those that occur
        order = np.argsort(codes)
        rank = np.argsort(order)
        return replace(labels, y=rank[labels.y], classes=tuple(given[codes[i]] for i in order)), notes
    absent = [name for i, name in enumerate(given) if i not in codes]
    if absent:
        notes.append(f"No row has the label {', '.join(map(repr, absent[:5]))}.")
    return replace(labels, y=np.array(codes, dtype=np.int64)[labels.y], classes=tuple(given)), notes


def class_names(arrays: Mapping[str, ndarray]) -> tuple[str, list[str]] | None:
    """Name and content of the array of class names."""
    for name, array in arrays.items():
        if name.lower() in CLASSES and array.ndim == 1 and array.dtype.kind in "US":
            given = texts_of_labels(array)
            return (name, given) if len(set(given)) == len(given) else None
    return None


def _n_columns(arrays: Mapping[str, ndarray], n: int, n_classes: int) -> int | None:
    """How many classes the predicted probabilities have, where an array is named as such."""
    for name, array in arrays.items():
        named = name.lower() in PROBS or "prob" in name.lower()
        if array.ndim == 2 and len(array) == n and (named or array.shape[1] == n_classes) and _are_probabilities(array):
            return int(array.shape[1])
    return None


def kind_of(
    name: str, header: Header, arrays: Mapping[str, ndarray], n: int, labels: Labels, upload: Upload
) -> tuple[str, str]:
    """What an array is: probability, image, vector, or "" for of no use; and why."""
    asked = upload.features is not None and name in upload.features
    if header.dtype.hasobject:
        return "", "objects, which could run code, are not read"
    if upload.features is not None and not asked:
        return "", "you left it out"
    if not header.shape or header.shape[0] != n or header.dtype.kind not in "biuf" or name.lower() in CLASSES:
        return "", f"of shape {header.shape}, not one row for each label"
    array = arrays[name]
    if array.size == 0:
        return "", "it is empty"
    if array.ndim == 2 and not asked and array.shape[1] == len(labels.classes) and _are_probabilities(array):
        return "probability", "rows sum to 1"
    if _are_pictures(array):
        return "image", f"pictures of {array.shape[2]} x {array.shape[1]}"
    if array.ndim == 1 and not asked:
        return "", "one number for each row; choose it as a feature if it is one"
    if asked or name.lower() in INPUTS or array.ndim >= 2:
        return "vector", f"{int(np.prod(array.shape[1:])):,} numbers in every row"
    return "", "not known to be features"


def _are_probabilities(array: ndarray) -> bool:
    if array.dtype.kind != "f":
        return False
    sums = array.sum(axis=1, dtype=np.float64)
    return bool((array >= 0).all()) and bool((np.abs(sums - 1) <= 0.02).all())


def _probabilities(array: ndarray) -> ndarray:
    return np.asarray(array / array.sum(axis=1, keepdims=True, dtype=np.float64), dtype=np.float32)


def _are_pictures(array: ndarray) -> bool:
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in (1, 3, 4)):
        return False
    if not all(PICTURE_SIDES[0] <= side <= PICTURE_SIDES[1] for side in array.shape[1:3]):
        return False
    return array.dtype == np.uint8 or (array.ndim == 4 and _bounded(array))


def _bounded(array: ndarray) -> bool:
    """Floats in [0, 1], or whole numbers in [0, 255]."""
    low, high = float(array.min()), float(array.max())
    return low >= 0 and high <= (1 if array.dtype.kind == "f" else 255)


def as_pictures(array: ndarray) -> ndarray:
    """uint8 (n, h, w, 1) or (n, h, w, 3); what shines through is shown on white."""
    if array.dtype != np.uint8:
        array = np.asarray(np.round(array * (255 if array.dtype.kind == "f" else 1)), dtype=np.uint8)
    if array.ndim == 3:
        return array[..., None]
    if array.shape[3] == 4:
        alpha = array[..., 3:].astype(np.float32) / 255
        return np.asarray(np.round(array[..., :3] * alpha + 255 * (1 - alpha)), dtype=np.uint8)
    return array
