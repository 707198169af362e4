"""The toy's controls: widgets in, a frozen Experiment out. Every widget is bound to the address bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from lab.noise import Noise
from lab.specs import Experiment, KNet, Schedule, Seeds, Toy, ToyMLP
from lab.specs.toy import SHAPES
from lab.ui import address
from lab.ui.edits import Edits
from lab.ui.noise_controls import Bound, noise_picker
from lab.ui.whole_number import whole_number
from lab.ui.words import sentence

GROUPS = {  # a lesson's link may hide some: ?hide=network,seeds
    "data": "Data",
    "noise": "Noise on the labels",
    "network": "Network",
    "knet": "kNet",
    "seeds": "Seeds",
}
READ_BY = {
    "data": ("noise", "knet")
}  # groups that depend on another one: class names, and how many neighbours there are
RESULT = "result"  # the fragment that shows what comes of it all
PARTS = "toy-parts"  # what each group holds, None if that is impossible
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


def toy_controls() -> None:
    """Draw the controls in the sidebar, a fragment for each group; `toy_experiment` then says what they hold.

    A change draws its own group anew, those that depend on it, and the fragment `RESULT`. The rest of the page stands
    still, which takes a third of the time of running all of it: a class of 30 notices.
    """
    with st.sidebar:
        for key in GROUPS:
            _group(key)


def toy_experiment(edits_of: Callable[[Toy], Edits]) -> Experiment | None:
    """What the controls describe.

    Args:
        edits_of: labels that were set by hand on this very data set.
    Returns: the experiment, or None if a control holds something impossible; the reason stands at that control.
    """
    parts = st.session_state[PARTS]
    if wrong := " and ".join(f"“{GROUPS[key]}”" for key, part in parts.items() if part is None):
        st.warning(f"Nothing new can be computed: see {wrong} in the side bar. Below is the last finished run.")
        return None
    backbone, schedule = parts["network"]
    return Experiment(
        dataset=parts["data"],
        noise=parts["noise"],
        edits=edits_of(parts["data"]),
        backbone=backbone,
        schedule=schedule,
        method=parts["knet"],
        seeds=parts["seeds"],
    )


def _group(key: str) -> None:
    """One expander; a ValueError of what it builds becomes a sentence below it, and what was entered stays.

    Below it, not in it, because a link with an impossible value opens with the expander closed.
    """

    @st.fragment(key=key)
    def group() -> None:
        parts, reason = st.session_state.setdefault(PARTS, {}), None
        with st.container(key=f"group-{key}"):
            with st.expander(GROUPS[key], expanded=key in ("data", "noise")):
                try:
                    parts[key] = DRAW[key](_bound_to(key))
                except ValueError as error:
                    parts[key], reason = None, error
                except OverflowError:  # Streamlit's, at ?n=1e999
                    parts[key], reason = None, ValueError("numbers in the link must be finite, got one that is not")
            if reason is not None:
                st.error(_in_the_pages_words(reason, LABELS.get(key, {})), icon=":material/error:")

    group()


def _bound_to(group: str) -> Bound:
    """What every widget of a group has: a place in the address bar, and what is drawn anew when it changes."""
    anew = [group, *READ_BY.get(group, ()), RESULT]
    return lambda key: {"key": key, "bind": "query-params", "on_change": st.rerun, "args": (anew,)}


def _dataset() -> Toy:
    return st.session_state[PARTS].get("data") or Toy()


def _in_the_pages_words(error: ValueError, labels: dict[str, str]) -> str:
    name, must, rule = str(error).partition(" must be ")
    return sentence(f"“{labels[name]}”{must}{rule}" if name in labels else error)


def hide_groups() -> None:
    """Hide the groups named in the link's `hide`, so that a class sees only what the lesson is about."""
    hidden = [key for key in address.read("hide").split(",") if key in GROUPS]
    if hidden:
        selectors = ", ".join(f".st-key-group-{key}" for key in hidden)
        st.html(f"<style>{selectors} {{ display: none; }}</style>")


