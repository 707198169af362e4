"""KNET Fig. 2 on three seeds: what must hold of the toy, with the figures printed (run with -m slow -rP)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.experiments.worker_toy_run import run_toy
from lab.specs import Schedule, Seeds, Toy
from lab.specs.presets import TOY

pytestmark = pytest.mark.slow


def figures(base: object) -> dict[str, float]:
    """Means over three seeds of data, noise, weights and batches."""
    rows = []
    for seed in range(3):
        seeds = Seeds(noise=seed, init=seed, batch=seed)
        experiment = replace(base, dataset=replace(base.dataset, seed=seed), seeds=seeds)  # type: ignore[type-var, attr-defined]
        metrics = run_toy(experiment, lambda fraction, message: None).metrics
        accuracy, agreement = metrics["accuracy"], metrics["agreement"]
        knn, knet = np.array(accuracy["knn"]), np.array(accuracy["knet"])
        rows.append(
            {
                "bayes": metrics["bayes_accuracy"],
                "network": accuracy["network"],
                **{f"knn({k})": knn[k - 1] for k in (1, 19, 49)},
                **{f"knet({k})": knet[k - 1] for k in (1, 19, 49)},
                "spread of knet": np.ptp(knet),
                "best of all": max(knn.max(), knet.max(), accuracy["network"], *accuracy["fixed"].values()),
                "fixed(1)": accuracy["fixed"]["1"],
                "agreement of knet, k >= 11": min(agreement["knet"][10:]),
                "agreement of network": agreement["network"],
                "agreement of knn(1)": agreement["knn"][0],
            }
        )
    means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    print("\n" + "\n".join(f"  {name:28s} {value:.4f}" for name, value in means.items()))
    return means


def test_k_f2_at_1500_points() -> None:
    """The page's own settings."""
    m = figures(TOY)
    assert m["knn(1)"] <= m["network"] - 0.15
    assert m["knn(49)"] >= m["network"]
    assert m["spread of knet"] <= 0.02
    assert m["best of all"] <= m["bayes"] + 0.005
    assert m["agreement of knet, k >= 11"] >= 0.97
    assert m["agreement of knn(1)"] < m["agreement of network"]


def test_k_f2_with_an_overfitted_network() -> None:
    """300 points a class and 300 epochs: the network has learned wrong labels, and neighbours mend it."""
    overfit = replace(
        TOY, dataset=Toy(n_per_class=300), schedule=Schedule(epochs=300, batch_size=128, learning_rate=0.01)
    )
    m = figures(overfit)
    assert m["knn(1)"] <= m["network"] - 0.15
    assert m["knn(49)"] >= m["network"]
    assert m["knet(49)"] >= m["network"]
    assert m["spread of knet"] <= 0.02
    assert m["best of all"] <= m["bayes"] + 0.005
