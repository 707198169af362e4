"""The numbers of every epoch of a training: one line each, appended, and on the disk as soon as they are known."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from lab.experiments.progress import add_point

POINTS_FILE = "epochs.jsonl"
KEPT_METRICS = (
    *("nominal_rate", "effective_rate", "realised_rate", "n_train", "n_test"),
    *("n_parameters", "device", "uses_clean_labels", "best_epoch"),
)  # of a finished run, in its record too, so that a table of runs opens no run


def point_line(point: Mapping[str, Any]) -> bytes:
    """One line of epochs.jsonl; what is not finite, as a loss that diverged, becomes null."""
    plain = {name: _plain_number(value) for name, value in point.items()}
    return json.dumps(plain, allow_nan=False).encode() + b"\n"


def _plain_number(value: Any) -> Any:
    if isinstance(value, (int, str, bool, type(None))):
        return value
    return float(value) if math.isfinite(value) else None


def append_lines(folder: Path, lines: bytes) -> None:
    """Append to epochs.jsonl, on the disk once this returns. Raises: OSError, and then nothing was appended."""
    handle = os.open(folder / POINTS_FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":  # a line that a kill cut off
            lines = b"\n" + lines
        try:
            while lines:
                lines = lines[os.write(handle, lines) :]
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)


def read_points(folder: Path) -> tuple[dict[str, Any], ...]:
    """All whole lines of epochs.jsonl. An epoch that comes again, after a resumption, replaces it and all after it."""
    path = folder / POINTS_FILE
    try:
        stat = path.stat()
    except OSError:
        return ()
    return _parse_points(path, (stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=256)
def _parse_points(path: Path, stamp: tuple[int, ...]) -> tuple[dict[str, Any], ...]:
    points: list[dict[str, Any]] = []
    for line in path.read_bytes().splitlines():
        point = None
        with suppress(ValueError):
            point = json.loads(line)
        if isinstance(point, dict) and isinstance(point.get("epoch", 0), (int, float)):
            add_point(points, point)
    return tuple(points)


def summarise(points: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a table says of a run: from its points, or from its metrics once it is finished."""
    metrics = metrics or {}
    summary: dict[str, Any] = {"epochs": len(points)}
    known = [(p["test_accuracy"], p.get("epoch")) for p in points if p.get("test_accuracy") is not None]
    if known:
        best = max(known, key=lambda pair: pair[0])
        summary |= {"last_test_accuracy": known[-1][0], "best_test_accuracy": best[0], "best_epoch": best[1]}
    for end in ("best", "last"):
        if isinstance(metrics.get(end), Mapping) and "test_accuracy" in metrics[end]:
            summary[f"{end}_test_accuracy"] = metrics[end]["test_accuracy"]
    return summary | {name: metrics[name] for name in KEPT_METRICS if name in metrics}