def _data(bound: Bound) -> Toy:
    shape = st.selectbox("Shape", SHAPES, format_func=SHAPE_NAMES.__getitem__, **bound("shape"))
    n_per_class: int | tuple[int, int, int] = whole_number("Points per class", value=500, step=50, **bound("n"))
    imbalance = 1.0
    names = Toy(shape=shape).class_names
    if st.toggle("A count for each class", **bound("each")):
        boxes = [
            whole_number(f"Points of class “{name}”", value=500, step=50, **bound(f"n{i}"))
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
            **bound("imb"),
            help="How many times larger the first class is than the last. 1 = equal classes.",
        )
    separation = st.slider(
        "Separation",
        0.5,
        4.0,
        2.0,
        0.1,
        **bound("sep"),
        help="Radius of the circle on which the three means lie. At 2, with spread 1, the best possible accuracy is 92.7 %.",
    )
    spread = st.slider("Spread", 0.3, 2.0, 1.0, 0.1, **bound("spread"), help="σ of every class.")
    seed = whole_number("Seed of the data", value=0, **bound("seed"))
    return Toy(
        shape=shape, n_per_class=n_per_class, separation=separation, spread=spread, imbalance=imbalance, seed=seed
    )


def _noise(bound: Bound) -> Noise:
    return noise_picker(_dataset().class_names, bound)


def _network(bound: Bound) -> tuple[ToyMLP, Schedule]:
    width = whole_number(
        "Units per hidden layer",
        value=64,
        step=16,
        **bound("width"),
        help="The last hidden layer is what neighbours are searched in; its width is d.",
    )
    epochs = whole_number("Epochs", value=60, step=10, **bound("epochs"))
    batch_size = whole_number("Batch size", value=128, step=32, **bound("batch"))
    learning_rate = st.number_input("Learning rate", value=0.02, step=0.005, format="%.4f", **bound("lr"))
    stopping = st.selectbox(
        "Early stopping", list(STOPPING_NAMES), format_func=STOPPING_NAMES.__getitem__, **bound("stop")
    )
    if stopping == "clean":
        st.warning("Uses clean labels, which nobody has in practice.", icon=":material/warning:")
    schedule = Schedule(epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, early_stopping=stopping)
    return ToyMLP(width=width), schedule


def _knet(bound: Bound) -> KNet:
    choice = st.selectbox("Hidden width", list(WIDTH_NAMES), format_func=WIDTH_NAMES.__getitem__, **bound("kwidth"))
    hidden = choice if choice != "custom" else whole_number("Hidden units", value=16, step=4, **bound("kunits"))
    kappa = st.selectbox(
        "How k enters",
        list(KAPPA_NAMES),
        format_func=KAPPA_NAMES.__getitem__,
        **bound("kappa"),
        help="The paper does not say. Raw k dwarfs the standardised features and slows learning.",
    )
    self_neighbour = st.selectbox(
        "A training point’s own label",
        list(SELF_NAMES),
        format_func=SELF_NAMES.__getitem__,
        **bound("self"),
    )
    epochs = whole_number("Epochs of kNet", value=40, step=10, **bound("kepochs"))
    fixed = st.multiselect(
        "Fixed kNets",
        FIXED_CHOICES,
        default=(1, 51),
        **bound("fixed"),
        help="Each is trained for one k alone, so that the one for all k can be compared with them.",
    )
    most = sum(_dataset().class_counts) - 1
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


def _seeds(bound: Bound) -> Seeds:
    help_text = "Change one and keep the others to see which part of the result is luck."
    return Seeds(
        noise=whole_number("Which labels flip", value=0, **bound("s_noise"), help=help_text),
        init=whole_number("Where the weights start", value=0, **bound("s_init")),
        batch=whole_number("Order of the batches", value=0, **bound("s_batch")),
    )


DRAW: dict[str, Callable[[Bound], Any]] = {
    "data": _data,
    "noise": _noise,
    "network": _network,
    "knet": _knet,
    "seeds": _seeds,
}
