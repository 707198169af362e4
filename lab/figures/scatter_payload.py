"""The binary messages of the big scatter component: points, maps, pictures.

Numpy only; the reader on the other side is assets/scatter/payload.js and must change together with this file
(`VERSION`). What changes together travels together: the points (labels, scores, rings) are one message, the places of
the points on each map are another, so that a map that forms sends 4 bytes a point and frame.

Layout of a message: uint32 length of the header, the header (JSON), then the sections in the header's order,
compressed together with zlib. Numbers of 16 bits travel as planes, all high bytes before all low bytes.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, UInt8, UInt16
from numpy import ndarray

from lab.core.checks import require
from lab.figures.packed_ids import pack_ids

VERSION = 1
BUDGET = 50_000  # points drawn, besides the circled ones
MAX_CLASSES = 256
MAX_RINGS = 3
MISSING = 65535  # a score that is NaN
MOST_PIXELS = 2**24  # of a sheet of pictures: what a telephone can hold


@dataclass(frozen=True, kw_only=True, slots=True)
class Ring:
    """One kind of circled points, such as "wrong by the network, right by kNet"."""

    name: str
    members: Bool[ndarray, " n"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Points:
    """Everything about the points but where they are.

    classes: names, at most 256; seven colours and eight shapes tell 56 apart.
    labels: "clean", "given", "predicted", ... -> class of every point; each is a way to colour, and a column of the
        histograms. At least one.
    scores: "loss", ... -> a number for every point, NaN where there is none; each is a way to colour.
    rings: at most three kinds of circles.
    probs: softmax of every point, for its mean over the selection.
    Raises: ValueError where lengths, class indices or names do not fit together.
    """

    classes: tuple[str, ...]
    labels: Mapping[str, Integer[ndarray, " n"]]
    scores: Mapping[str, Float[ndarray, " n"]] = field(default_factory=dict)
    rings: tuple[Ring, ...] = ()
    probs: Float[ndarray, "n c"] | None = None

    def __post_init__(self) -> None:
        c = len(self.classes)
        require(1 <= c <= MAX_CLASSES, "classes", f"1 to {MAX_CLASSES} names", c)
        require(len(self.labels) > 0, "labels", "at least one channel", dict(self.labels))
        both = sorted(set(self.labels) & set(self.scores))
        require(not both, "scores", "named otherwise than the labels", both)
        require(len(self.rings) <= MAX_RINGS, "rings", f"at most {MAX_RINGS} kinds", len(self.rings))
        for name, values in [*self.labels.items(), *self.scores.items(), *((r.name, r.members) for r in self.rings)]:
            require(len(values) == self.n, name, f"{self.n} values, one per point", len(values))
        for name, y in self.labels.items():
            if len(y):
                low, high = int(y.min()), int(y.max())
                require(low >= 0 and high < c, name, f"class indices below {c}", low if low < 0 else high)
        if self.probs is not None:
            require(self.probs.shape == (self.n, c), "probs", f"of shape {(self.n, c)}", self.probs.shape)

    @property
    def n(self) -> int:
        """Number of points."""
        return len(next(iter(self.labels.values())))

    @property
    def circled(self) -> Bool[ndarray, " n"]:
        """Points with a ring of any kind."""
        return np.any([np.zeros(self.n, dtype=bool), *(ring.members for ring in self.rings)], axis=0)


def choose_drawn(circled: Bool[ndarray, " n"], *, budget: int = BUDGET) -> Int[ndarray, " m"] | None:
    """Which points to draw: None for all of them; above the budget a random `budget` of them and all circled ones.

    The random ones do not depend on who is circled, so that other rings leave the picture as it is.
    """
    n = len(circled)
    if n <= budget:
        return None
    drawn = circled.copy()
    drawn[np.random.default_rng(n).permutation(n)[:budget]] = True
    return np.flatnonzero(drawn)


def encode_points(points: Points, *, drawn: Int[ndarray, " m"] | None = None) -> bytes:
    """The points, or those `drawn`, as one message. Scores lose what 16 bits lose, probabilities what 8 bits lose."""
    rows = slice(None) if drawn is None else drawn
    sections: list[tuple[str, ndarray]] = [("ids", _bytes(b"" if drawn is None else pack_ids(drawn)))]
    sections += [(f"label.{name}", y[rows].astype(np.uint8)) for name, y in points.labels.items()]
    ranges = {}
    for name, score in points.scores.items():
        levels, ranges[name] = _levels(score)
        sections.append((f"score.{name}", _planes(levels[rows, None])))
    bits = sum((ring.members.astype(np.uint8) << kind for kind, ring in enumerate(points.rings)), np.uint8(0))
    sections.append(("rings", np.broadcast_to(bits, points.n)[rows]))
    if points.probs is not None:
        sections.append(("probs", np.rint(np.clip(points.probs[rows], 0, 1) * 255).astype(np.uint8)))
    head = {
        "classes": list(points.classes),
        "labels": list(points.labels),
        "scores": ranges,
        "rings": [{"name": ring.name, "total": int(ring.members.sum())} for ring in points.rings],
        "probs": points.probs is not None,
    }
    return _message("points", _crowd(points.n, drawn) | head, sections)


def encode_map(coordinates: Float[ndarray, "n 2"], *, drawn: Int[ndarray, " m"] | None = None) -> bytes:
    """Where the points are, in 16 bits an axis of the smallest square that holds them all.

    Raises: ValueError if a coordinate is not finite.
    """
    require(bool(np.isfinite(coordinates).all()), "coordinates", "finite", "NaN or infinity")
    xy = coordinates.astype(np.float64)
    low, high = (xy.min(axis=0), xy.max(axis=0)) if len(xy) else (np.zeros(2), np.zeros(2))
    side = max(float((high - low).max()), 1e-30)
    corner = (low + high - side) / 2
    places = np.rint((xy - corner) / side * 65535).astype(np.uint16)
    shown = places if drawn is None else places[drawn]
    head = {"corner": corner.tolist(), "side": side}
    return _message("map", _crowd(len(xy), drawn) | head, [("places", _planes(shown))])


def encode_pictures(images: UInt8[ndarray, "n h w *channels"], *, drawn: Int[ndarray, " m"] | None = None) -> bytes:
    """A small picture of every point, all on one sheet (a PNG): grey `(n, h, w)` or colour `(n, h, w, 3)`.

    Raises: ValueError if the sheet would have more than 16.7 million pixels.
    """
    from PIL import Image

    n = len(images)
    shown = images if drawn is None else images[drawn]
    m, height, width = shown.shape[:3]
    columns = max(1, int(np.ceil(np.sqrt(m))))
    rows = max(1, -(-m // columns))
    pixels = columns * rows * height * width
    require(0 < pixels <= MOST_PIXELS, "images", f"between 1 and {MOST_PIXELS} pixels in all", pixels)
    sheet = np.zeros((columns * rows, *shown.shape[1:]), dtype=np.uint8)
    sheet[:m] = shown
    grid = sheet.reshape(rows, columns, height, width, -1).swapaxes(1, 2).reshape(rows * height, columns * width, -1)
    file = io.BytesIO()
    Image.fromarray(grid[..., 0] if grid.shape[-1] == 1 else grid).save(file, "png")
    head = {"width": width, "height": height, "columns": columns}
    return _message("pictures", _crowd(n, drawn) | head, [("sheet", _bytes(file.getvalue()))])


def read_head(payload: bytes, kind: str) -> dict[str, Any]:
    """The header of a message of one kind.

    Raises: ValueError if `payload` is none, of another kind or of another version.
    """
    try:
        head = json.loads(payload[4 : 4 + int.from_bytes(payload[:4], "little")])
    except ValueError as error:
        raise ValueError(f"payload must be a message of lab.figures.scatter_payload, got {error}") from None
    found = (head.get("kind"), head.get("version")) if isinstance(head, dict) else head
    require(found == (kind, VERSION), "payload", f"of kind and version {(kind, VERSION)}", found)
    return head


def _crowd(n: int, drawn: Int[ndarray, " m"] | None) -> dict[str, int]:
    """Who the rows of a message are. Messages of another crowd are not drawn together."""
    if drawn is None:
        return {"n": n, "total": n, "crowd": 0}
    return {"n": len(drawn), "total": n, "crowd": zlib.crc32(pack_ids(drawn))}


def _levels(score: Float[ndarray, " n"]) -> tuple[UInt16[ndarray, " n"], list[float]]:
    """Scores as 16-bit steps between the lowest and the highest, and those two."""
    known = np.isfinite(score)
    low, high = (float(score[known].min()), float(score[known].max())) if known.any() else (0.0, 0.0)
    steps = (np.where(known, score, low).astype(np.float64) - low) / ((high - low) or 1) * (MISSING - 1)
    return np.where(known, np.rint(steps), MISSING).astype(np.uint16), [low, high]


def _planes(values: UInt16[ndarray, "n axes"]) -> UInt8[ndarray, " bytes"]:
    """High bytes of each column, then its low bytes, column by column: the high ones repeat and shrink."""
    return np.stack([values.T >> 8, values.T & 255], axis=1).astype(np.uint8).ravel()


def _bytes(body: bytes) -> UInt8[ndarray, " bytes"]:
    return np.frombuffer(body, np.uint8)


def _message(kind: str, head: dict[str, Any], sections: list[tuple[str, ndarray]]) -> bytes:
    described = [{"name": name, "bytes": array.size} for name, array in sections]
    whole = head | {"version": VERSION, "kind": kind, "sections": described}
    line = json.dumps(whole, separators=(",", ":")).encode()
    body = zlib.compress(b"".join(array.tobytes() for _, array in sections), 6)
    return len(line).to_bytes(4, "little") + line + body
