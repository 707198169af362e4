"""Runs to take home: everything as JSON, and two tables."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lab.experiments.history import RunRecord
from lab.specs.codec import flatten, to_plain


def export(records: Sequence[RunRecord]) -> bytes:
    """A zip of `runs.json` (all that is known), `runs.csv` (a row a run) and `epochs.csv` (a row an epoch)."""
    runs = [_describe(record) for record in records]
    epochs = [{"digest": run["digest"], **point} for run in runs for point in run["epochs"]]
    rows = [dict(flatten({name: item for name, item in run.items() if name != "epochs"})) for run in runs]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("runs.json", json.dumps(runs, indent=1, allow_nan=False))
        archive.writestr("runs.csv", table_csv(rows))
        archive.writestr("epochs.csv", table_csv(epochs))
    return file.getvalue()


def table_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV under all their names, in order of first appearance."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _describe(record: RunRecord) -> dict[str, Any]:
    return {
        "digest": record.digest,
        "name": record.name,
        "status": record.status,
        "started": datetime.fromtimestamp(record.started, UTC).isoformat(timespec="seconds"),
        "seconds": record.seconds,
        "error": record.error,
        "summary": record.summary,
        "experiment": to_plain(record.request),
        "epochs": record.points,
    }
