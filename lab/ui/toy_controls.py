"""The toy's controls: widgets in, a frozen Experiment out. Every widget is bound to the address bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from lab.noise import Noise
from lab.specs import Experiment, KNet, Schedule, Seeds, Toy, ToyMLP
from lab.specs.toy import SHAPES
from lab.ui.edits import Edits
from lab.ui.noise_controls import noise_picker
from lab.ui.words import sentence

T = TypeVar("T")

GROUPS = {  # a lesson's link may hide some: ?hide=network,seeds
    "data": "Data",
    "noise": "Noise on the labels",
    "network": "Network",
    "knet": "kNet",
    "seeds": "Seeds",
}
LABELS = {  # what a spec's error calls a field, and what the page calls it
    "data": {"n_per_class": "Points per class", "seed": "Seed of the data"},
    "network": {
        "width": "Units per hidden layer",
        "epochs": "Epochs",
        "batch_size": "Batch size",
        "learning_rate": "Learning rate",
    },
    "knet": {"hidden": "Hidden units", "epochs": "Epochs of kNet"},
    "seeds": {
        "seeds.noise": "Which labels flip",
        "seeds.init": "Where the weights start",
        "seeds.batch": "Order of the batches",
    },
}
SHAPE_NAMES = dict(zip(SHAPES, ("Three Gaussians", "Two moons and a blob", "Concentric rings"), strict=True))
STOPPING_NAMES = {
    "off": "Off: keep the last epoch",
    "noisy": "On noisy validation labels",
    "clean": "On clean validation labels",
}
WIDTH_NAMES = {"auto": "Default (16 or more)", "paper": "Paper (d / 16)", "custom": "Your own"}
KAPPA_NAMES = {"scaled": "k / 101", "raw": "k", "log": "log k / log 101", "inverse_sqrt": "1 / √k"}
SELF_NAMES = {"exclude": "Left out", "include": "Votes for itself"}
FIXED_CHOICES = (1, 5, 11, 25, 51, 75, 101)


def toy_experiment(edits_of: Callable[[Toy], Edits]) -> Experiment | None:
    """Draw the controls in the sidebar.

    Args:
        edits_of: labels that were set by hand on this very data set.
    Returns: the experiment, or None if a control holds something impossible; the reason stands at that control.
    """
    with st.sidebar:
        dataset = _group("data", _data, expanded=True)
        noise = _group("noise", lambda: _noise(dataset), expanded=True)
        network = _group("network", _network)
        method = _group("knet", lambda: _knet(dataset))
        seeds = _group("seeds", _seeds)
    if not (dataset and noise and network and method and seeds):
        parts = zip(GROUPS.values(), (dataset, noise, network, method, seeds), strict=True)
        wrong = " and ".join(f"“{title}”" for title, part in parts if part is None)
        st.warning(f"{wrong} in the side bar cannot be done; the reason stands there. Below is the last finished run.")
        return None
    backbone, schedule = network
    return Experiment(
        dataset=dataset,
        noise=noise,
        edits=edits_of(dataset),
        backbone=backbone,
        schedule=schedule,
        method=method,
        seeds=seeds,
    )


def _group(key: str, draw: Callable[[], T], *, expanded: bool = False) -> T | None:
    """One expander; a ValueError of what it builds becomes a sentence below it, and what was entered stays.

    Below it, not in it, because a link with an impossible value opens with the expander closed.
    """
    with st.container(key=f"group-{key}"):
        with st.expander(GROUPS[key], expanded=expanded):
            try:
                return draw()
            except ValueError as error:
                reason = error
        st.error(_in_the_pages_words(reason, LABELS.get(key, {})), icon=":material/error:")
        return None


def _in_the_pages_words(error: ValueError, labels: dict[str, str]) -> str:
    name, must, rule = str(error).partition(" must be ")
    return sentence(f"“{labels[name]}”{must}{rule}" if name in labels else error)


def hide_groups() -> None:
    """Hide the groups named in the link's `hide`, so that a class sees only what the lesson is about."""
    hidden = [key for key in st.query_params.get("hide", "").split(",") if key in GROUPS]
    if hidden:
        selectors = ", ".join(f".st-key-group-{key}" for key in hidden)
        st.html(f"<style>{selectors} {{ display: none; }}</style>")


