"""Labels set by hand: on the session's desk, and in the address bar."""

from __future__ import annotations

import base64
import binascii
import zlib

import numpy as np
from jaxtyping import UInt8

Edits = tuple[tuple[int, int], ...]
NONE = 255  # a row that nobody touched


def write_edits(edits: Edits, n: int) -> str:
    """Edits as URL-safe text; a few characters for a few edits, about n / 3 if every row was edited at random."""
    if not edits:
        return ""
    labels = np.full(n, NONE, dtype=np.uint8)
    for row, label in edits:
        labels[row] = label
    return base64.urlsafe_b64encode(zlib.compress(labels.tobytes(), 9)).decode().rstrip("=")


def read_edits(text: str, n: int, n_classes: int) -> Edits:
    """The reverse of `write_edits`.

    Raises: ValueError if the text is not that of edits of n rows.
    """
    if not text:
        return ()
    try:
        unzip = zlib.decompressobj()
        raw = unzip.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), n + 1)  # never more than that
        if len(raw) <= n and not unzip.eof:
            raise ValueError("cut off")
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ValueError("edits in the link must be whole, got a damaged text; they are left out") from error
    labels: UInt8[np.ndarray, " n"] = np.frombuffer(raw, dtype=np.uint8)
    if len(labels) != n or bool(((labels >= n_classes) & (labels != NONE)).any()):
        raise ValueError(f"edits in the link must be of {n} points, got those of another data set; they are left out")
    return tuple((int(row), int(labels[row])) for row in np.flatnonzero(labels != NONE))


def merge(edits: Edits, rows: list[int], label: int) -> Edits:
    """Set `label` on `rows`, over earlier edits of the same rows."""
    return tuple(sorted({**dict(edits), **dict.fromkeys(rows, label)}.items()))
