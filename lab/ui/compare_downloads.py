"""What to take home from “kNN or kNet?”: link, code, tables."""

from __future__ import annotations

from typing import Any

from lab.core.spreadsheet import csv_text
from lab.experiments import Run
from lab.specs import to_json
from lab.ui.take_home import File


def comparison_files(run: Run) -> list[File]:
    """Curves, rows, and the request."""
    name = f"comparison-{run.request.digest}"
    return [
        File("Curves (CSV)", lambda: curves_csv(run), f"{name}-curves.csv", "text/csv"),
        File("Rows (CSV)", lambda: rows_csv(run), f"{name}-rows.csv", "text/csv"),
        File("Comparison (JSON)", lambda: to_json(run.request, indent=1), f"{name}.json", "application/json"),
    ]


def curves_csv(run: Run) -> bytes:
    """Every curve of the page, a row for each k."""
    m = run.metrics
    accuracy, changes, told = m["accuracy"], m["changes"], m["calibration"]
    columns: dict[str, list[Any]] = {"k": list(range(1, m["k_max"] + 1))}
    columns |= {f"{name}_accuracy": accuracy[name] for name in ("knn", "knet")}
    columns["network_accuracy"] = [accuracy["network"]] * m["k_max"]
    columns["fixed_knet_accuracy"] = [accuracy["fixed"].get(str(k), "") for k in columns["k"]]
    columns |= {f"{method}_{name}": counts for method, kinds in changes.items() for name, counts in kinds.items()}
    columns |= {name: m["imitation"][name] for name in ("difference", "max_knn", "max_knet")}
    for method in ("knn", "knet"):
        for against in ("given", "clean"):
            columns |= {f"{method}_{name}_{against}": values for name, values in told[method][against].items()}
    for name, found in m["choice"].items():
        columns |= {f"{name}_{kind}": found[kind] for kind in ("accuracy", "log_loss", "clean_accuracy")}
    return csv_text(columns, zip(*columns.values(), strict=True)).encode()


def rows_csv(run: Run) -> bytes:
    """Every asked row: its class, what the network says, and kNN and kNet at five k."""
    a, names = run.arrays, run.metrics["classes"]
    ks = [k for k in (1, 11, 31, 51, 101) if k <= run.metrics["k_max"]]
    head = ["row", "class", "network", *(f"knn_{k}" for k in ks), *(f"knet_{k}" for k in ks)]
    lines = (
        [row, names[a["y"][row]], names[a["network"][row]]]
        + [names[a[method][row, k - 1]] for method in ("knn", "knet") for k in ks]
        for row in range(len(a["y"]))
    )
    return csv_text(head, lines).encode()
