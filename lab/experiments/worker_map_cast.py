"""Who stands around the rows of a feature map: their neighbours among the training rows, with label and picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8
from numpy import ndarray

from lab.experiments.worker_map_sides import Side
from lab.experiments.worker_runs import thumbnails
from lab.neighbors import NeighborTable

MOST_BYTES = 16e6  # of pictures, before they are made smaller


@dataclass(frozen=True, eq=False)
class Cast:
    """Attributes:
    tables: of each side, the rows on the map among the training rows.
    near: their first neighbours: the rows on the map are counted first, then the others in the order of `y_true`.
    y_true, y_given: of the neighbours that are not on the map; given labels by side.
    pictures: of the rows on the map, then of those neighbours; None if they are no images.
    """

    tables: dict[str, NeighborTable]
    near: dict[str, Int[ndarray, "m k"]]
    y_true: UInt8[ndarray, " o"]
    y_given: dict[str, UInt8[ndarray, " o"]]
    pictures: UInt8[ndarray, "people h w c"] | None


def cast_of(
    part: str, ids: Int[ndarray, " m"], left: Side, right: Side, left_at: Any, right_at: Any, n_near: int
) -> Cast:
    """The neighbours of the rows `ids` on both sides, at `left_at` and `right_at` of the part."""
    sides = {"left": (left, left_at), "right": (right, right_at)}
    tables = {name: side.neighbours(at) for name, (side, at) in sides.items()}
    numbers = {name: side.placed.run.arrays["rows"].astype(np.int64) for name, (side, _) in sides.items()}
    near_ids = {name: numbers[name][table.idx[:, :n_near]] for name, table in tables.items()}
    on_map = ids if part == "train" else np.empty(0, dtype=np.int64)
    everybody = np.unique(np.concatenate([found.ravel() for found in near_ids.values()]))
    others = np.setdiff1d(everybody, on_map)
    first = len(ids) if part == "test" else 0
    known = np.concatenate([on_map, others])
    order = np.argsort(known)
    near = {
        name: (first + order[np.searchsorted(known, found, sorter=order)]).astype(np.int32)
        for name, found in near_ids.items()
    }
    where = {name: _positions(numbers[name], others) for name in sides}
    true, given = np.zeros(len(others), dtype=np.uint8), {}
    for name, (side, _) in sides.items():
        there = where[name] >= 0
        true[there] = side.placed.run.arrays["y_clean"][where[name][there]]
        given[name] = np.where(there, side.y_given[where[name]], true).astype(np.uint8)
    return Cast(tables, near, true, given, _pictures(left, left_at, right, where))


def _positions(numbers: Int[ndarray, " n"], wanted: Int[ndarray, " o"]) -> Int[ndarray, " o"]:
    """Where each wanted number stands; -1 where it does not."""
    order = np.argsort(numbers)
    at = order[np.minimum(np.searchsorted(numbers, wanted, sorter=order), len(numbers) - 1)]
    return np.where(numbers[at] == wanted, at, -1)


def _pictures(left: Side, left_at: Any, right: Side, where: dict[str, Any]) -> UInt8[ndarray, "p h w c"] | None:
    inputs, n_others = left.placed.inputs, len(where["left"])
    rows = getattr(inputs, left.part)
    if len(rows.shape) != 4:
        return None
    size = (len(left_at) + n_others) * min(32, rows.shape[1]) * min(32, rows.shape[2]) * rows.shape[3]
    side = 32 if size <= MOST_BYTES else 16
    shown = thumbnails(rows, np.asarray(left_at), side=side)
    assert shown is not None
    people = np.zeros((len(left_at) + n_others, *shown.shape[1:]), dtype=np.uint8)
    people[: len(left_at)] = shown
    there = where["left"] >= 0
    for train, mine, at in (
        (inputs.train, there, where["left"]),
        (right.placed.inputs.train if not there.all() else None, ~there, where["right"]),
    ):
        if mine.any():
            found = thumbnails(train, at[mine], side=side)
            assert found is not None
            people[len(left_at) :][mine] = found
    return people
