"""What stands around the toy's figure: rates, the table at one k, code, links and downloads."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from lab.experiments import Experiment, Run
from lab.noise import Matrix
from lab.specs import to_json
from lab.specs.code import as_code
from lab.ui.share import share_link


def rate_strip(run: Run) -> None:
    """Nominal, effective and realised noise rate side by side, and what the best possible rule reaches."""
    metrics, experiment = run.metrics, run.request
    nominal = "your matrix" if isinstance(experiment.noise, Matrix) else f"{metrics['nominal_rate']:.0%}"
    columns = st.columns(4)
    columns[0].metric("Nominal noise rate", nominal, help="What the noise model calls its rate.")
    columns[1].metric(
        "Effective rate π",
        f"{metrics['effective_rate']:.1%}",
        help="Expected share of wrong labels, the only rate that compares across noise models.",
    )
    columns[2].metric(
        "Wrong labels here", f"{metrics['realised_rate']:.1%}", help="Share in this draw, labels set by hand included."
    )
    columns[3].metric(
        "Best possible accuracy",
        f"{metrics['bayes_accuracy']:.1%}",
        help=f"Bayes rule on {metrics['n_test']:,} new points with clean labels.",
    )


def numbers_at(run: Run, k: int) -> pd.DataFrame:
    """One row a method: accuracy on the clean test draw, agreement with the Bayes rule, and what it keeps."""
    metrics = run.metrics
    accuracy, agreement, kept = metrics["accuracy"], metrics["agreement"], metrics["numbers_kept"]
    rows: list[dict[str, Any]] = [
        {"Method": f"kNN, k = {k}", "a": accuracy["knn"][k - 1], "b": agreement["knn"][k - 1], "c": kept["knn"]},
        {"Method": f"kNet, k = {k}", "a": accuracy["knet"][k - 1], "b": agreement["knet"][k - 1], "c": kept["knet"]},
    ]
    for fixed, value in accuracy["fixed"].items():
        rows.append(
            {"Method": f"fixed kNet, k = {fixed}", "a": value, "b": agreement["fixed"][fixed], "c": kept["knet"]}
        )
    rows.append({"Method": "network", "a": accuracy["network"], "b": agreement["network"], "c": kept["network"]})
    rows.append(
        {
            "Method": "Bayes rule, noisy labels",
            "a": metrics["noisy_bayes_accuracy"],
            "b": metrics["noisy_bayes_agreement"],
            "c": None,
        }
    )
    rows.append({"Method": "Bayes rule", "a": metrics["bayes_accuracy"], "b": 1.0, "c": None})
    names = {"a": "Accuracy, clean test", "b": "Agreement with Bayes", "c": "Numbers kept"}
    return pd.DataFrame(rows).rename(columns=names).astype({"Numbers kept": "Int64"})


def numbers_table(run: Run, k: int) -> None:
    """The table of `numbers_at`."""
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        numbers_at(run, k),
        hide_index=True,
        column_config={"Accuracy, clean test": percent, "Agreement with Bayes": percent},
        key="numbers",
    )
    n, d = run.arrays["features"].shape
    st.caption(
        f"kNN keeps {n:,} × {d} features; kNet its parameters; 4 bytes each. The network that makes the features is "
        "needed by both and counted apart. Agreement is weighted by the density of the data."
    )


def curves_csv(run: Run) -> bytes:
    """Accuracy and agreement of every method for every k."""
    accuracy, agreement = run.metrics["accuracy"], run.metrics["agreement"]
    table = pd.DataFrame({"k": np.arange(1, len(accuracy["knn"]) + 1)})
    for name, curve in (("accuracy", accuracy), ("agreement", agreement)):
        for method in ("knn", "knet", "network"):
            table[f"{method}_{name}"] = curve[method]
        for k, value in curve["fixed"].items():
            table[f"fixed_knet_{k}_{name}"] = value
    table["bayes_accuracy"] = run.metrics["bayes_accuracy"]
    return table.to_csv(index=False).encode()


def points_csv(run: Run) -> bytes:
    """The training points with their true and given class names."""
    names, arrays = np.array(run.request.dataset.class_names), run.arrays
    table = pd.DataFrame(
        {
            "x": arrays["x"][:, 0],
            "y": arrays["x"][:, 1],
            "clean": names[arrays["y_clean"]],
            "given": names[arrays["y_given"]],
            "changed": arrays["y_clean"] != arrays["y_given"],
            "set_by_hand": arrays["edited"],
        }
    )
    return table.to_csv(index=False).encode()


def bundle(run: Run) -> bytes:
    """Everything in one ZIP: experiment, code, points, curves, metrics."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("experiment.json", to_json(run.request, indent=1))
        archive.writestr("experiment.py", as_code(run.request))
        archive.writestr("points.csv", points_csv(run))
        archive.writestr("curves.csv", curves_csv(run))
    return out.getvalue()


def take_home(run: Run) -> None:
    """Link, code and downloads."""
    experiment: Experiment = run.request
    name = f"toy-{experiment.digest}"
    link, code, save = st.columns(3)
    with link.popover("Copy link", icon=":material/link:", width="stretch"):
        st.caption("Opens this very state on another machine.")
        st.code(share_link(), language=None, wrap_lines=True)
    with code.popover("As code", icon=":material/code:", width="stretch"):
        st.caption("Runs without the browser and prints the same numbers.")
        st.code(as_code(experiment), language="python")
    with save.popover("Download", icon=":material/download:", width="stretch"):
        st.download_button(
            "Curves (CSV)",
            lambda: curves_csv(run),
            f"{name}-curves.csv",
            "text/csv",
            on_click="ignore",
            width="stretch",
        )
        st.download_button(
            "Points (CSV)",
            lambda: points_csv(run),
            f"{name}-points.csv",
            "text/csv",
            on_click="ignore",
            width="stretch",
        )
        st.download_button(
            "Experiment (JSON)",
            lambda: to_json(experiment, indent=1),
            f"{name}.json",
            "application/json",
            on_click="ignore",
            width="stretch",
        )
        st.download_button(
            "Everything (ZIP)",
            lambda: bundle(run),
            f"{name}.zip",
            "application/zip",
            on_click="ignore",
            width="stretch",
        )
        st.caption("The picture: “Save picture” in the figure.")
