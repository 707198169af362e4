"""Stands in for `lab.experiments.worker` where trainings are asked for: epochs out of thin air, and a checkpoint."""

from __future__ import annotations

import json
import os
import time

import numpy as np

from lab.experiments import Experiment, Report, Run
from lab.experiments.home import checkpoint_folder


def compute(request: Experiment, report: Report) -> Run:
    """Accuracy falls with the noise rate and rises with the seed of the weights; LAB_STUB_PAUSE s an epoch."""
    rate, epochs = request.noise.rate, request.schedule.epochs
    if rate > 0.85:
        raise ValueError(f"rate must be at most 0.85 here, got {rate}")
    checkpoint = checkpoint_folder(request.digest) / "state.json"
    points = json.loads(checkpoint.read_text()) if checkpoint.exists() else []
    started_at = len(points)
    for epoch in range(started_at + 1, epochs + 1):
        report((epoch - 1) / epochs, f"epoch {epoch} of {epochs}")
        time.sleep(float(os.environ.get("LAB_STUB_PAUSE", "0")))
        accuracy = 0.9 - rate / 2 + request.seeds.init / 100 - 0.05 * (epoch == epochs)
        points.append({"epoch": epoch, "train_loss": 1 / epoch, "test_accuracy": accuracy})
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.write_text(json.dumps(points))
        report(epoch / epochs, f"epoch {epoch} of {epochs}", point=points[-1])
    best = max(points, key=lambda point: point["test_accuracy"])
    metrics = {"epochs": points, "best": best, "last": points[-1], "started_at": started_at, "device": "cpu"}
    metrics |= {"nominal_rate": rate, "effective_rate": rate, "realised_rate": rate}
    return Run(request, metrics, {"y_given": np.zeros(3, np.int16)}, 0.25)
