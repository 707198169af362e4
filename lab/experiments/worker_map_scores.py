"""Numbers of every row on a feature map: votes of its neighbours, loss, INN score, the epoch in which it was learnt."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64, Int, UInt8
from numpy import ndarray

from lab.experiments.progress import Report
from lab.experiments.worker_map_sides import Side, Trained
from lab.neighbors import NeighborTable
from lab.specs import FeatureMap


def votes_of(
    table: NeighborTable, y_given: Int[ndarray, " n"], own: Int[ndarray, " m"], ks: tuple[int, ...], n_classes: int
) -> dict[str, UInt8[ndarray, "m ks"]]:
    """For each k the class that the k nearest training rows vote for, and how many of them have the row's own label."""
    columns = np.array(ks) - 1
    votes = table.predict_all(y_given, n_classes)[:, columns].astype(np.uint8)
    agree = (y_given[table.idx] == own[:, None]).cumsum(axis=1)[:, columns].astype(np.uint8)
    return {"votes": votes, "agree": agree}


def learnt_in(predicted: Int[ndarray, "epochs m"], y: Int[ndarray, " m"]) -> Float64[ndarray, " m"]:
    """The epoch, from 1, since which a label is predicted without a break; NaN if it is not at the end."""
    wrong = predicted != y
    last_wrong = len(wrong) - wrong[::-1].argmax(axis=0)
    since = np.where(wrong.any(axis=0), last_wrong + 1, 1).astype(np.float64)
    return np.where(wrong[-1], np.nan, since)


def scores_of(study: FeatureMap, sides: dict[str, tuple[Side, Any]], report: Report) -> dict[str, Float[ndarray, " m"]]:
    """Loss and, of training rows, when the given label was learnt and its INN score; of each network that is shown."""
    judges = {name: (side.judge, side.judge.epoch) for name, (side, _) in sides.items()}
    two = (judges["left"][0].experiment, judges["left"][1]) != (judges["right"][0].experiment, judges["right"][1])
    found: dict[str, Float[ndarray, " m"]] = {}
    for name, (side, at) in sides.items():
        if name == "right" and not two:
            continue
        mark = f", {name}" if two else ""
        found |= {f"{score}{mark}": values[at] for score, values in _of_network(study, side, report).items()}
    return found


def _of_network(study: FeatureMap, side: Side, report: Report) -> dict[str, Float[ndarray, " n"]]:
    judge, y = side.judge, side.y_true if side.part == "test" else side.y_given
    p = judge.softmax(side.part)[np.arange(len(y)), y]
    found: dict[str, Float[ndarray, " n"]] = {"loss": -np.log(np.maximum(p.astype(np.float64), 1e-30))}
    if side.part == "test":
        return found
    if "sample_predicted" in judge.run.arrays:
        predicted = judge.run.arrays["sample_predicted"][: judge.epoch].astype(np.int64)
        found["label learnt in epoch"] = learnt_in(predicted, y)
    if study.inn:
        report(0.92, "asking the network on the way to the neighbours (INN)")
        found["INN score"] = _inn(judge, y)
    return found


def _inn(judge: Trained, y: Int[ndarray, " n"]) -> Float64[ndarray, " n"]:
    """INN, Eq. 1, between each training row and its neighbours in the network's own features."""
    from lab.analysis.inn import inn_scores

    rows = judge.data.parts["train"].rows
    x = torch.cat([rows[slice(i, min(i + 1024, len(rows)))] for i in range(0, len(rows), 1024)])
    return inn_scores(judge.network.to(rows.device), x, y, judge.features("train"), n_neighbors=min(10, len(y) - 1))
