"""What stands around the toy's figure: rates, the numbers at one k, link, code and downloads."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from lab.core.spreadsheet import csv_text
from lab.experiments import Run
from lab.noise import Matrix
from lab.specs import to_json
from lab.specs.code import as_code
from lab.ui.take_home import File
from lab.ui.words import percent


def rate_strip(run: Run) -> None:
    """Nominal, effective and realised noise rate side by side, and what the best possible rule reaches."""
    metrics, experiment = run.metrics, run.request
    nominal = "your matrix" if isinstance(experiment.noise, Matrix) else percent(metrics["nominal_rate"], 0)
    with st.container(horizontal=True, key="toy-rates"):
        st.metric("Nominal noise rate", nominal, help="What the noise model calls its rate.")
        st.metric(
            "Effective rate π",
            percent(metrics["effective_rate"]),
            help="Expected share of wrong labels, the only rate that compares across noise models.",
        )
        st.metric(
            "Wrong labels here",
            percent(metrics["realised_rate"]),
            help="Share in this draw, labels set by hand included.",
        )
        st.metric(
            "Best possible accuracy",
            percent(metrics["bayes_accuracy"]),
            help=f"Bayes rule on {metrics['n_test']:,} new points with clean labels.",
        )


def numbers_at(run: Run, k: int) -> list[tuple[str, float, float, int | None]]:
    """One row a method: its name, accuracy on the clean test draw, agreement with the Bayes rule, numbers it keeps."""
    metrics = run.metrics
    accuracy, agreement, kept = metrics["accuracy"], metrics["agreement"], metrics["numbers_kept"]
    curves = [
        (f"{name}, k = {k}", accuracy[method][k - 1], agreement[method][k - 1], kept[method])
        for name, method in (("kNN", "knn"), ("kNet", "knet"))
    ]
    fixed = [
        (f"fixed kNet, k = {own}", value, agreement["fixed"][own], kept["knet"])
        for own, value in accuracy["fixed"].items()
    ]
    return [
        *curves,
        *fixed,
        ("network", accuracy["network"], agreement["network"], kept["network"]),
        ("Bayes rule, noisy labels", metrics["noisy_bayes_accuracy"], metrics["noisy_bayes_agreement"], None),
        ("Bayes rule", metrics["bayes_accuracy"], 1.0, None),
    ]


def numbers_table(run: Run, k: int) -> None:
    """The table of `numbers_at`. As text: 1 kB on every release of k, and read out as a table."""
    lines = ["| Method | Accuracy, clean test | Agreement with Bayes | Numbers kept |", "|:--|--:|--:|--:|"]
    for name, accuracy, agreement, kept in numbers_at(run, k):
        size = "–" if kept is None else f"{kept:,}"
        lines.append(f"| {name} | {percent(accuracy, 2)} | {percent(agreement, 2)} | {size} |")
    st.markdown("\n".join(lines))


def small_print(run: Run) -> None:
    """What the numbers mean, and which run they are of."""
    experiment, (n, d) = run.request, run.arrays["features"].shape
    seeds = experiment.seeds
    st.caption(
        f"kNN keeps {n:,} × {d} features; kNet its parameters; 4 bytes each. The network that makes the features is "
        "needed by both and counted apart. Agreement is weighted by the density of the data. "
        f"Run {experiment.digest}; seeds: data {experiment.dataset.seed}, labels {seeds.noise}, "
        f"weights {seeds.init}, batches {seeds.batch}."
    )


def curves_csv(run: Run) -> bytes:
    """Accuracy and agreement of every method for every k; what does not depend on k stands in every row."""
    k_max = len(run.metrics["accuracy"]["knn"])
    columns: dict[str, list[float]] = {"k": list(range(1, k_max + 1))}
    for measure in ("accuracy", "agreement"):
        curve = run.metrics[measure]
        columns |= {f"{method}_{measure}": curve[method] for method in ("knn", "knet")}
        columns[f"network_{measure}"] = [curve["network"]] * k_max
        columns |= {f"fixed_knet_{k}_{measure}": [value] * k_max for k, value in curve["fixed"].items()}
    columns["bayes_accuracy"] = [run.metrics["bayes_accuracy"]] * k_max
    return _csv(columns)


def points_csv(run: Run) -> bytes:
    """The training points with their true and given class names."""
    names, arrays = np.array(run.request.toy.class_names), run.arrays
    return _csv(
        {
            "x": arrays["x"][:, 0],
            "y": arrays["x"][:, 1],
            "clean": names[arrays["y_clean"]],
            "given": names[arrays["y_given"]],
            "changed": arrays["y_clean"] != arrays["y_given"],
            "set_by_hand": arrays["edited"],
        }
    )


def _csv(columns: Mapping[str, Iterable[Any]]) -> bytes:
    return csv_text(columns, zip(*columns.values(), strict=True)).encode()


def bundle(run: Run) -> bytes:
    """Everything in one ZIP: experiment, code, points, curves, metrics."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("experiment.json", to_json(run.request, indent=1))
        archive.writestr("experiment.py", as_code(run.request))
        archive.writestr("points.csv", points_csv(run))
        archive.writestr("curves.csv", curves_csv(run))
    return out.getvalue()


def toy_files(run: Run) -> list[File]:
    """The numbers, the experiment, and all in one."""
    name = f"toy-{run.request.digest}"
    return [
        File("Curves (CSV)", lambda: curves_csv(run), f"{name}-curves.csv", "text/csv"),
        File("Points (CSV)", lambda: points_csv(run), f"{name}-points.csv", "text/csv"),
        File("Experiment (JSON)", lambda: to_json(run.request, indent=1), f"{name}.json", "application/json"),
        File("Everything (ZIP)", lambda: bundle(run), f"{name}.zip", "application/zip"),
    ]
