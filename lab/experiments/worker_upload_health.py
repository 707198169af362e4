"""The health of an uploaded file: numbers for the page, and what they mean in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from lab.analysis.concentration_alarm import ConcentrationAlarm, concentration_alarm
from lab.analysis.detect_probabilities import confident_joint
from lab.analysis.health import (
    Alignment,
    Duplicates,
    alignment,
    constant_columns,
    find_duplicates,
    near_conflicts,
    prediction_alignment,
)
from lab.analysis.noise_estimation import estimate_noise
from lab.core.rng import numpy_rng
from lab.experiments.worker_upload_ground import Course, Ground

N_VOTERS = 20  # neighbours that vote in the estimate
MOST_CLASSES = 200  # of a transition matrix
N_RESAMPLES = 100
RARE, UNEQUAL = 10, 10.0  # rows of a class; times the largest class is the smallest one
FEW_WRONG, MANY_WRONG = 0.02, 0.1
LISTED = 6  # names in a sentence
CONSTANT = ("constant", "empty")


@dataclass(frozen=True, eq=False)
class Estimate:
    """T and the rate with their intervals. anchors: rows that each class's row of T was read from."""

    T: Float[ndarray, "c c"]
    low: Float[ndarray, "c c"]
    high: Float[ndarray, "c c"]
    rate: float
    interval: tuple[float, float]
    anchors: Int[ndarray, " c"]


def health_of(
    ground: Ground, course: Course, flagged: Bool[ndarray, " n"]
) -> tuple[dict[str, Any], dict[str, ndarray]]:
    """Metrics: `balance`, `duplicates`, `constant`, `near_conflicts`, `rate`, `rate_interval`, `alarm`, `aligned`,
    `findings` (each `level`: "ok", "look" or "bad", `title`, `text`). And the arrays that go with them.

    Args:
        flagged: the labels that "auto" calls wrong.
    """
    data, y = ground.data, ground.y
    balance = np.bincount(y, minlength=ground.n_classes)
    duplicates = duplicates_of(ground)
    course.at(0.2)
    constant = constant_names(ground)
    none = np.zeros(0, dtype=np.int32)
    conflicts = none if ground.near is None else near_conflicts(ground.near.table(10), y)
    aligned = aligned_of(ground)
    course.at(0.4, "estimating the noise")
    estimate = estimate_of(ground)
    course.at(0.7, "looking for labels that are wrong together")
    alarm = None if ground.near is None or not _columns_there(ground) else concentration_alarm(y, ground.near)
    arrays: dict[str, ndarray] = {
        "duplicate_group": duplicates.group,
        "near_conflict_rows": conflicts.astype(np.int32),
        "alarm_rows": np.sort(np.concatenate([none, *(c.rows for c in (alarm.clusters if alarm else ()))])).astype(
            np.int32
        ),
    }
    if estimate is not None:
        arrays |= {"T": estimate.T, "T_low": estimate.low, "T_high": estimate.high, "anchors": estimate.anchors}
    metrics = {
        "balance": balance.tolist(),
        "duplicates": {
            "rows": duplicates.n_rows,
            "groups": len(duplicates.conflicting),
            "conflicting": int(duplicates.conflicting.sum()),
        },
        "constant": constant,
        "near_conflicts": len(conflicts),
        "rate": None if estimate is None else estimate.rate,
        "rate_interval": None if estimate is None else list(estimate.interval),
        "alarm": described(alarm, data.classes),
        "aligned": {"ok": aligned.ok, "message": aligned.message},
    }
    metrics["findings"] = findings(ground, metrics, aligned, alarm, float(flagged.mean()))
    return metrics, arrays


def _columns_there(ground: Ground) -> bool:
    """Whether the labels have not shaped the space: what a network trained on them draws apart, no alarm can see."""
    return ground.logits is None


