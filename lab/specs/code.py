"""A request as a Python script that gives the same result."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from lab.noise import Noise
from lab.specs.aggregates import Aggregates
from lab.specs.backbones import BackboneSpec
from lab.specs.comparison import Comparison
from lab.specs.correction import Correction
from lab.specs.experiment import Experiment
from lab.specs.feature_map import FeatureMap
from lab.specs.forecast import Forecast
from lab.specs.labels import DataSource, LabelStudy


def as_code(request: Experiment | LabelStudy | Forecast | FeatureMap | Comparison | Aggregates | Correction) -> str:
    """A script on the library alone; it prints the request's digest and its main numbers."""
    if isinstance(request, LabelStudy):
        return _study_code(request)
    if isinstance(request, Forecast):
        return _forecast_code(request)
    if isinstance(request, FeatureMap):
        return _map_code(request)
    if isinstance(request, Comparison):
        return _comparison_code(request)
    if isinstance(request, Correction):
        return _correction_code(request)
    if isinstance(request, Aggregates):
        return _aggregates_code(request)
    if isinstance(request.dataset, DataSource):
        return _training_code(request)
    noise = type(request.noise).__name__
    return f"""from lab.experiments import run
from lab.noise import {noise}
from lab.specs import Experiment, KNet, Schedule, Seeds, Toy, ToyMLP

experiment = {_expression(request, 0)}
result = run(experiment)
print(experiment.digest)
print("network", result.metrics["accuracy"]["network"])
print("kNN, k = 1, 2, ...", result.metrics["accuracy"]["knn"])
print("kNet, k = 1, 2, ...", result.metrics["accuracy"]["knet"])
"""


def _training_code(experiment: Experiment) -> str:
    kinds = {kind for kind in _kinds(experiment) if not issubclass(kind, Noise | BackboneSpec)}
    return f"""from lab.experiments import run
from lab.noise import {type(experiment.noise).__name__}
from lab.specs import {", ".join(sorted(kind.__name__ for kind in kinds))}
from lab.specs.backbones import {type(experiment.backbone).__name__}

experiment = {_expression(experiment, 0)}
result = run(experiment)
print(experiment.digest)
print("test accuracy, last epoch", result.metrics["last"]["test_accuracy"])
print("test accuracy, best epoch", result.metrics["best"]["test_accuracy"], "epoch", result.metrics["best_epoch"])
"""


def _correction_code(study: Correction) -> str:
    kinds = {kind for kind in _kinds(study) if not issubclass(kind, Noise | BackboneSpec)} | {Correction}
    return f"""from lab.experiments import run
from lab.noise import {type(study.experiment.noise).__name__}
from lab.specs import {", ".join(sorted(kind.__name__ for kind in kinds))}
from lab.specs.backbones import {type(study.experiment.backbone).__name__}

study = {_expression(study, 0)}
result = run(study)
print(study.digest)
print("right labels", [result.metrics["initial"]["recovery"], *(one["recovery"] for one in result.metrics["episodes"])])
print("test accuracy, last epoch", result.metrics["final"]["test_last"])
print("corrected labels", result.arrays["labels"][-1])
"""


def _comparison_code(comparison: Comparison) -> str:
    kinds = {kind for kind in _kinds(comparison) if not issubclass(kind, Noise | BackboneSpec)}
    return f"""from lab.experiments import run
from lab.noise import {type(comparison.experiment.noise).__name__}
from lab.specs import {", ".join(sorted(kind.__name__ for kind in kinds))}
from lab.specs.backbones import {type(comparison.experiment.backbone).__name__}

comparison = {_expression(comparison, 0)}
result = run(comparison)
print(comparison.digest)
accuracy = result.metrics["accuracy"]
print("network", accuracy["network"])
print("kNN", accuracy["knn"])
print("kNet", accuracy["knet"])
print("fixed kNet", accuracy["fixed"])
"""


