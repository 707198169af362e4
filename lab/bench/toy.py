"""`lab bench toy`: the toy from data to decision fields on one thread, and its parts beside their plain peers.

Bars: the whole <= 1.5 CPU-s at 3,000 points; the field of kNet >= 7 times one module call per k; the targets of
kNet >= 50 times one scikit-learn `kneighbors` call per step.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np
import torch

from lab.analysis.knet_field import knet_labels
from lab.bench.measure import medians
from lab.core.threads import threads
from lab.experiments.worker_toy import Pipeline, features_of
from lab.specs import Experiment, KNet, Schedule, Toy

REPEATS = 5
SCENE = ("data", "network", "neighbours", "kNet", "fields")
EXPERIMENT = Experiment(
    dataset=Toy(n_per_class=1000),
    schedule=Schedule(epochs=17, batch_size=256, learning_rate=0.02),
    method=KNet(epochs=40, batch_size=512),
)


def main() -> None:
    """Print every figure with its peer."""
    import sklearn.neighbors

    with threads(1):
        Pipeline(EXPERIMENT).run()  # compile
        runs = [Pipeline(EXPERIMENT) for _ in range(REPEATS)]
        for pipeline in runs:
            pipeline.run()
        phases = {name: median(run.clock.seconds[name] for run in runs) for name in runs[0].clock.seconds}
        pipeline = runs[-1]
        steps = pipeline.history.steps
        print(
            f"3,000 points, {steps} steps of the network, 200 x 200 grid, 101 k; CPU-s on one thread, median of {REPEATS}"
        )
        for name, seconds in phases.items():
            print(f"  {name:12s} {seconds:6.3f}" + ("" if name in SCENE else "   (not in the sum)"))
        print(f"whole toy pipeline {sum(phases[name] for name in SCENE):.2f} CPU-s (bar 1.5)")
        _field_against_module(pipeline)
        _targets_against_kneighbors(pipeline, sklearn.neighbors.NearestNeighbors)


def _field_against_module(pipeline: Pipeline) -> None:
    features = features_of(pipeline.net, pipeline.grid.x)
    net = pipeline.knet.fold()
    standardised = pipeline.knet.standardise(torch.from_numpy(features))

    @torch.inference_mode()
    def naive() -> np.ndarray:
        ks = range(1, 102)
        return np.stack(
            [pipeline.knet(standardised, torch.full((len(features),), k)).argmax(dim=1).numpy() for k in ks]
        )

    same = (knet_labels(net, features) == naive()).mean()
    times = medians({"ours": lambda: knet_labels(net, features), "peer": naive}, REPEATS)
    ours, peer = times["ours"], times["peer"]
    print(
        f"kNet's field: {ours:.3f} s, one module call per k: {peer:.3f} s, ratio {peer / ours:.1f} (bar 7); same labels {same:.4%}"
    )


def _targets_against_kneighbors(pipeline: Pipeline, NearestNeighbors: Callable[..., object]) -> None:
    n, batch = len(pipeline.features), EXPERIMENT.knet.batch_size
    rng = np.random.default_rng(0)
    rows, ks = rng.integers(n, size=batch), rng.integers(1, 102, size=batch)
    counts, one_hot = torch.from_numpy(pipeline.votes), np.eye(3)[pipeline.sample.y_given]
    rows_t, ks_t = torch.from_numpy(rows), torch.from_numpy(ks)
    search = NearestNeighbors(n_neighbors=102).fit(pipeline.features)  # type: ignore[attr-defined]

    def peer() -> np.ndarray:
        idx = search.kneighbors(pipeline.features[rows], return_distance=False)
        idx = np.array([[j for j in near if j != row][:101] for near, row in zip(idx, rows, strict=True)])
        votes = one_hot[idx].cumsum(axis=1)
        return votes[np.arange(batch), ks - 1] / ks[:, None]

    def ours() -> torch.Tensor:
        return counts[rows_t, ks_t - 1] / ks_t[:, None]

    np.testing.assert_allclose(ours().numpy().sum(axis=1), 1, rtol=1e-6)
    times = medians({"ours": lambda: [ours() for _ in range(100)], "peer": peer}, REPEATS)
    mine, theirs = times["ours"] / 100, times["peer"]
    print(
        f"targets of a batch of {batch}: {mine * 1e3:.3f} ms, one kneighbors call: {theirs * 1e3:.2f} ms, "
        f"ratio {theirs / mine:.0f} (bar 50)"
    )