def duplicates_of(ground: Ground) -> Duplicates:
    """Of columns or pictures as they were read; of probabilities alone nothing is a duplicate."""
    data = ground.data
    rows = data.features if data.features is not None and data.features.shape[1] else data.images
    if rows is None:
        return Duplicates(np.full(len(ground.y), -1, dtype=np.int32), np.zeros(0, dtype=bool))
    return find_duplicates(rows, ground.y)


def constant_names(ground: Ground) -> list[str]:
    """Columns that are the same in every row, those that were left out for it too."""
    data = ground.data
    names = [column.name for column in data.columns if column.kind in CONSTANT]
    if data.features is not None and len(data.feature_names) == data.features.shape[1]:
        names += [data.feature_names[i] for i in constant_columns(data.features)]
    return list(dict.fromkeys(names))


def aligned_of(ground: Ground) -> Alignment:
    """By neighbours, or by predictions where there are no others."""
    if ground.near is None:
        return prediction_alignment(ground.pred_probs, ground.y)
    return alignment(ground.near.table(10).idx, ground.y)


def estimate_of(ground: Ground) -> Estimate | None:
    """T and the rate; None with too many classes, or where neighbours agree on nothing."""
    if ground.n_classes > MOST_CLASSES:
        return None
    if ground.near is None:
        return _by_probabilities(ground)
    table = ground.near.table(N_VOTERS)
    try:
        found = estimate_noise(
            table, ground.y, ground.n_classes, rng=numpy_rng(0, "estimate"), k=table.k_max, n_resamples=N_RESAMPLES
        )
    except ValueError:  # ties everywhere
        return None
    low, high = found.T_interval()
    around = found.rate_interval()
    return Estimate(found.T, low, high, found.rate, (float(around.low), float(around.high)), found.anchors)


