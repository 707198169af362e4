"""A curve of networks is the trainings that it names, one a noise and seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.experiments.gallery import shipped
from lab.experiments.progress import unheard
from lab.experiments.worker_networks import run_networks
from lab.noise import Uniform
from lab.specs import NetworkCurve, Seeds
from lab.specs.presets import NETWORK_BASE, NETWORKS, TRAININGS


def test_every_training_is_asked_for_and_its_accuracies_are_kept(monkeypatch) -> None:
    asked, training = [], shipped(TRAININGS[0].digest)
    assert training is not None

    def finished(experiment, report, *, part):
        asked.append(experiment)
        return training

    monkeypatch.setattr("lab.experiments.worker_networks.finished", finished)
    curve = NetworkCurve(base=TRAININGS[0], noises=(Uniform(0.2), Uniform(0.4)), seeds=(3, 5))
    run = run_networks(curve, unheard)
    assert [each.noise.rate for each in asked] == [0.2, 0.2, 0.4, 0.4]
    assert [each.seeds for each in asked[:2]] == [Seeds(noise=s, init=s, batch=s) for s in (3, 5)]
    assert not asked[0].record.samples
    values = [point["test_accuracy"] for point in training.metrics["epochs"]]
    np.testing.assert_allclose(run.arrays["accuracy"][1, 1], values, rtol=1e-6)
    assert (run.arrays["best_epoch"] == training.metrics["best_epoch"]).all()


@pytest.mark.parametrize("curve", NETWORKS, ids=lambda curve: type(curve.noises[0]).__name__)
def test_the_curves_that_ship_are_those_of_the_presets(curve: NetworkCurve) -> None:
    run = shipped(curve.digest)
    assert run is not None
    assert run.request == curve
    assert run.arrays["accuracy"].shape == (len(curve.noises), 3, NETWORK_BASE.schedule.epochs)
    assert np.isfinite(run.arrays["accuracy"]).all()
    assert replace(curve.base, seeds=Seeds()) == NETWORK_BASE
