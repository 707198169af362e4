"""Rows of somebody's own file as they stand there, and the file with the decisions carried out."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from numpy import ndarray

from lab.core.checks import require
from lab.data.upload_export import corrected_bytes
from lab.data.upload_tables import texts_of
from lab.data.uploaded import UploadedData
from lab.experiments import uploads
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_uploads import open_upload, pictures_of
from lab.specs.upload_pages import UploadExport, UploadRows

MOST_COLUMNS, LONGEST_CELL = 40, 80
SIDE = 64  # pixels of a picture on the page


def run_upload_rows(request: UploadRows, report: PlainReport) -> Run:
    """metrics: columns and, for each asked row, cells; arrays: pictures, where rows are pictures.

    Raises: ValueError if a row is not one of the file's labelled rows.
    """
    start = perf_counter()
    report(0.1, "reading the file")
    data = open_upload(request.upload, report)
    asked = np.array(request.rows)
    places = np.searchsorted(data.rows, asked)
    there = (places < len(data.rows)) & (data.rows[np.minimum(places, len(data.rows) - 1)] == asked)
    require(bool(there.all()), "rows", "labelled rows of the file", asked[~there][:5].tolist())
    columns, cells = _texts(data, places)
    arrays = {} if data.pictures is None else {"pictures": np.asarray(pictures_of(data, places, SIDE))}
    names = [data.names[i] for i in places] if data.names else []
    return Run(request, {"columns": columns, "cells": cells, "names": names}, arrays, perf_counter() - start)


def _texts(data: UploadedData, places: ndarray) -> tuple[list[str], list[list[str]]]:
    if data.table is not None:
        used_first = sorted(range(len(data.columns)), key=lambda i: data.columns[i].role == "left out")
        table = data.table.iloc[:, sorted(used_first[:MOST_COLUMNS])]
        texts = texts_of(table, data.rows[places])
        return list(map(str, table.columns)), [[cell[:LONGEST_CELL] for cell in row] for row in texts]
    names, numbers = list(data.feature_names), data.features
    if numbers is None and data.pred_probs is not None:
        names, numbers = [f"probability of {name}" for name in data.classes], data.pred_probs
    if numbers is None or data.pictures is not None:
        return [], [[] for _ in places]
    shown = numbers[places, :MOST_COLUMNS]
    names = (names or [f"number {i}" for i in range(numbers.shape[1])])[:MOST_COLUMNS]
    return names, [[f"{value:.4g}" for value in row] for row in shown.tolist()]


def run_upload_export(request: UploadExport, report: PlainReport) -> Run:
    """arrays: file, the bytes; metrics: n_bytes."""
    start = perf_counter()
    report(0.1, "writing the corrected file")
    path = uploads.path_of(request.upload)
    data = corrected_bytes(path, request.upload, request.decisions, uploads.limits())
    return Run(request, {"n_bytes": len(data)}, {"file": np.frombuffer(data, np.uint8)}, perf_counter() - start)