def _by_probabilities(ground: Ground) -> Estimate:
    """Confident learning's joint, and what it becomes when rows are drawn again."""
    probs, y, rng = ground.pred_probs.astype(np.float64), ground.y, numpy_rng(0, "estimate")

    def joint_of(rows: ndarray) -> ndarray:
        return confident_joint(probs[rows], y[rows])

    joint = joint_of(np.arange(len(y)))
    again = np.stack([joint_of(rng.integers(len(y), size=len(y))) for _ in range(max(10, min(50, 10**6 // len(y))))])
    low, high = np.quantile(_rows_to_one(again), [0.025, 0.975], axis=0)
    rates = 1 - np.trace(again, axis1=1, axis2=2)
    around = np.quantile(rates, [0.025, 0.975])
    rate = float(max(0.0, 1 - np.trace(joint)))
    anchors = np.rint(joint.sum(axis=1) * len(y)).astype(np.int64)
    return Estimate(
        _rows_to_one(joint), low, high, rate, (float(max(0.0, around[0])), float(max(0.0, around[1]))), anchors
    )


def _rows_to_one(joint: Float[ndarray, "*b c c"]) -> Float[ndarray, "*b c c"]:
    total = joint.sum(axis=-1, keepdims=True)
    return np.where(total > 0, joint / np.where(total > 0, total, 1), np.eye(joint.shape[-1]))


def described(alarm: ConcentrationAlarm | None, classes: tuple[str, ...]) -> dict[str, Any]:
    """The alarm as plain values."""
    if alarm is None:
        message = "Nothing to see here: it needs columns or pictures that the labels have not shaped."
        return {"sounds": False, "message": message, "share": 0.0, "clusters": []}
    clusters = [
        {
            "given": classes[cluster.given_label],
            "surrounding": classes[cluster.surrounding_label],
            "size": len(cluster.rows),
        }
        for cluster in alarm.clusters
    ]
    return {"sounds": alarm.sounds, "message": alarm.message, "share": alarm.share, "clusters": clusters}


def findings(
    ground: Ground, metrics: dict[str, Any], aligned: Alignment, alarm: ConcentrationAlarm | None, flagged: float
) -> list[dict[str, str]]:
    """What the numbers mean, in the order of their weight."""
    found = [_said("ok" if aligned.ok else "bad", "Rows and labels", aligned.message)]
    found.append(_of_rate(metrics["rate"] if aligned.ok else None, metrics["rate_interval"], flagged))
    if alarm is not None:
        found.append(_said("bad" if alarm.sounds else "ok", "Wrong together", alarm.message))
    found += [_of_balance(metrics["balance"], ground.data.classes), _of_missing(ground)]
    if ground.near is not None:
        found += [_of_duplicates(metrics["duplicates"]), _of_conflicts(metrics["near_conflicts"])]
        found += [_of_constant(metrics["constant"])]
    return sorted(found, key=lambda one: ("bad", "look", "ok").index(one["level"]))


def _said(level: str, title: str, text: str) -> dict[str, str]:
    return {"level": level, "title": title, "text": text}


def _of_rate(rate: float | None, interval: list[float] | None, flagged: float) -> dict[str, str]:
    title = "Wrong labels"
    if rate is None or interval is None:
        text = f"Neighbours agree too little to estimate their share; by themselves, {flagged:.1%} of the labels look wrong."
        return _said("look", title, text)
    level = "ok" if rate < FEW_WRONG else "look" if rate < MANY_WRONG else "bad"
    text = (
        f"About {rate:.1%} of the labels are wrong (by chance alone {interval[0]:.1%} to {interval[1]:.1%}), if the true "
        "class rules most neighbourhoods; classes that overlap read as one to three points more."
    )
    return _said(level, title, text)


def _of_duplicates(duplicates: dict[str, int]) -> dict[str, str]:
    title = "Duplicates"
    if not duplicates["rows"]:
        return _said("ok", title, "No two rows are equal.")
    n_groups, conflicting = duplicates["groups"], duplicates["conflicting"]
    text = f"{duplicates['rows']:,} rows are equal to another one, in {n_groups:,} group{'s' if n_groups > 1 else ''}"
    if conflicting:
        where = "whose labels differ" if n_groups == 1 else f"in {conflicting:,} of which the labels differ"
        return _said("bad", title, f"{text}, {where}.")
    return _said("look", title, f"{text}, with one label each. They vote for each other.")


def _of_balance(balance: list[int], classes: tuple[str, ...]) -> dict[str, str]:
    there = [(count, name) for count, name in zip(balance, classes, strict=True) if count]
    (least, rarest), (most, largest) = min(there), max(there)
    text = f"{len(there):,} classes of {least:,} ({rarest}) to {most:,} rows ({largest})."
    absent = [name for count, name in zip(balance, classes, strict=True) if not count]
    text += f" No row of {_listed(absent)}." if absent else ""
    if least < RARE:
        few = sum(count < RARE for count, _ in there)
        return _said("bad", "Class balance", f"{text} {few} of them have fewer than {RARE}: too few to judge them.")
    unequal = most > UNEQUAL * least or bool(absent)
    return _said("look" if unequal else "ok", "Class balance", text)


def _of_conflicts(n: int) -> dict[str, str]:
    title = "Close rows of other labels"
    if not n:
        return _said("ok", title, "No row lies unusually close to one of another label.")
    who = "row lies" if n == 1 else "rows lie"
    return _said("look", title, f"{n:,} {who} unusually close to one of another label: one of the two may be wrong.")


def _of_constant(names: list[str]) -> dict[str, str]:
    title = "Columns that say nothing"
    if not names:
        return _said("ok", title, "No column has the same value in every row.")
    return _said("look", title, f"{len(names):,} have the same value in every row: {_listed(names)}.")


def _of_missing(ground: Ground) -> dict[str, str]:
    title = "Missing labels"
    missing = ground.data.n_rows - len(ground.y)
    if not missing:
        return _said("ok", title, "Every row has a label.")
    text = f"{missing:,} of {ground.data.n_rows:,} rows have no label; they are left out, and rows keep their numbers."
    return _said("look", title, text)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
