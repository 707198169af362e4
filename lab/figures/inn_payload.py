"""One message that holds everything the score distributions draw, and what a line through them means.

The reader on the other side is assets/inn/payload.js, the counting assets/inn/counts.js; they must change together with
this file (`VERSION`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Integer, UInt8
from numpy import ndarray

from lab.core.checks import require

VERSION = 1
MAJORITY_LINE = 0.75  # of INN scores, by the corrected Lemma


class Mark(NamedTuple):
    """A place on the axis of the scores, and what stands there."""

    at: float
    name: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """One detector's scores, as they are drawn.

    Attributes:
        score: of every label, high = clean.
        auroc: as text.
        note: a line below the figure, or "".
        low, high: ends of the axis.
        cut: where the line stands at first; a label below it is called wrong.
        marks: places to be named on the axis.
        at, densities: the mixture's two components, wrong and clean, over the axis; None if there is no mixture.
    """

    name: str
    title: str
    score: Float32[ndarray, " n"]
    auroc: str
    low: float
    high: float
    cut: float
    marks: Sequence[Mark] = ()
    note: str = ""
    at: Float[ndarray, " m"] | None = None
    densities: Float[ndarray, "2 m"] | None = None


class Counts(NamedTuple):
    """What a line means: labels called wrong, those of them that are, and the shares; nan where there are none."""

    flagged: int
    hits: int
    precision: float
    recall: float
    f1: float


def below(score: Float32[ndarray, " n"], cut: float) -> Bool[ndarray, " n"]:
    """Which labels are called wrong, exactly as the browser decides."""
    return score.astype(np.float64) < cut


def counts_at(score: Float32[ndarray, " n"], wrong: Bool[ndarray, " n"], cut: float) -> Counts:
    """The numbers that stand beside the figure."""
    flagged, errors = below(score, cut), int(wrong.sum())
    n, hits = int(flagged.sum()), int((flagged & wrong).sum())
    return Counts(n, hits, _share(hits, n), _share(hits, errors), _share(2 * hits, n + errors))


def encode(
    detectors: Sequence[Scores],
    *,
    y_given: Integer[ndarray, " n"],
    y_clean: Integer[ndarray, " n"],
    classes: Sequence[str],
    pictures: UInt8[ndarray, "m h w c"] | None = None,
    picture_rows: Int[ndarray, " m"] | None = None,
) -> bytes:
    """Length of the JSON (4 bytes), JSON, then scores, given and true labels, rows with pictures, and their pixels.

    Raises: ValueError if there are more than 30 detectors, or none: sets of them are kept in the bits of a number.
    """
    require(1 <= len(detectors) <= 30, "detectors", "1 to 30", len(detectors))
    count, height, width, channels = (0, 0, 0, 1) if pictures is None else pictures.shape
    head = {
        "version": VERSION,
        "n": len(y_given),
        "classes": list(classes),
        "detectors": [_plain(one) for one in detectors],
        "picture": {"count": count, "height": height, "width": width, "channels": channels},
    }
    text = json.dumps(head, allow_nan=False).encode()
    parts = [len(text).to_bytes(4, "little"), text]
    parts += [np.ascontiguousarray(one.score, dtype="<f4").tobytes() for one in detectors]
    parts += [np.asarray(y, dtype="<u2").tobytes() for y in (y_given, y_clean)]
    if pictures is not None and picture_rows is not None:
        parts += [picture_rows.astype("<i4").tobytes(), np.ascontiguousarray(pictures).tobytes()]
    return b"".join(parts)


def _plain(one: Scores) -> dict[str, Any]:
    mixture = None
    if one.at is not None and one.densities is not None and one.densities.any():
        finite = np.nan_to_num(one.densities, nan=0.0, posinf=1e6).clip(0, 1e6)
        mixture = {
            "at": np.round(one.at.astype(float), 5).tolist(),
            "wrong": np.round(finite[0].astype(float), 5).tolist(),
            "clean": np.round(finite[1].astype(float), 5).tolist(),
        }
    names = ("name", "title", "auroc", "low", "high", "cut", "note")
    marks = [{"at": mark.at, "name": mark.name} for mark in one.marks]
    return {name: getattr(one, name) for name in names} | {"marks": marks, "mixture": mixture}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
