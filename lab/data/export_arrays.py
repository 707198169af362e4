"""A corrected .npz: every array as it was, without dropped rows, and two more."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from numpy import ndarray

from lab.core.checks import require
from lab.data.arrays import read_npz
from lab.data.export_plan import Plan
from lab.data.upload_arrays import choose_label, class_names, read_headers, texts_of_labels
from lab.data.zips import sentences
from lab.specs.uploads import Upload, UploadLimits


def corrected_arrays(path: Path, upload: Upload, plan: Plan, limits: UploadLimits) -> bytes:
    """See `lab.data.upload_export.corrected_bytes`."""
    headers = read_headers(path, limits)
    label, _ = choose_label(headers, upload.label)
    n = headers[label].shape[0]
    plan.check_rows(n)
    kept = [row for row in range(n) if not plan.drops(row)]
    plain = [name for name, header in headers.items() if not header.dtype.hasobject]
    arrays = read_npz(path, names=plain)
    corrected, decisions = new_arrays(arrays[label], arrays, plan, label)
    names = plan.names(label, list(headers))
    out = io.BytesIO()
    with sentences(path), zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            header = headers.get(entry.filename.removesuffix(".npy"))
            by_row = header is not None and bool(header.shape) and header.shape[0] == n
            if not by_row or len(kept) == n:
                new.writestr(entry.filename, old.read(entry))
                continue
            name = entry.filename.removesuffix(".npy")
            require(
                name in arrays, f"array {name[:60]!r}", "plain numbers, so that rows can be taken out of it", "objects"
            )
            new.writestr(entry.filename, _as_npy(arrays[name][kept]))
        for name, array in zip(names, (corrected, decisions), strict=True):
            new.writestr(f"{name}.npy", _as_npy(array[kept]))
    return out.getvalue()


def new_arrays(given: ndarray, arrays: dict[str, ndarray], plan: Plan, label: str) -> tuple[ndarray, ndarray]:
    """Corrected labels, as numbers where the given ones are, and the decisions.

    Raises: ValueError for a new label that is neither a number nor the name of a class.
    """
    texts = texts_of_labels(given)
    cells = [plan.cells(row, text) for row, text in enumerate(texts)]
    decisions = np.array([kind for _, kind in cells])
    if given.dtype.kind in "US":
        corrected = np.array([text for text, _ in cells])
        return corrected.astype("S") if given.dtype.kind == "S" and all(
            map(str.isascii, corrected)
        ) else corrected, decisions
    found = class_names(arrays)
    codes = {name: i for i, name in enumerate(found[1])} if found else {}
    values = given.reshape(-1).astype(np.float64 if given.dtype.kind == "f" else np.int64)
    for row, (kind, new) in plan.decisions.items():
        if kind == "relabel" and new is not None:
            values[row] = _number(new, codes, label)
    fits = given.dtype.kind != "b" and bool((values.astype(given.dtype) == values)[~np.isnan(values)].all())
    return values.astype(given.dtype) if fits or given.dtype.kind == "b" else values, decisions


def _number(text: str, codes: dict[str, int], label: str) -> float:
    if text in codes:
        return codes[text]
    if text in ("True", "False"):
        return text == "True"
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    require(
        value == round(value) if value == value else False, "new label", f"a whole number, as {label[:60]!r} is", text
    )
    return value


def _as_npy(array: ndarray) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(array), allow_pickle=False)
    return out.getvalue()