def _aggregates_code(request: Aggregates) -> str:
    experiment = request.experiment
    kinds = {kind for kind in _kinds(request) if not issubclass(kind, Noise | BackboneSpec)}
    return f"""from lab.experiments import run
from lab.noise import {type(experiment.noise).__name__}
from lab.specs import {", ".join(sorted(kind.__name__ for kind in kinds))}
from lab.specs.backbones import {type(experiment.backbone).__name__}

study = {_expression(request, 0)}
result = run(study)
print(study.digest)
print("median softmax, row = true class, column = output class")
print(result.arrays["softmax_median"][0, :-1].round(3))
print("median chi-square distance", result.metrics["median_distance"], "preferred K", result.metrics["median_k"])
"""


def _map_code(study: FeatureMap) -> str:
    kinds = set(_kinds(study))
    noises, backbones = (sorted(k.__name__ for k in kinds if issubclass(k, base)) for base in (Noise, BackboneSpec))
    specs = sorted(k.__name__ for k in kinds if not issubclass(k, Noise | BackboneSpec))
    return f"""from lab.experiments import run
from lab.noise import {", ".join(noises)}
from lab.specs import {", ".join(specs)}
from lab.specs.backbones import {", ".join(backbones)}

study = {_expression(study, 0)}
result = run(study)
print(study.digest)
for side in ("left", "right"):
    about = result.metrics[side]
    print(side, "accuracy for each k", about["accuracy"], "trustworthiness", about["trustworthiness"])
print(result.arrays["left_places"])
"""


def _kinds(value: Any) -> Iterator[type]:
    """The classes that `_expression` names."""
    if dataclasses.is_dataclass(value):
        yield type(value)
        for field in dataclasses.fields(value):
            if field.init and (item := getattr(value, field.name)) != _default(field):
                yield from _kinds(item)


def _study_code(study: LabelStudy) -> str:
    kinds = ["DataSource", "LabelStudy"] + ([type(study.imbalance).__name__] if study.imbalance else [])
    return f"""from lab.experiments import run
from lab.noise import {type(study.noise).__name__}
from lab.specs import {", ".join(kinds)}

study = LabelStudy(
    dataset={_expression(study.dataset, 1)},
    imbalance={_expression(study.imbalance, 1)},
    noise={_expression(study.noise, 1)},
    mode={study.mode!r},
    seed={study.seed},
)
result = run(study)
print(study.digest)
print("wrong labels", result.metrics["n_changed"], "of", result.metrics["n"])
print("realised matrix, row = true class, column = given label")
print(result.arrays["T_empirical"].round(3))
print(result.arrays["y_given"])
"""


def _forecast_code(forecast: Forecast) -> str:
    network = forecast.network
    noises = {type(each.noise).__name__ for each in (forecast, network) if each is not None}
    kinds = {kind.__name__ for kind in _kinds(forecast) if not issubclass(kind, Noise | BackboneSpec)}
    backbone = f"\nfrom lab.specs.backbones import {type(network.backbone).__name__}" if network else ""
    return f"""from numpy.polynomial import Chebyshev

from lab.experiments import run
from lab.noise import {", ".join(sorted(noises))}
from lab.specs import {", ".join(sorted(kinds))}{backbone}

forecast = {_expression(forecast, 0)}
result = run(forecast)
print(forecast.digest)
for i, k in enumerate(forecast.ks):
    accuracy = Chebyshev(result.arrays["coefficients"][i], domain=[0, forecast.highest])
    print("K =", k, "expected", [float(accuracy(level).round(4)) for level in forecast.levels])
    if forecast.seeds:
        print("K =", k, "measured", result.arrays["measured"][:, :, i].mean(axis=1).round(4).tolist())
"""


def _expression(value: Any, depth: int) -> str:
    """A constructor call that names only what differs from the default."""
    if not dataclasses.is_dataclass(value):
        return repr(value)
    indent = "    " * (depth + 1)
    parts = [
        f"{field.name}={_expression(item, depth + 1)}"
        for field in dataclasses.fields(value)
        if field.init and (item := getattr(value, field.name)) != _default(field)
    ]
    if len(parts) < 2:
        return f"{type(value).__name__}({', '.join(parts)})"
    return f"{type(value).__name__}(\n" + "".join(f"{indent}{part},\n" for part in parts) + "    " * depth + ")"


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