def _data() -> Toy:
    shape = st.selectbox("Shape", SHAPES, format_func=SHAPE_NAMES.__getitem__, key="shape", bind="query-params")
    n_per_class: int | tuple[int, int, int] = st.number_input(
        "Points per class", value=500, step=50, key="n", bind="query-params"
    )
    imbalance = 1.0
    names = Toy(shape=shape).class_names
    if st.toggle("A count for each class", key="each", bind="query-params"):
        boxes = [
            st.number_input(f"Points of class “{name}”", value=500, step=50, key=f"n{i}", bind="query-params")
            for i, name in enumerate(names)
        ]
        n_per_class = (boxes[0], boxes[1], boxes[2])
    else:
        imbalance = st.slider(
            "Imbalance",
            1.0,
            20.0,
            1.0,
            0.5,
            key="imb",
            bind="query-params",
            help="How many times larger the first class is than the last. 1 = equal classes.",
        )
    separation = st.slider(
        "Separation",
        0.5,
        4.0,
        2.0,
        0.1,
        key="sep",
        bind="query-params",
        help="Radius of the circle on which the three means lie. At 2, with spread 1, the best possible accuracy is 92.7 %.",
    )
    spread = st.slider("Spread", 0.3, 2.0, 1.0, 0.1, key="spread", bind="query-params", help="σ of every class.")
    seed = st.number_input("Seed of the data", value=0, step=1, key="seed", bind="query-params")
    return Toy(
        shape=shape, n_per_class=n_per_class, separation=separation, spread=spread, imbalance=imbalance, seed=seed
    )


def _noise(dataset: Toy | None) -> Noise:
    return noise_picker((dataset or Toy()).class_names)


def _network() -> tuple[ToyMLP, Schedule]:
    width = st.number_input(
        "Units per hidden layer",
        value=64,
        step=16,
        key="width",
        bind="query-params",
        help="The last hidden layer is what neighbours are searched in; its width is d.",
    )
    epochs = st.number_input("Epochs", value=60, step=10, key="epochs", bind="query-params")
    batch_size = st.number_input("Batch size", value=128, step=32, key="batch", bind="query-params")
    learning_rate = st.number_input(
        "Learning rate", value=0.02, step=0.005, format="%.4f", key="lr", bind="query-params"
    )
    stopping = st.selectbox(
        "Early stopping", list(STOPPING_NAMES), format_func=STOPPING_NAMES.__getitem__, key="stop", bind="query-params"
    )
    if stopping == "clean":
        st.warning("Uses clean labels, which nobody has in practice.", icon=":material/warning:")
    schedule = Schedule(epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, early_stopping=stopping)
    return ToyMLP(width=width), schedule


def _knet(dataset: Toy | None) -> KNet:
    choice = st.selectbox(
        "Hidden width", list(WIDTH_NAMES), format_func=WIDTH_NAMES.__getitem__, key="kwidth", bind="query-params"
    )
    hidden = (
        choice
        if choice != "custom"
        else st.number_input("Hidden units", value=16, step=4, key="kunits", bind="query-params")
    )
    kappa = st.selectbox(
        "How k enters",
        list(KAPPA_NAMES),
        format_func=KAPPA_NAMES.__getitem__,
        key="kappa",
        bind="query-params",
        help="The paper does not say. Raw k dwarfs the standardised features and slows learning.",
    )
    self_neighbour = st.selectbox(
        "A training point’s own label",
        list(SELF_NAMES),
        format_func=SELF_NAMES.__getitem__,
        key="self",
        bind="query-params",
    )
    epochs = st.number_input("Epochs of kNet", value=40, step=10, key="kepochs", bind="query-params")
    fixed = st.multiselect(
        "Fixed kNets",
        FIXED_CHOICES,
        default=(1, 51),
        key="fixed",
        bind="query-params",
        help="Each is trained for one k alone, so that the one for all k can be compared with them.",
    )
    most = sum((dataset or Toy()).class_counts) - 1
    if too_large := [k for k in fixed if k > most]:
        st.info(f"Left out: k = {', '.join(map(str, too_large))}. A point has only {most} neighbours here.")
    return KNet(
        hidden=hidden,
        kappa=kappa,
        self_neighbour=self_neighbour,
        fixed_ks=tuple(sorted(set(fixed) - set(too_large))),
        epochs=epochs,
        batch_size=256,
    )


def _seeds() -> Seeds:
    help_text = "Change one and keep the others to see which part of the result is luck."
    return Seeds(
        noise=st.number_input("Which labels flip", value=0, step=1, key="s_noise", bind="query-params", help=help_text),
        init=st.number_input("Where the weights start", value=0, step=1, key="s_init", bind="query-params"),
        batch=st.number_input("Order of the batches", value=0, step=1, key="s_batch", bind="query-params"),
    )
