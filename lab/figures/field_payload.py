"""One binary message that holds everything the decision-boundary component draws: encoder, decoder, nothing else.

The browser gets every k at once, so that dragging k needs no server. Numpy only; the reader on the other
side is assets/boundaries/payload.js and must change together with this file (`VERSION`).

Layout, zlib-compressed: uint32 length of the header, the header (JSON, padded to 4 bytes), then the sections
in the header's order, each padded to 4 bytes. A section's filter says how its values were turned into bytes:

    raw    the values as they are, little-endian
    pack2  four labels a byte, lowest bits first (up to 4 classes)
    pack4  two labels a byte (up to 8 classes)
    xor    each row XOR the row before: a label that does not change with k becomes 0
    diff2  differences along both axes of the grid, modulo 256: a smooth surface becomes small numbers
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Integer, UInt8
from numpy import ndarray

from lab.core.checks import require

VERSION = 1
MAX_CLASSES = 8
MAX_K = 255  # votes travel and are counted as bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class MethodField:
    """What one method says at every cell of the grid. `cells` run row by row from the lower left corner.

    labels: the predicted class; probs: the probability of each class in [0, 1] (sent with 8 bits).
    """

    labels: Integer[ndarray, " cells"]
    probs: Float[ndarray, "c cells"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """One measure, in [0, 1], against k: element k-1 of `knn` and `knet`; the others do not depend on k."""

    knn: Float[ndarray, " k"]
    knet: Float[ndarray, " k"]
    network: float
    bayes: float | None = None  # None where the Bayes rule is what the others are compared with
    fixed: Mapping[int, float] = field(default_factory=dict)  # k that a fixed kNet was trained for -> measure


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Training points and what every method makes of the plane, for every k in 1..k_max.

    classes: names, at most 8. extent: (x0, x1, y0, y1), the outer edges of the grid; `grid_points` gives the centres.
    points, y_clean, y_given, edited: the training set; `edited` marks labels that the user set by hand.
    neighbour_labels: row j = given label of the (j+1)-th nearest neighbour of each cell.
    knet_labels: row k-1 = kNet's prediction at k. knet_probs: its probabilities at the k of `knet_knots` only
    (ascending, from 1 to k_max); the page interpolates them for shading, never for labels.
    fixed: k -> kNet trained for that k. bayes: the Bayes rule for clean labels; noisy_bayes_labels: for given labels.
    accuracy: on a large clean draw. agreement: with the Bayes rule on the same draw.
    memory: method ("knn", "knet", "network") -> one line saying what it has to keep.
    Raises: ValueError where shapes, class indices or knots do not fit together.
    """

    classes: tuple[str, ...]
    extent: tuple[float, float, float, float]
    points: Float[ndarray, "n 2"]
    y_clean: Integer[ndarray, " n"]
    y_given: Integer[ndarray, " n"]
    edited: Bool[ndarray, " n"]
    neighbour_labels: Integer[ndarray, "k cells"]
    knet_labels: Integer[ndarray, "k cells"]
    knet_knots: tuple[int, ...]
    knet_probs: Float[ndarray, "m c cells"]
    network: MethodField
    bayes: MethodField
    noisy_bayes_labels: Integer[ndarray, " cells"]
    fixed: Mapping[int, MethodField]
    accuracy: Curve
    agreement: Curve
    memory: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        k_max, cells = self.neighbour_labels.shape
        require(2 <= len(self.classes) <= MAX_CLASSES, "classes", f"2 to {MAX_CLASSES} names", len(self.classes))
        require(k_max <= MAX_K, "neighbour_labels", f"at most {MAX_K} rows", k_max)
        require(self.side**2 == cells, "neighbour_labels", "of a square grid", self.neighbour_labels.shape)
        require(
            _is_knots(self.knet_knots, k_max), "knet_knots", f"ascending from 1 to k_max = {k_max}", self.knet_knots
        )
        for name, array, shape in self._shapes(k_max, cells):
            require(array.shape == shape, name, f"of shape {shape}", array.shape)
            if np.issubdtype(array.dtype, np.integer) and array.size:
                low, high = int(array.min()), int(array.max())
                require(low >= 0 and high < len(self.classes), name, "class indices", low if low < 0 else high)

    @property
    def side(self) -> int:
        """Cells along one side of the square grid."""
        return int(np.sqrt(self.neighbour_labels.shape[1]) + 0.5)

    @property
    def k_max(self) -> int:
        return int(self.neighbour_labels.shape[0])

    def _shapes(self, k_max: int, cells: int) -> list[tuple[str, ndarray, tuple[int, ...]]]:
        n, c = len(self.points), len(self.classes)
        expected = [
            ("points", self.points, (n, 2)),
            ("y_clean", self.y_clean, (n,)),
            ("y_given", self.y_given, (n,)),
            ("edited", self.edited, (n,)),
            ("neighbour_labels", self.neighbour_labels, (k_max, cells)),
            ("knet_labels", self.knet_labels, (k_max, cells)),
            ("knet_probs", self.knet_probs, (len(self.knet_knots), c, cells)),
            ("noisy_bayes_labels", self.noisy_bayes_labels, (cells,)),
        ]
        for name, method in [("network", self.network), ("bayes", self.bayes), *_named(self.fixed)]:
            expected += [(f"{name}.labels", method.labels, (cells,)), (f"{name}.probs", method.probs, (c, cells))]
        for name, curve in [("accuracy", self.accuracy), ("agreement", self.agreement)]:
            expected += [(f"{name}.knn", curve.knn, (k_max,)), (f"{name}.knet", curve.knet, (k_max,))]
        return expected


