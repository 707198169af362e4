"""`lab bench correct`: four episodes of correction on the digits, and one correction beside its neighbour search.

Bars: four episodes and the last training in at most 8 CPU-seconds; one correction of 60,000 rows of 128 features in at
most 1.2 times its neighbour search.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from statistics import median

import numpy as np

from lab.bench.measure import cpu_seconds
from lab.core.threads import threads
from lab.methods.knn_correction import choose_reference, iterknn, selknn
from lab.neighbors import NeighborTable

ROWS, FEATURES, K = 60_000, 128, 100


def main(rows: int = ROWS, repeats: int = 1) -> None:
    """Print both."""
    with threads(1):
        print(f"digits, SelKNN, 4 episodes: {digits_seconds():.2f} CPU-s")
        for name, (correction, search) in steps(rows, repeats).items():
            print(
                f"{name}, {rows:,} x {FEATURES}, k = {K}: {correction:.2f} s, its search {search:.2f} s, ratio {correction / search:.3f}"
            )


def digits_seconds() -> float:
    """CPU seconds of the page's SelKNN, data and all."""
    from lab.experiments.progress import unheard
    from lab.experiments.worker_correction import run_correction
    from lab.specs.repair import FIRST, correction_of

    study = correction_of(FIRST, "SelKNN")
    tiny = replace(study.experiment, schedule=replace(study.experiment.schedule, epochs=1, milestones=()))
    before = os.environ.get("LAB_HOME")
    with tempfile.TemporaryDirectory() as home:
        os.environ["LAB_HOME"] = home
        try:
            run_correction(replace(study, experiment=tiny), unheard)  # what is imported and compiled once
            return cpu_seconds(lambda: run_correction(study, unheard))
        finally:
            os.environ.pop("LAB_HOME")
            if before is not None:
                os.environ["LAB_HOME"] = before


def steps(rows: int, repeats: int) -> dict[str, tuple[float, float]]:
    """CPU seconds of one correction and of the search that it holds, medians in turn."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, rows)
    x = (rng.normal(size=(10, FEATURES))[y] + rng.normal(size=(rows, FEATURES))).astype(np.float32)
    losses = rng.random(rows)
    chosen = choose_reference(y, losses, 20)
    calls = {
        "IterKNN": (
            lambda: iterknn(x, y, k=K),
            lambda: NeighborTable.build(x, k_max=K),
        ),
        "SelKNN": (
            lambda: selknn(x, y, choose_reference(y, losses, 20), k=K),
            lambda: NeighborTable.build(x[chosen], x[~chosen], k_max=K),
        ),
    }
    iterknn(x[:500], y[:500], k=K)  # what is imported and compiled once
    found = {}
    for name, (correction, search) in calls.items():
        taken = [(cpu_seconds(correction), cpu_seconds(search)) for _ in range(repeats)]
        found[name] = (median(t[0] for t in taken), median(t[1] for t in taken))
    return found
