"""What a training will cost, before it is started, and the button that starts it."""

from __future__ import annotations

import streamlit as st

from lab.core.device import predicted_device
from lab.experiments import Experiment, submit
from lab.specs import to_json
from lab.specs.budget import data_size, memory_bytes, predicted_seconds, record_bytes
from lab.specs.code import as_code
from lab.specs.network_sizes import network_size
from lab.ui.run_view import RunView, view_run
from lab.ui.run_words import run_title
from lab.ui.take_home import code_popover, link_popover
from lab.ui.train_board import on_board, put_on_board
from lab.ui.words import bytes_words, duration, sentence


def start_card(experiment: Experiment) -> None:
    """Parameters, time, memory and disk of what the side bar describes; the button trains it or shows that it is there."""
    with st.container(border=True, key="start"):
        st.markdown(sentence(run_title(experiment)))
        _costs(experiment)
        known = view_run(experiment.digest)
        words, icon = _button_words(known)
        with st.container(horizontal=True, vertical_alignment="center"):
            if known is not None and experiment.digest in on_board():
                st.caption("These very settings are on the page below.", width="content")
            elif st.button(words, icon=icon, type="primary", shortcut="Ctrl+Enter", key="train"):
                if known is None:
                    submit(experiment)
                put_on_board(experiment.digest)
                st.rerun()
            _take_home(experiment)


def _take_home(experiment: Experiment) -> None:
    link_popover("Opens these settings and these runs on another machine that has them.")
    with code_popover(as_code(experiment)):
        st.caption("As a file for `lab train` it runs in a terminal, into the same history.")
        st.download_button(
            "Experiment (JSON)",
            lambda: to_json(experiment, indent=1),
            f"experiment-{experiment.digest}.json",
            "application/json",
            on_click="ignore",
        )


def _button_words(known: RunView | None) -> tuple[str, str]:
    if known is None:
        return "Train", ":material/play_arrow:"
    return "Show it here: it was trained before" if known.status == "done" else "Show it here", ":material/add:"


def _costs(experiment: Experiment) -> None:
    size = data_size(experiment)
    if size is None:
        st.caption("What it costs is known once the data have been read.")
        return
    device = predicted_device()
    parameters = network_size(experiment.backbone, size.row, size.n_classes).parameters
    cells = (
        ("Time", duration(predicted_seconds(experiment, size, device=device)), _where(device)),
        ("Memory", bytes_words(memory_bytes(experiment, size)), "Data, network, optimiser and one batch, about."),
        ("On disk", bytes_words(record_bytes(experiment, size)), "What is recorded of it, at most."),
        ("Parameters", f"{parameters:,}", "Numbers that are trained."),
        ("Rows", f"{size.n_train:,}", f"Training rows; {size.n_test:,} more with clean labels to test on."),
    )
    with st.container(horizontal=True, key="costs"):
        for name, value, help_text in cells:
            st.metric(name, value, help=help_text)


def _where(device: str) -> str:
    if device == "cuda":
        return "An estimate for a GPU; the first training of a kind takes some seconds more."
    return "Predicted for this processor, if all epochs are run and nothing else is."