def grid_points(extent: tuple[float, float, float, float], side: int) -> Float[ndarray, "cells 2"]:
    """Centres of the cells of a `side` x `side` grid over (x0, x1, y0, y1), row by row from the lower left corner."""
    x0, x1, y0, y1 = extent
    middle = (np.arange(side, dtype=np.float32) + 0.5) / side
    x, y = np.meshgrid(x0 + middle * (x1 - x0), y0 + middle * (y1 - y0))
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def encode(scene: Scene) -> bytes:
    """The scene as one compressed message. Probabilities are rounded to 1/255, everything else is exact."""
    labels_filter = "pack2" if len(scene.classes) <= 4 else "pack4"
    sections: list[tuple[str, ndarray, str]] = [
        ("points", scene.points.astype("<f4"), "raw"),
        ("y_clean", scene.y_clean.astype(np.uint8), "raw"),
        ("y_given", scene.y_given.astype(np.uint8), "raw"),
        ("edited", scene.edited.astype(np.uint8), "raw"),
        ("neighbour_labels", scene.neighbour_labels.astype(np.uint8), labels_filter),
        ("knet_labels", scene.knet_labels.astype(np.uint8), "xor"),
        ("knet_probs", _to_bytes(scene.knet_probs), "diff2"),
        ("noisy_bayes.labels", scene.noisy_bayes_labels.astype(np.uint8), "raw"),
    ]
    for name, method in [("network", scene.network), ("bayes", scene.bayes), *_named(scene.fixed)]:
        sections += [
            (f"{name}.labels", method.labels.astype(np.uint8), "raw"),
            (f"{name}.probs", _to_bytes(method.probs), "diff2"),
        ]
    bodies = [_pad(_filtered(array, how, scene.side)) for _, array, how in sections]
    header = {
        "version": VERSION,
        "classes": list(scene.classes),
        "extent": [float(edge) for edge in scene.extent],
        "side": scene.side,
        "k_max": scene.k_max,
        "knots": [int(k) for k in scene.knet_knots],
        "fixed": [int(k) for k in scene.fixed],
        "accuracy": _curve_json(scene.accuracy),
        "agreement": _curve_json(scene.agreement),
        "memory": dict(scene.memory),
        "sections": [
            {"name": name, "shape": list(array.shape), "type": array.dtype.str[1:], "filter": how, "bytes": len(body)}
            for (name, array, how), body in zip(sections, bodies, strict=True)
        ],
    }
    head = _pad(json.dumps(header, separators=(",", ":")).encode(), fill=b" ")
    squeeze = zlib.compressobj(6, strategy=zlib.Z_RLE)  # the filters leave runs: a quarter of the time, 3 % more bytes
    whole = b"".join([np.uint32(len(head)).astype("<u4").tobytes(), head, *bodies])
    return squeeze.compress(whole) + squeeze.flush()


