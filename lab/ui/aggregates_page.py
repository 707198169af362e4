"""The controls of the page "Softmax or neighbours?": a finished training or a figure of the paper, and how to look at it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from lab.noise import Clean, Flip, LocallyConcentrated, Matrix, Noise, Uniform, two_alternatives
from lab.specs import Aggregates, Experiment
from lab.specs.aggregates import EPOCHS
from lab.specs.presets import TRAININGS
from lab.ui.aggregates_view import EACH, POOLED, meanwhile, show_aggregates
from lab.ui.jobs import finished_run
from lab.ui.run_picker import choose_run

FROM_LIST = "a training of the list"
FIGURES: dict[str, Noise] = {  # DRO's, with the noise that each shows
    "Fig. 7a": Clean(),
    "Figs. 2a, 7b, 8": Uniform(0.3),
    "Figs. 7c, 9": Uniform(0.6),
    "Figs. 7d, 10": Flip(0.2),
    "Figs. 2b, 7e, 11": Flip(0.4),
    "Fig. 7f": Matrix(0.4, two_alternatives(10)),
    "Figs. 2c–d, 7g–h, 12–13": LocallyConcentrated(4, pick="closest_to_target", target_rate=0.25),
}
NOTE = (
    "On digits, where the paper has MNIST and CIFAR-10. Its network is trained now if nobody has looked at it before."
)


def aggregates_page() -> None:
    """Choose, ask, show."""
    experiment = _experiment()
    if experiment is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        epoch = st.segmented_control(
            "Epoch",
            EPOCHS,
            default="last",
            required=True,
            key="epoch",
            bind="query-params",
            help="The best by validation accuracy, or by test accuracy where nothing was held out for validation.",
        )
        shown = st.segmented_control(
            "Diagrams",
            (EACH, POOLED),
            default=EACH,
            required=True,
            key="diagrams",
            bind="query-params",
            help="Turned: each sample’s classes are moved round so that its true class comes first (DRO Figs. 2 and 7).",
        )
        is_clean = isinstance(experiment.noise, Clean)
        before = st.toggle(
            "Before the noise, too",
            key="before",
            bind="query-params",
            disabled=is_clean,
            help="This network was trained on clean labels."
            if is_clean
            else "The same network on clean labels, above.",
        )
    request = Aggregates(experiment=experiment, epoch=epoch or "last")
    run = finished_run(request, patience=0.4) or meanwhile()
    if run is None:
        return
    if run.request != request:
        st.caption("Shown meanwhile: another training.")
    show_aggregates(run, pooled=shown == POOLED, before=before)


def _experiment() -> Experiment | None:
    """The training to look at; None if there is none, which is then said."""
    figure = st.pills(
        "DRO’s figures",
        (FROM_LIST, *FIGURES),
        default=FROM_LIST,
        required=True,
        key="figure",
        bind="query-params",
        help=NOTE,
    )
    if figure in FIGURES:
        return replace(TRAININGS[0], noise=FIGURES[figure])
    view = choose_run()
    if view is None:
        st.info("There is no finished training yet. Train one first.", icon=":material/info:")
        st.page_link("pages/train.py", label="Train", icon=":material/model_training:")
        return None
    return view.request
