"""The toy's pipeline turned into a run: the page's message, its numbers, and the arrays to take home."""

from __future__ import annotations

from time import monotonic
from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from lab.analysis.knet_field import knet_probabilities
from lab.data.toy import bayes_labels, extent, noisy_bayes_labels, posterior
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_toy import Pipeline, Place, features_of
from lab.figures import field_payload
from lab.figures.field_payload import Curve, MethodField
from lab.nets.knet import KNetModule
from lab.noise import MatrixNoise
from lab.specs import Experiment
from lab.specs.methods import hidden_width, knet_parameters

KNOTS = (1, 6, 11, 21, 31, 41, 51, 61, 71, 81, 91, 101)  # where kNet's probabilities are sent; between them, lines


def run_toy(experiment: Experiment, report: PlainReport) -> Run:
    """Everything the toy page shows, as a run.

    Arrays: `payload` (bytes for the page's component), the training points and their labels, and the network's
    penultimate features. Metrics: rates, accuracy on the clean test draw and agreement with the Bayes rule for
    every k, sizes in memory, and CPU seconds of each phase.
    Raises: ValueError if the given labels name fewer than two classes.
    """
    start = monotonic()
    pipeline = Pipeline(experiment, report)
    pipeline.run()
    fixed = pipeline.fixed()
    report(0.96, "packing")
    with pipeline.clock.phase("packing"):
        scene = describe_scene(pipeline, fixed)
        payload = np.frombuffer(field_payload.encode(scene), dtype=np.uint8)
    sample = pipeline.sample
    arrays = {"payload": payload, "x": sample.x, "features": pipeline.features, "edited": sample.edited}
    arrays |= {"y_clean": sample.y_clean.astype(np.uint8), "y_given": sample.y_given.astype(np.uint8)}
    return Run(experiment, describe_metrics(pipeline, scene), arrays, monotonic() - start)


def describe_scene(pipeline: Pipeline, fixed: dict[int, KNetModule]) -> field_payload.Scene:
    """The pipeline's results in the form that the page's component draws."""
    toy, sample, grid, test = pipeline.experiment.toy, pipeline.sample, pipeline.grid, pipeline.test
    on_grid, on_test = pipeline.grid_answers, pipeline.test_answers
    k_max = len(on_grid.knn)
    net = pipeline.knet.fold()
    grid_features, test_features = features_of(pipeline.net, grid.x), features_of(pipeline.net, test.x)
    fields = {k: method_field(knet_probabilities(model.fold(), grid_features, [k])[0]) for k, model in fixed.items()}
    fixed_test = {k: knet_probabilities(model.fold(), test_features, [k])[0].argmax(1) for k, model in fixed.items()}
    knots = tuple(sorted({min(k, k_max) for k in KNOTS}))
    T = noisy_transition(pipeline)
    bayes = {"grid": grid.truth, "test": bayes_labels(toy, test.x)}
    return field_payload.Scene(
        classes=toy.class_names,
        extent=extent(toy),
        points=sample.x,
        y_clean=sample.y_clean,
        y_given=sample.y_given,
        edited=sample.edited,
        neighbour_labels=on_grid.neighbours,
        knet_labels=on_grid.knet,
        knet_knots=knots,
        knet_probs=knet_probabilities(net, grid_features, knots).transpose(0, 2, 1),
        network=method_field(on_grid.network),
        bayes=MethodField(labels=bayes["grid"], probs=posterior(toy, grid.x).T),
        noisy_bayes_labels=noisy_bayes_labels(toy, grid.x, T),
        fixed=fields,
        accuracy=Curve(
            knn=np.array(share(on_test.knn, test)),
            knet=np.array(share(on_test.knet, test)),
            network=share(on_test.network.argmax(axis=1), test),
            bayes=share(bayes["test"], test),
            fixed={k: share(labels, test) for k, labels in fixed_test.items()},
        ),
        agreement=Curve(
            knn=np.array(share(on_grid.knn, grid)),
            knet=np.array(share(on_grid.knet, grid)),
            network=share(on_grid.network.argmax(axis=1), grid),
            fixed={k: share(method.labels, grid) for k, method in fields.items()},
        ),
        memory=memory_lines(pipeline),
    )


def method_field(probabilities: Float[np.ndarray, "m c"]) -> MethodField:
    return MethodField(labels=probabilities.argmax(axis=1), probs=probabilities.T)


def noisy_transition(pipeline: Pipeline) -> Float[np.ndarray, "c c"]:
    """The noise's own T; edits by hand follow no law and are left out."""
    noise = pipeline.experiment.noise
    assert isinstance(noise, MatrixNoise)  # as the experiment demands
    return noise.transition(3)


def sizes(pipeline: Pipeline) -> dict[str, int]:
    """Numbers (4 bytes each) that each method keeps to answer: kNN all features, kNet its parameters (KNET §4)."""
    n, d = pipeline.features.shape
    width = hidden_width(pipeline.experiment.knet.hidden, d)
    network = sum(parameter.numel() for parameter in pipeline.net.parameters())
    return {"knn": n * d, "knet": knet_parameters(d, width, 3), "network": network}


def memory_lines(pipeline: Pipeline) -> dict[str, str]:
    n, d = pipeline.features.shape
    size = sizes(pipeline)
    return {
        "knn": f"{n:,} x {d} features = {size['knn']:,} numbers ({size['knn'] * 4 / 1024:,.1f} kB)",
        "knet": f"{size['knet']:,} parameters ({size['knet'] * 4 / 1024:,.1f} kB)",
        "network": f"{size['network']:,} parameters ({size['network'] * 4 / 1024:,.1f} kB)",
    }


def describe_metrics(pipeline: Pipeline, scene: field_payload.Scene) -> dict[str, Any]:
    """The numbers beside the pictures, as JSON."""
    sample, test, history = pipeline.sample, pipeline.test, pipeline.history
    noisy_bayes = noisy_bayes_labels(pipeline.experiment.toy, test.x, noisy_transition(pipeline))
    curves = {
        name: {
            "knn": curve.knn.tolist(),
            "knet": curve.knet.tolist(),
            "network": curve.network,
            "fixed": {str(k): value for k, value in curve.fixed.items()},
        }
        for name, curve in (("accuracy", scene.accuracy), ("agreement", scene.agreement))
    }
    return {
        "nominal_rate": sample.labels.nominal_rate,
        "effective_rate": sample.labels.effective_rate,
        "realised_rate": float((sample.y_given != sample.y_clean).mean()),
        "given_counts": np.bincount(sample.y_given, minlength=3).tolist(),
        "n_test": len(test.x),
        "bayes_accuracy": scene.accuracy.bayes,
        "noisy_bayes_accuracy": share(noisy_bayes, test),
        "noisy_bayes_agreement": share(scene.noisy_bayes_labels, pipeline.grid),
        **curves,
        "numbers_kept": sizes(pipeline),
        "kept_epoch": history.kept_epoch,
        "validation_accuracy": history.validation,
        "seconds": pipeline.clock.seconds,
    }


def share(labels: Integer[np.ndarray, "*k m"], place: Place) -> Any:
    """Weighted share of points at which `labels` agree with the truth of the place, as plain numbers."""
    return ((labels == place.truth) @ place.weight).tolist()
