"""Small trainings that nobody computes, for the tests of what becomes of them."""

import numpy as np

from lab.experiments import Run
from lab.noise import Uniform
from lab.specs import CrossEntropy, DataSource, Experiment, Seeds
from lab.specs.backbones import DigitsMLP


def experiment(seed=0):
    parts = {"dataset": DataSource(name="digits"), "noise": Uniform(0.3), "backbone": DigitsMLP()}
    return Experiment(**parts, method=CrossEntropy(), seeds=Seeds(init=seed))


def points(n, accuracy=0.5):
    return [{"epoch": i + 1, "test_accuracy": accuracy + i / 100, "train_loss": 1 / (i + 1)} for i in range(n)]


def finished(request, n=3, size=10):
    epochs = points(n)
    best = {"epoch": n, "test_accuracy": epochs[-1]["test_accuracy"]}
    metrics = {"epochs": epochs, "best": best, "last": best, "realised_rate": 0.25}
    return Run(request, metrics, {"loss": np.arange(size, dtype=np.float32), "y_given": np.zeros(0, np.int16)}, 1.5)


def complete(kept, request, **sizes):
    kept.begin(request)
    for point in points(3):
        kept.point(request.digest, point)
    kept.finish(request.digest, "done", run=finished(request, **sizes))
    assert kept.settle(20)
