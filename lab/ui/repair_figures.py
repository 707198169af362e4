"""KED Figs 3 to 6 on the digits: what could be inferred at every epoch, and ways to start the next episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lab.experiments import Run
from lab.figures.repair import legend_height, lines_alt, share_lines
from lab.specs.repair import INFERENCE, RETRAINING
from lab.ui.jobs import finished_run

FIGURES = {
    "3": "Who can still infer the true labels?",
    "4": "A new network for every episode?",
    "5": "How many neighbours?",
    "6": "Which layer?",
}
NAMES = {
    "network": "the network itself",
    "all_given": "all rows vote (IterKNN)",
    "all_clean": "all rows vote with true labels",
    "chosen_given": "rows of small loss vote (SelKNN)",
    "known_clean": "a known clean fifth votes",
    "reference_clean": "right labels among rows of small loss",
}
DRAWING = 330  # pixels of a chart below its legend
LAYERS = {"early": "early", "mid": "middle", "last_conv": "penultimate", "logits": "logits"}


def show_figures() -> None:
    """One figure at a time; only that one is computed where it is not there."""
    st.subheader("The paper’s figures on the digits", anchor=False)
    figure = st.segmented_control(
        "Figure of the paper", list(FIGURES), default="3", required=True, key="figure", bind="query-params"
    )
    st.markdown(f"**Fig. {figure}: {FIGURES[figure]}**")
    if figure == "4":
        _retraining()
        return
    run = finished_run(INFERENCE)
    if run is not None:
        {"3": _over_epochs, "5": _by_k, "6": _by_layer}[figure or "3"](run)


def _over_epochs(run: Run) -> None:
    looks = run.metrics["looks"]
    lines = {words: [look[name] for look in looks] for name, words in NAMES.items()}
    _chart(lines, [look["epoch"] for look in looks], "epoch", "KED Fig. 3")
    st.caption(
        "One training with cross-entropy, 60 % symmetric noise, seed 0; nothing is corrected. The network first learns what is "
        "right and then the wrong labels by heart; the vote of its neighbours goes the same way a little later, and true "
        "labels can be inferred from the same features for longer. In the paper (CIFAR-10) the clean share of the "
        "reference settles at about 92 %. Curves that use true labels need what nobody has in practice."
    )


def _by_k(run: Run) -> None:
    looks, ks = run.metrics["looks"], run.request.ks
    left, right = _two_columns()
    epochs = [look["epoch"] for look in looks]
    for column, kind, title in (
        (left, "chosen", "Rows of small loss vote (SelKNN)"),
        (right, "all", "All rows vote (IterKNN)"),
    ):
        with column:
            st.markdown(f"**{title}**")
            lines = {f"k = {k}": [look["by_k"][kind][i] for look in looks] for i, k in enumerate(ks)}
            _chart(
                lines | {"the network itself": [look["network"] for look in looks]},
                epochs,
                "epoch",
                f"KED Fig. 5, {title}",
            )
    smallest = min(look["smallest_class"] for look in looks)
    st.caption(
        f"In the paper SelKNN hardly depends on k up to 1,000, which is the number of chosen rows in each class there. Here "
        f"the smallest class has {smallest} of them: more neighbours than that come from other classes, and the vote is "
        f"diluted. IterKNN suffers where k is small, because too few votes do not outweigh the wrong ones."
    )


def _by_layer(run: Run) -> None:
    looks = run.metrics["looks"]
    epochs = [look["epoch"] for look in looks]
    left, right = _two_columns()
    for column, kind, title in (
        (left, "chosen_by_tap", "Rows of small loss vote (SelKNN)"),
        (right, "all_by_tap", "All rows vote (IterKNN)"),
    ):
        with column:
            st.markdown(f"**{title}**")
            lines = {words: [look[kind][tap] for look in looks] for tap, words in LAYERS.items()}
            _chart(lines, epochs, "epoch", f"KED Fig. 6, {title}")
    st.caption(
        "As in the paper, the penultimate layer infers more than the logits. Its “deeper is better” does not hold here: "
        "digits are almost separable as pixels, and the early layers, which have not learned the wrong labels, are best."
    )


def _two_columns() -> Sequence[DeltaGenerator]:
    with st.container(key="outvoted-figure"):
        return st.columns(2)


def _retraining() -> None:
    curves: dict[str, list[float]] = {}
    for words, study in RETRAINING.items():
        run = finished_run(study)
        if run is None:
            return
        metrics = run.metrics
        curves[words] = [metrics["initial"]["recovery"], *(one["recovery"] for one in metrics["episodes"])]
    _chart(curves, ["given", *range(1, max(map(len, curves.values())))], "episode", "KED Fig. 4")
    st.caption(
        "SelKNN, 60 % symmetric noise, seed 0. A new network forgets the wrong labels that the one before had learned. In the "
        "paper (CIFAR-10, 80 %) resetting the learning rate alone comes close to that; on the digits it is the worst way, "
        "because the high rate lets the same network learn the given labels by heart again."
    )


def _chart(lines: Mapping[str, Sequence[Any]], x: Sequence[Any], x_name: str, what: str) -> None:
    dark = st.context.theme.type == "dark"
    option = share_lines(lines, x, x_name=x_name, y_name="right labels, %", dark=dark)
    st.echarts_chart(
        option, key=f"chart {what}", height=DRAWING + legend_height(len(lines)), alt=lines_alt(what, lines)
    )
