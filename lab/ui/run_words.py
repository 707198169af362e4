"""How a run is called, and what is said of it in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.noise import Matrix, MatrixNoise
from lab.specs import LOSSES, DataSource, Experiment
from lab.specs.backbones import BACKBONES
from lab.specs.datasets import DATASETS
from lab.ui.noise_models import NAMES_OF
from lab.ui.words import percent

SPEC_NAMES = {spec: name for name, spec in BACKBONES.items()}
LOSS_NAMES: dict[type, str] = {type(loss): name for name, loss in reversed(LOSSES.items())}


def run_title(request: Experiment) -> str:
    """Data, noise, network and loss, short enough for a chart's legend."""
    net = SPEC_NAMES.get(request.backbone, type(request.backbone).__name__)
    parts = [
        data_words(request),
        noise_words(request),
        net,
        LOSS_NAMES.get(type(request.method), type(request.method).__name__),
    ]
    if request.schedule.mixup:
        parts.append("MixUp")
    return ", ".join(parts)


def data_words(request: Experiment) -> str:
    """The data set's name, and how many of its rows where it is not all."""
    source = request.dataset
    if not isinstance(source, DataSource):
        return "Toy"
    name = DATASETS[source.name].title if source.name in DATASETS else source.name
    return name + (f" ({source.n:,})" if source.n else "")


def noise_words(request: Experiment) -> str:
    """The noise's name and nominal rate."""
    noise = request.noise
    name = "matrix" if isinstance(noise, Matrix) else NAMES_OF.get(type(noise), type(noise).__name__).lower()
    rate = getattr(noise, "rate", None)
    return name if not rate or not isinstance(noise, MatrixNoise) else f"{name} {percent(rate, 0)}"


def summary_line(metrics: Mapping[str, Any]) -> str:
    """Accuracy, rates, time and place of a finished training."""
    best, last = metrics["best"], metrics["last"]
    parts = [
        f"Test accuracy: last {percent(last['test_accuracy'])} (epoch {last['epoch']}), "
        f"best {percent(best['test_accuracy'])} (epoch {best['epoch']})",
        f"wrong labels: {percent(metrics['effective_rate'])} expected, {percent(metrics['realised_rate'])} here",
        f"{metrics['n_train']:,} training and {metrics['n_test']:,} test rows",
        f"{metrics['seconds']:.1f} s on {metrics['device']}",
    ]
    return "; ".join(parts) + "."
