"""One binary message that holds what the component of single samples draws: softmax beside neighbours' labels.

The browser gets every sample's neighbours in order of distance, so that dragging K or the sample needs no server.
Layout: uint32 length of the header, the header (JSON, padded to 4 bytes), then the sections in the header's order, each
padded to 4 bytes. The reader is assets/aggregates/payload.js and must change together with this file (`VERSION`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Integer, UInt8
from numpy import ndarray

from lab.core.checks import require

VERSION = 1
BINS = 30


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """The samples to look at (n), their neighbours among the training rows, and distances of all compared samples (s).

    idx: neighbours by distance. near_rows: the training rows of `near_pictures`; both picture arrays or neither.
    rows, train_rows: their numbers in the data set. preferred, distance: of all compared samples; `among`: which of
    those each shown one is. inside: lies in a noisy place; None where there is none.
    """

    classes: Sequence[str]
    y: Integer[ndarray, " n"]
    softmax: Float[ndarray, "n c"]
    idx: Integer[ndarray, "n k"]
    rows: Integer[ndarray, " n"]
    among: Integer[ndarray, " n"]
    y_given: Integer[ndarray, " t"]
    y_clean: Integer[ndarray, " t"]
    train_rows: Integer[ndarray, " t"]
    ks: Sequence[int]
    preferred: Integer[ndarray, " s"]
    distance: Float[ndarray, " s"]
    inside: Bool[ndarray, " n"] | None = None
    pictures: UInt8[ndarray, "n h w channels"] | None = None
    near_rows: Integer[ndarray, " p"] | None = None
    near_pictures: UInt8[ndarray, "p h w channels"] | None = None

    def __post_init__(self) -> None:
        require(len(self.y) > 0, "samples", "at least one", len(self.y))
        require(len(self.classes) <= 256, "classes", "at most 256", len(self.classes))
        shapes = (self.y.shape, self.rows.shape, self.among.shape)
        require(set(shapes) == {(len(self.softmax),)}, "samples", "as many in every array", shapes)
        require(int(self.idx.max()) < len(self.y_given), "idx", "rows of the training set", int(self.idx.max()))


def encode(pairs: Pairs) -> bytes:
    """The message for the browser."""
    p = pairs
    sections = {
        "y": p.y.astype(np.uint8),
        "softmax": p.softmax.astype(np.float32),
        "idx": p.idx.astype(np.uint32 if len(p.y_given) > 2**16 else np.uint16),
        "rows": p.rows.astype(np.uint32),
        "given": p.y_given.astype(np.uint8),
        "clean": p.y_clean.astype(np.uint8),
        "trainRows": p.train_rows.astype(np.uint32),
        "preferred": p.preferred[p.among].astype(np.uint16),
        "distance": p.distance[p.among].astype(np.float32),
    }
    if p.inside is not None:
        sections["inside"] = p.inside.astype(np.uint8)
    head = {
        "version": VERSION,
        "classes": list(p.classes),
        "n": len(p.y),
        "k_max": p.idx.shape[1],
        "n_compared": len(p.distance),
        "ks": list(p.ks),
        "k_counts": [int((p.preferred == k).sum()) for k in p.ks],
        **_distance_bins(p.distance),
    }
    if p.pictures is not None and p.near_pictures is not None and p.near_rows is not None:
        head["picture"] = list(p.pictures.shape[1:])
        sections |= {
            "pictures": p.pictures,
            "nearRows": p.near_rows.astype(np.uint32),
            "nearPictures": p.near_pictures,
        }
    head["sections"] = [[name, array.dtype.name, array.size] for name, array in sections.items()]
    text = _padded(json.dumps(head, allow_nan=False, separators=(",", ":")).encode(), b" ")
    body = b"".join(_padded(np.ascontiguousarray(array).tobytes(), b"\0") for array in sections.values())
    return len(text).to_bytes(4, "little") + text + body


def _distance_bins(distance: Float[ndarray, " s"]) -> dict[str, object]:
    """A histogram from 0 to a little more than all but the largest hundredth, which is counted in the last bin."""
    top = max(float(np.quantile(distance, 0.99)), 1e-6)
    counts = np.histogram(np.minimum(distance, top), bins=BINS, range=(0, top))[0]
    return {"top": top, "counts": counts.tolist(), "median": float(np.median(distance))}


def _padded(part: bytes, fill: bytes) -> bytes:
    return part + fill * (-len(part) % 4)
