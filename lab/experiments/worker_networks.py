"""Train a network at several noise levels and keep its accuracy by epoch.

48 trainings of DigitsMLP, 40 epochs each, take about 2 minutes on one slow core.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_runs import finished
from lab.specs.networks import NetworkCurve


def run_networks(curve: NetworkCurve, report: PlainReport) -> Run:
    """Accuracy of every training on clean test rows.

    Returns: arrays `accuracy` (noises, seeds, epochs), nan after an early stop; `best_epoch` and `wrong`, the share of
        labels that were wrong, (noises, seeds).
    Raises: ValueError in one sentence if a training can not be done.
    """
    start, rows = perf_counter(), curve.experiments
    n_seeds, epochs = len(curve.seeds), curve.base.schedule.epochs
    accuracy = np.full((len(rows), n_seeds, epochs), np.nan, dtype=np.float32)
    best, wrong = np.zeros((len(rows), n_seeds), np.int32), np.zeros((len(rows), n_seeds), np.float32)
    nominal: list[float | None] = []
    for i, row in enumerate(rows):
        for j, experiment in enumerate(row):
            done = i * n_seeds + j
            message = f"training network {done + 1} of {len(rows) * n_seeds}"

            def say(fraction: float, _: str, *, done: int = done, message: str = message) -> None:
                report((done + fraction) / (len(rows) * n_seeds), message)

            run = finished(experiment, say, part=1.0)
            values = [point["test_accuracy"] for point in run.metrics["epochs"]]
            accuracy[i, j, : len(values)] = values
            best[i, j], wrong[i, j] = run.metrics["best_epoch"], run.metrics["realised_rate"]
        nominal.append(run.metrics["nominal_rate"])
    metrics = {
        "nominal": nominal,
        "epochs": epochs,
        "uses_clean_labels": curve.base.uses_clean_labels,
    }
    return Run(curve, metrics, {"accuracy": accuracy, "best_epoch": best, "wrong": wrong}, perf_counter() - start)
