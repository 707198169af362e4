"""A first look at an uploaded file: its kind, columns, labels and first rows."""

from __future__ import annotations

from dataclasses import asdict
from time import perf_counter
from typing import Any

import numpy as np

from lab.data.upload_tables import texts_of
from lab.data.uploaded import UploadedData
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_uploads import open_upload, pictures_of
from lab.specs.uploads import UploadLook

ROWS, PICTURES, PICTURE_SIDE = 8, 24, 96
MOST_COLUMNS, MOST_SHOWN = 500, 30  # in the list; beside the preview


def run_upload_look(look: UploadLook, report: PlainReport) -> Run:
    """Metrics: kind, n_rows, n, label, label_reason, classes, counts, columns (500 at most), n_columns, n_features,
    notes, preview and preview_columns as texts. Arrays: `pictures` of 24 rows from all over the file,
    `picture_rows` and `picture_labels`, if it has any.

    Raises: ValueError in one sentence if the file can not be read.
    """
    start = perf_counter()
    report(0.02, "reading the file")
    data = open_upload(look.upload, lambda fraction, message: report(0.02 + 0.9 * fraction, message))
    names, preview = preview_of(data)
    metrics: dict[str, Any] = {
        "kind": data.kind,
        "n_rows": data.n_rows,
        "n": len(data.rows),
        "label": data.label,
        "label_reason": data.label_reason,
        "classes": list(data.classes),
        "counts": np.bincount(data.y_given, minlength=data.n_classes).tolist(),
        "columns": [asdict(column) for column in data.columns[:MOST_COLUMNS]],
        "n_columns": len(data.columns),
        "n_features": 0 if data.features is None else data.features.shape[1],
        "notes": list(data.notes),
        "preview": preview,
        "preview_columns": names,
    }
    arrays = {}
    if data.pictures is not None:
        shown = np.unique(np.linspace(0, len(data.rows) - 1, PICTURES).astype(int))
        arrays["pictures"] = np.asarray(pictures_of(data, shown, PICTURE_SIDE))
        arrays["picture_rows"] = data.rows[shown].astype(np.int32)
        arrays["picture_labels"] = data.y_given[shown].astype(np.int32)
    return Run(look, metrics, arrays, perf_counter() - start)


def preview_of(data: UploadedData) -> tuple[list[str], list[list[str]]]:
    """Names and texts of the first rows: of the table, else of the names of pictures, features and labels."""
    if data.table is not None:
        shown = data.table.iloc[:ROWS, :MOST_SHOWN]
        return [str(name) for name in shown.columns], texts_of(shown, slice(None))
    labels = [data.classes[c] for c in data.y_given[:ROWS]]
    if data.names:
        return ["picture", data.label], [[name, label] for name, label in zip(data.names, labels, strict=False)]
    values = data.features if data.features is not None else data.pred_probs
    names = data.feature_names if data.features is not None else tuple(f"p({name})" for name in data.classes)
    rows = np.empty((len(labels), 0)) if values is None else values[:ROWS, :MOST_SHOWN]
    texts = [[f"{value:.6g}" for value in row] for row in rows]
    return [data.label, *names[: rows.shape[1]]], [[label, *row] for label, row in zip(labels, texts, strict=True)]
