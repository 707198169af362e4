"""One message that holds everything the board of “kNN or kNet?” draws, for every k, so that dragging k needs no server.

Of all rows who is right at which k (a bit each); of one row its neighbours' labels in order, from which any histogram
follows, and kNet from its first layer on, so small that it is sent whole and run in the browser. The reader on the other
side is assets/compare/payload.js and must change together with this file (`VERSION`).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Integer, UInt8
from numpy import ndarray

from lab.core.checks import check_integer, require

VERSION = 1
PICTURE_BYTES = 600_000  # of the rows in the lists: beyond that a row is listed by its number alone


@dataclass(frozen=True, kw_only=True, eq=False)
class Board:
    """Accuracy against k, and who is right where.

    accuracy: "network", and lists "knn" and "knet" by k, "fixed" by k of each fixed kNet.
    y, network: true and predicted label of every row. knn, knet: predicted labels by k.
    pictures: of the rows, where they are images.
    what: one line that says what is drawn. rows: what the rows are called, "test row".
    """

    what: str
    rows: str
    classes: Sequence[str]
    accuracy: Mapping[str, Any]
    y: Integer[ndarray, " m"]
    network: Integer[ndarray, " m"]
    knn: Integer[ndarray, "m k_max"]
    knet: Integer[ndarray, "m k_max"]
    pictures: UInt8[ndarray, "m h w channels"] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One row and its neighbours, nearest first.

    given, clean: labels of the neighbours. ids: their row numbers. distances: of as many as have a picture.
    start, by_k, weight, bias, kappa: kNet's answer to k is softmax(weight relu(start + kappa[k - 1] by_k) + bias).
    """

    row: int
    softmax: Float[ndarray, " c"]
    given: Integer[ndarray, " k_max"]
    clean: Integer[ndarray, " k_max"]
    ids: Integer[ndarray, " k_max"]
    distances: Float[ndarray, " near"]
    start: Float[ndarray, " width"]
    by_k: Float[ndarray, " width"]
    weight: Float[ndarray, "c width"]
    bias: Float[ndarray, " c"]
    kappa: Float[ndarray, " k_max"]
    pictures: UInt8[ndarray, "near h w channels"] | None = None


def encode(board: Board, sample: Sample) -> bytes:
    """The message for the browser: length of the head, the head as JSON, the compressed arrays.

    Raises: ValueError if the sample is none of the board's rows.
    """
    m, k_max = board.knn.shape
    row = check_integer("row", sample.row, 0, m - 1)
    require(board.knet.shape == (m, k_max), "knet", f"labels of {m} rows for {k_max} k", board.knet.shape)
    right = {name: getattr(board, name) == board.y[:, None] for name in ("knn", "knet")}
    network = board.network == board.y
    sections: dict[str, ndarray] = {f"right.{name}": np.packbits(hits.T, axis=1) for name, hits in right.items()}
    sections["right.network"] = np.packbits(network)
    listed = _listed(board, network, right["knet"])
    floats = ("softmax", "distances", "start", "by_k", "weight", "bias", "kappa")
    sections |= {name: getattr(sample, name).astype(np.float32) for name in floats}
    sections |= {"given": sample.given.astype(np.uint8), "clean": sample.clean.astype(np.uint8)}
    sections |= {"ids": sample.ids.astype(np.uint32), "listed": listed.astype(np.uint32)}
    sections |= {"said.knn": board.knn[row].astype(np.uint8), "said.knet": board.knet[row].astype(np.uint8)}
    if board.pictures is not None and sample.pictures is not None:
        sections["pictures.listed"] = board.pictures[listed]
        sections["pictures.own"] = board.pictures[row]
        sections["pictures.near"] = sample.pictures
    head = {
        "version": VERSION,
        "what": board.what,
        "rows": board.rows,
        "classes": list(board.classes),
        "m": m,
        "k_max": k_max,
        "accuracy": dict(board.accuracy),
        "row": row,
        "true": int(board.y[row]),
        "network": int(board.network[row]),
        "picture": None if board.pictures is None else list(board.pictures.shape[1:]),
        "sections": [
            {"name": name, "type": array.dtype.name, "bytes": array.nbytes} for name, array in sections.items()
        ],
    }
    line = json.dumps(head, allow_nan=False, separators=(",", ":")).encode()
    body = zlib.compress(b"".join(np.ascontiguousarray(array).tobytes() for array in sections.values()), 1)
    return len(line).to_bytes(4, "little") + line + body


def _listed(board: Board, network: Bool[ndarray, " m"], knet: Bool[ndarray, "m k_max"]) -> Integer[ndarray, " some"]:
    """Rows that kNet mends or breaks at some k, as many as there may be pictures of."""
    rows = np.flatnonzero((knet != network[:, None]).any(axis=1))
    if board.pictures is None:
        return rows[:0]
    return rows[: PICTURE_BYTES // max(1, int(np.prod(board.pictures.shape[1:])))]


def read_head(payload: bytes) -> dict[str, Any]:
    """The head of a message. Raises: ValueError if it is none of this version."""
    try:
        head: dict[str, Any] = json.loads(payload[4 : 4 + int.from_bytes(payload[:4], "little")])
    except ValueError as error:
        raise ValueError(f"payload must be a message of lab.figures.compare_payload, got {error}") from None
    require(head.get("version") == VERSION, "payload", f"of version {VERSION}", head.get("version"))
    return head


def read_sections(payload: bytes) -> dict[str, ndarray]:
    """The arrays of a message, flat, as the browser reads them."""
    head = read_head(payload)
    raw = zlib.decompress(payload[4 + int.from_bytes(payload[:4], "little") :])
    found, at = {}, 0
    for section in head["sections"]:
        found[section["name"]] = np.frombuffer(raw[at : at + section["bytes"]], dtype=section["type"])
        at += section["bytes"]
    return found