def decode(payload: bytes) -> Scene:
    """The scene that `encode` was given, probabilities rounded to 1/255.

    Raises: ValueError if `payload` is not such a message, or of another version.
    """
    try:
        raw = zlib.decompress(payload)
        length = int.from_bytes(raw[:4], "little")
        header = json.loads(raw[4 : 4 + length])
    except (zlib.error, ValueError) as error:
        raise ValueError(f"payload must be a message of lab.figures.field_payload.encode, got {error}") from None
    require(header["version"] == VERSION, "payload", f"of version {VERSION}", header["version"])
    found: dict[str, ndarray] = {}
    at = 4 + length
    for section in header["sections"]:
        body = np.frombuffer(raw, np.uint8, section["bytes"], at)
        found[section["name"]] = _unfiltered(body, section, header["side"])
        at += section["bytes"]
    return Scene(
        classes=tuple(header["classes"]),
        extent=tuple(header["extent"]),
        points=found["points"],
        y_clean=found["y_clean"],
        y_given=found["y_given"],
        edited=found["edited"].astype(bool),
        neighbour_labels=found["neighbour_labels"],
        knet_labels=found["knet_labels"],
        knet_knots=tuple(header["knots"]),
        knet_probs=_to_probs(found["knet_probs"]),
        network=_method(found, "network"),
        bayes=_method(found, "bayes"),
        noisy_bayes_labels=found["noisy_bayes.labels"],
        fixed={k: _method(found, f"fixed{k}") for k in header["fixed"]},
        accuracy=_curve(header["accuracy"]),
        agreement=_curve(header["agreement"]),
        memory=header["memory"],
    )


def _is_knots(knots: tuple[int, ...], k_max: int) -> bool:
    ascending = all(a < b for a, b in pairwise(knots))
    return bool(knots) and knots[0] == 1 and knots[-1] == k_max and ascending


def _named(fixed: Mapping[int, MethodField]) -> list[tuple[str, MethodField]]:
    return [(f"fixed{k}", method) for k, method in fixed.items()]


def _method(found: Mapping[str, ndarray], name: str) -> MethodField:
    return MethodField(labels=found[f"{name}.labels"], probs=_to_probs(found[f"{name}.probs"]))


def _curve_json(curve: Curve) -> dict[str, object]:
    return {
        "knn": [float(value) for value in curve.knn],
        "knet": [float(value) for value in curve.knet],
        "network": float(curve.network),
        "bayes": None if curve.bayes is None else float(curve.bayes),
        "fixed": [[int(k), float(value)] for k, value in curve.fixed.items()],
    }


def _curve(saved: Mapping[str, Any]) -> Curve:
    knn, knet = (np.asarray(saved[name], dtype=np.float64) for name in ("knn", "knet"))
    fixed = dict(saved["fixed"])
    return Curve(knn=knn, knet=knet, network=saved["network"], bayes=saved["bayes"], fixed=fixed)


def _to_bytes(probs: Float[ndarray, "*shape"]) -> UInt8[ndarray, "*shape"]:
    return np.rint(np.clip(probs, 0, 1) * 255).astype(np.uint8)


def _to_probs(values: UInt8[ndarray, "*shape"]) -> Float[ndarray, "*shape"]:
    return values.astype(np.float32) / 255


def _pad(body: bytes, fill: bytes = b"\0") -> bytes:
    return body + fill * (-len(body) % 4)


def _filtered(array: ndarray, how: str, side: int) -> bytes:
    if how == "xor":
        array = np.concatenate([array[:1], array[1:] ^ array[:-1]])
    elif how == "diff2":
        grid = array.reshape(-1, side, side)
        array = np.diff(np.diff(grid, axis=1, prepend=np.uint8(0)), axis=2, prepend=np.uint8(0))
    elif how in ("pack2", "pack4"):
        bits = int(how[-1])
        flat = np.frombuffer(_pad(array.tobytes()), np.uint8).reshape(-1, 8 // bits)
        array = np.bitwise_or.reduce(flat << (bits * np.arange(8 // bits, dtype=np.uint8)), axis=1)
    return array.tobytes()


def _unfiltered(body: UInt8[ndarray, " bytes"], section: Mapping[str, Any], side: int) -> ndarray:
    how, shape = str(section["filter"]), tuple(section["shape"])
    size = int(np.prod(shape))
    if how == "raw":
        return body.view("<" + str(section["type"]))[:size].reshape(shape)
    if how == "xor":
        return np.bitwise_xor.accumulate(body[:size].reshape(shape), axis=0)
    if how == "diff2":
        grid = body[:size].reshape(-1, side, side)
        return grid.cumsum(axis=1, dtype=np.uint8).cumsum(axis=2, dtype=np.uint8).reshape(shape)
    bits = int(how[-1])
    flat = body[:, None] >> (bits * np.arange(8 // bits, dtype=np.uint8)) & np.uint8((1 << bits) - 1)
    return flat.ravel()[:size].reshape(shape)
