"""The list of labels with scores and flags, as the page and `lab detect` give it: the same bytes."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from lab.core.checks import check_choice
from lab.core.spreadsheet import csv_text
from lab.experiments.results import Run

COLUMNS = ("row", "given_label", "is_issue", "score", "suggested_label")
FORMATS = (".csv", ".parquet", ".json")


def issue_rows(run: Run, detector: str = "auto") -> dict[str, list[Any]]:
    """One detector's answer to every labelled row, in file order, by column.

    `row` counts the file's rows from 0, those without a label too; `score` is high where the label is believed;
    `suggested_label` differs from `given_label` just where `is_issue`.

    Args:
        run: of an `UploadStudy`.
    Raises: ValueError if the study did not ask this detector.
    """
    names, arrays = [one["name"] for one in run.metrics["detectors"]], run.arrays
    place, classes = names.index(check_choice("detector", detector, names)), run.metrics["classes"]
    n = len(arrays["rows"])
    return {
        "row": arrays["rows"].tolist(),
        "given_label": [classes[label] for label in arrays["y_given"].tolist()],
        "is_issue": np.unpackbits(arrays["verdicts"][place], count=n).astype(bool).tolist(),
        "score": [float(str(score)) for score in arrays["scores"][place]],  # as few digits as tell a float32 apart
        "suggested_label": [classes[label] for label in arrays["suggested"][place].tolist()],
    }


def issues_csv(run: Run, detector: str = "auto") -> bytes:
    """The rows as CSV in UTF-8. Labels that a spreadsheet would run get an apostrophe in front."""
    columns = issue_rows(run, detector)
    return csv_text(COLUMNS, zip(*columns.values(), strict=True)).encode()


def issues_json(run: Run, detector: str = "auto") -> bytes:
    """The rows as a list of objects, one a line."""
    columns = issue_rows(run, detector)
    lines = (json.dumps(dict(zip(COLUMNS, row, strict=True))) for row in zip(*columns.values(), strict=True))
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def issues_parquet(run: Run, detector: str = "auto") -> bytes:
    """The rows as Parquet."""
    import pyarrow
    import pyarrow.parquet

    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(issue_rows(run, detector)), file)
    return file.getvalue()


def issues_as(suffix: str, run: Run, detector: str = "auto") -> bytes:
    """The rows in the format that a file's name asks for. Raises: ValueError for one that is not in `FORMATS`."""
    check_choice("output file", suffix, FORMATS)
    make = {".csv": issues_csv, ".parquet": issues_parquet, ".json": issues_json}[suffix]
    return make(run, detector)
