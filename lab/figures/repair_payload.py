"""One small message that holds a replay of label corrections: JSON of a few kilobytes, every episode of every method.

The reader on the other side is assets/repair/payload.js and must change together with this file (`VERSION`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lab.core.checks import require

VERSION = 1
RIGHT, OUT, WRONG = 0, 1, 2  # nodes of a column, from top to bottom


def encode(what: str, corrections: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The message for the browser.

    Args:
        what: one line that says what is drawn.
        corrections: by name, the metrics of finished corrections of the same labels.
    Raises: ValueError if there is none.
    """
    require(len(corrections) > 0, "corrections", "one or more", len(corrections))
    first = next(iter(corrections.values()))
    body = {
        "version": VERSION,
        "what": what,
        "classes": first["classes"],
        "true_counts": first["true_counts"],
        "n": first["n_train"],
        "methods": [{"name": name} | replay(metrics) for name, metrics in corrections.items()],
    }
    return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()


def replay(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of right, left-out and wrong rows; the flows between them; and the numbers of each column."""
    n, initial = metrics["n_train"], metrics["initial"]
    right = round(initial["recovery"] * n)
    columns, flows = [[right, 0, n - right]], []
    numbers = [{"recovery": initial["recovery"], "counts": initial["class_counts"], "repaired": 0, "broken": 0}]
    for episode in metrics["episodes"]:
        step, since = episode["step"], episode["flow"]
        right = step["right_right"] + step["wrong_right"]
        columns.append([right, 0, n - right])
        flows.append(
            [
                [RIGHT, RIGHT, step["right_right"]],
                [RIGHT, WRONG, step["right_wrong"]],
                [WRONG, RIGHT, step["wrong_right"]],
                [WRONG, WRONG, step["wrong_wrong"]],
            ]
        )
        numbers.append(
            {
                "recovery": episode["recovery"],
                "counts": episode["class_counts"],
                "repaired": since["wrong_right"],
                "broken": since["right_wrong"],
            }
            | {
                name: episode.get(name)
                for name in ("reference_clean", "test_last", "test_best", "gamma", "percent", "k")
            }
        )
    if metrics["kept"] < n:
        _leave_out(metrics, columns, flows)
    return {
        "columns": columns,
        "flows": flows,
        "numbers": numbers,
        "final": metrics["final"],
        "kept": metrics["kept"],
        "kept_clean": metrics["kept_clean"],
    }


def _leave_out(metrics: Mapping[str, Any], columns: list[list[int]], flows: list[list[list[int]]]) -> None:
    """The last column of a method that leaves rows out instead of changing their labels."""
    right, _, wrong = columns[-1]
    out_right = metrics["left_out_right"]
    out_wrong = metrics["n_train"] - metrics["kept"] - out_right
    columns[-1] = [right - out_right, out_right + out_wrong, wrong - out_wrong]
    flows[-1] = [
        [RIGHT, RIGHT, right - out_right],
        [RIGHT, OUT, out_right],
        [WRONG, OUT, out_wrong],
        [WRONG, WRONG, wrong - out_wrong],
    ]
