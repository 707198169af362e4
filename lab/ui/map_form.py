"""The controls of the page about feature maps: widgets in, a frozen FeatureMap out. Every widget is in the address."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from lab.specs import TSNE, Experiment, FeatureMap, MapSource
from lab.specs.feature_map import EPOCHS, MOST_POINTS, TAPS
from lab.specs.presets import FEATURE_MAPS
from lab.specs.tsne import METRICS, STARTS
from lab.ui.map_points import TAP_NAMES
from lab.ui.noise_form import Impossible, form_group
from lab.ui.run_picker import choose_run
from lab.ui.run_view import RunView
from lab.ui.whole_number import whole_number

KED = "KED Fig. 2"
KED_EPOCHS = (1, 2, 3, 5, 10, 20, 40, 60)
WORDS = {
    "KNET Fig. 4": (
        "A network trained with 40 % uniform noise on digits, and kNet on it: the same test rows, coloured by what each of "
        "the two predicts. Red: wrong by the network, right by kNet. The paper shows red circles alone; here the rows that "
        "kNet gets wrong are circled too."
    ),
    "DRO Fig. 1": (
        "One map, of a network trained on clean labels; training rows, coloured by two kinds of wrong labels. Left: 20 % "
        "uniform noise, spread over every cluster. Right: one of five places in each class. Tick the circles to see what "
        "networks trained on these labels get wrong. *As printed for MNIST: about 100 % accuracy on the left, 80 % on the right.*"
    ),
    KED: (
        "60 % symmetric noise, early in the training: the deeper the layer, the better it keeps the classes apart. Move "
        "the epoch: once the network learns wrong labels by heart, it is the other way round. The paper shows one "
        "picture, of CIFAR-10 after one episode."
    ),
}
METRIC_NAMES = dict(zip(METRICS, ("straight line (L2)", "angle (cosine)"), strict=True))
START_NAMES = dict(zip(STARTS, ("principal components", "at random"), strict=True))
PART_NAMES = {"test": "Test rows", "train": "Training rows"}
SEED = "seed"


def map_form() -> FeatureMap | None:
    """Draw figures and side bar; None if there is nothing to look at, or a control holds something impossible."""
    figure = st.pills(
        "Figures of the papers",
        list(FEATURE_MAPS),
        key="figure",
        bind="query-params",
        help="Unpick it to choose training, layers and rows yourself.",
    )
    if figure is not None:
        st.caption(WORDS[figure])
        study = FEATURE_MAPS[figure]
        if figure == KED:
            epoch = st.select_slider("After epoch", KED_EPOCHS, value=2, key="after", bind="query-params")
            study = replace(study, left=replace(study.left, epoch=epoch), right=replace(study.right, epoch=epoch))
        with st.sidebar:
            try:
                tsne = form_group("The map", "tsne", _tsne)
            except Impossible:
                return None
        return replace(study, tsne=tsne)
    with st.sidebar:
        view = choose_run()
        if view is None:
            return None
        try:
            left, right = form_group("The two maps", "sides", lambda: _sides(view))
            parts = form_group("Rows", "rows", lambda: _rows(view))
            tsne = form_group("The map", "tsne", _tsne)
            return FeatureMap(left=left, right=right, tsne=tsne, **parts)
        except Impossible:
            return None
        except ValueError as error:
            st.error(str(error), icon=":material/error:")
            return None


def _sides(view: RunView) -> tuple[MapSource, MapSource]:
    left = _source("left", "Left", "penultimate", view.request)
    other = view.request
    if st.toggle("Another training on the right", key="two", bind="query-params"):
        second = choose_run("Training on the right", key="run2")
        other = second.request if second is not None else other
    return left, _source("right", "Right", "knet", other)


def _source(key: str, name: str, tap: str, experiment: Experiment) -> MapSource:
    chosen = st.selectbox(
        f"{name} map", TAPS, index=TAPS.index(tap), format_func=TAP_NAMES.__getitem__, key=key, bind="query-params"
    )
    options = [*EPOCHS, *(str(epoch) for epoch in range(1, experiment.schedule.epochs + 1))]
    epoch = st.selectbox(
        f"{name} map, after epoch",
        options,
        key=f"{key}-epoch",
        bind="query-params",
        help="An epoch whose weights were not kept is trained once more, which gives the same network.",
    )
    return MapSource(experiment=experiment, tap=chosen, epoch=epoch if epoch in EPOCHS else int(epoch))


def _rows(view: RunView) -> dict[str, object]:
    parts = [part for part in PART_NAMES if part == "train" or view.metrics["n_test"]]
    part = st.segmented_control(
        "Rows",
        parts,
        default=parts[0],
        required=True,
        format_func=PART_NAMES.__getitem__,
        key="part",
        bind="query-params",
    )
    n = whole_number(
        "At most",
        min_value=10,
        max_value=MOST_POINTS,
        value=3000,
        step=500,
        key="n",
        help="Circled rows all stay; of the others a random part is laid out.",
    )
    help_text = "How far the label is believed on the way to its neighbours. It asks the network 100 times a row."
    inn = part == "train" and st.toggle("INN score", key="inn", bind="query-params", help=help_text)
    return {"part": part, "n": n, "inn": inn}


def _tsne() -> TSNE:
    perplexity = st.slider(
        "Perplexity",
        5.0,
        100.0,
        30.0,
        5.0,
        key="perplexity",
        bind="query-params",
        help="How many neighbours each point should stay near, about.",
    )
    metric = st.selectbox("Distance", METRICS, format_func=METRIC_NAMES.__getitem__, key="metric", bind="query-params")
    start = st.selectbox("Start", STARTS, format_func=START_NAMES.__getitem__, key="start", bind="query-params")
    exaggeration = st.slider(
        "Early exaggeration",
        1.0,
        30.0,
        12.0,
        1.0,
        key="exaggeration",
        bind="query-params",
        help="By how much attraction is multiplied while the clusters form.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seed = whole_number("Seed", min_value=0, max_value=9999, value=0, key=SEED)
        st.button("Another", on_click=_next_seed, icon=":material/casino:", help="What stays is worth believing.")
    return TSNE(perplexity=perplexity, metric=metric, start=start, exaggeration=exaggeration, seed=seed)


def _next_seed() -> None:
    st.session_state[SEED] += 1
