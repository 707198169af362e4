"""Train once more, on labels that a correction found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from lab.experiments import Experiment, Run, submit
from lab.specs import CrossEntropy


def corrected_experiment(run: Run) -> Experiment:
    """The correction's experiment with plain cross-entropy and the corrected labels in place of the given ones."""
    labels, rows = run.arrays["labels"], run.arrays["rows"]
    changed = np.flatnonzero(labels[0] != labels[-1])
    edits = sorted((int(rows[i]), int(labels[-1, i])) for i in changed)
    return replace(run.request.experiment, edits=tuple(edits), method=CrossEntropy())


def train_again(name: str, run: Run) -> None:
    """A button that starts the training and goes where it can be watched."""
    if run.metrics["kept"] < run.metrics["n_train"]:
        st.caption("A filter changes no label, so there is nothing to train on anew.", width="content")
        return
    if st.button(
        "Train again on these",
        icon=":material/model_training:",
        key="train-again",
        help=f"Plain cross-entropy on the labels of {name}, on the page Train.",
    ):
        experiment = corrected_experiment(run)
        submit(experiment)
        st.switch_page("pages/train.py", query_params={"runs": experiment.digest})
