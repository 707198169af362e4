"""The picker of every noise model with its parameters, what it does in a sentence, and its source."""

from __future__ import annotations

import streamlit as st

from lab.noise import (
    CIFAR10N_COLUMNS,
    MAPS,
    PICKS,
    Concentrated,
    HumanLabels,
    InstanceDependent,
    LocallyConcentrated,
    Matrix,
    Noise,
    RandomAsymmetric,
    Semantic,
)
from lab.specs import DataSource, RareClass, RarePair
from lab.specs.datasets import DATASETS
from lab.ui import noise_controls
from lab.ui.noise_data import label_files
from lab.ui.noise_matrix import MOST_CLASSES, PARAM, checked_matrix, own_matrix
from lab.ui.whole_number import whole_number
from lab.ui.words import sentence

SEMANTIC, RANDOM, LOCAL, DIAL, HARD, PEOPLE = "look-alikes", "random", "local", "dial", "hard", "people"
NAMES = {
    SEMANTIC: "Look-alike classes",
    **{kind: noise_controls.NAMES[kind] for kind in ("symmetric", "uniform", "flip")},
    RANDOM: "Random asymmetric",
    noise_controls.ASYMMETRIC: noise_controls.NAMES[noise_controls.ASYMMETRIC],
    noise_controls.EDITABLE: noise_controls.NAMES[noise_controls.EDITABLE],
    LOCAL: "One place per class",
    DIAL: "From spread to one place",
    HARD: "Hard samples",
    PEOPLE: "Labels by people",
    noise_controls.NO_NOISE: noise_controls.NAMES[noise_controls.NO_NOISE],
}
KINDS: dict[str, type[Noise]] = {
    **noise_controls.MODELS,
    SEMANTIC: Semantic,
    RANDOM: RandomAsymmetric,
    noise_controls.EDITABLE: Matrix,
    LOCAL: LocallyConcentrated,
    DIAL: Concentrated,
    HARD: InstanceDependent,
    PEOPLE: HumanLabels,
}
PLAIN = ("symmetric", "uniform", "flip", RANDOM, LOCAL, DIAL, HARD)  # that need no file and no names
NAMES_OF = {model: NAMES[kind] for kind, model in KINDS.items()}
SWITCH_TO_OWN = {"model": noise_controls.EDITABLE}  # the widgets' state once a cell is typed
PICK_NAMES = dict(
    zip(
        PICKS,
        ("drawn at random", "largest", "smallest", "nearest to a share", "nearest to the other class"),
        strict=True,
    )
)
MAP_NAMES = {
    "cifar100_chain": "next class (INN)",
    "cifar100_superclass_chain": "next in superclass (KED)",
    "cifar100_superclass_pair": "pairs in superclass",
}


def kinds_for(source: DataSource, classes: tuple[str, ...] | None, imbalance: RareClass | RarePair | None) -> list[str]:
    """The kinds of noise that this data set can have."""
    known, n = DATASETS.get(source.name), len(classes or ())
    two_only = isinstance(imbalance, RarePair)
    whole = imbalance is None and source.n is None
    fits = {
        SEMANTIC: known is not None and bool(known.maps) and not two_only,
        RANDOM: not two_only and n != 2,
        noise_controls.ASYMMETRIC: n == 3,
        noise_controls.EDITABLE: 2 <= n <= MOST_CLASSES,
        PEOPLE: whole and (known is None or source.name in ("cifar10", "cifar100")),
    }
    return [kind for kind in NAMES if fits.get(kind, True)]


def noise_picker(source: DataSource, imbalance: RareClass | RarePair | None, classes: tuple[str, ...] | None) -> Noise:
    """The widgets of the noise.

    Args:
        classes: names, before the imbalance; None while they are unknown.
    Raises: ValueError if a parameter is impossible, or a file is missing.
    """
    if classes is not None and isinstance(imbalance, RarePair):
        classes = classes[imbalance.majority], classes[imbalance.minority]
    names = classes or ()
    kind = _kind(kinds_for(source, classes, imbalance))
    if kind != noise_controls.EDITABLE and PARAM in st.query_params:
        del st.query_params[PARAM]
    if kind == SEMANTIC:
        return _semantic(DATASETS[source.name].maps, names)
    if kind == PEOPLE:
        return _people(source)
    if kind == noise_controls.EDITABLE:
        return _own(names)
    return _plain(kind)


def plain_noise_picker(n_classes: int) -> Noise:
    """As `noise_picker`, of the kinds that ask of the data nothing but how many classes it has."""
    return _plain(_kind([kind for kind in PLAIN if n_classes != 2 or kind != RANDOM]))


def _kind(kinds: list[str]) -> str:
    kind = st.selectbox("Kind", kinds, format_func=NAMES.__getitem__, key="model", bind="query-params")
    about = KINDS[kind].about.replace("`rate`", "rate")
    st.caption(sentence(f"{about} Source: {KINDS[kind].source}"))
    return kind


def _plain(kind: str) -> Noise:
    if kind in noise_controls.RATED:
        return noise_controls.RATED[kind](_rate())
    return {RANDOM: _random, LOCAL: _local, DIAL: _dial, HARD: _hard}.get(kind, KINDS[kind])()


def _rate() -> float:
    return st.slider("Nominal rate", 0.0, 1.0, 0.4, 0.05, key="share", bind="query-params")


def _random() -> RandomAsymmetric:
    rate = _rate()
    help_text = "A seed: another one draws other pairs."
    which = whole_number("Which classes are confused", min_value=0, value=0, key="pairs", help=help_text)
    return RandomAsymmetric(rate, which)


def _dial() -> Concentrated:
    rate = _rate()
    help_text = "0: spread over the class. 1: all in one place."
    dial = st.slider("Concentration", 0.0, 1.0, 0.5, 0.05, key="dial", bind="query-params", help=help_text)
    return Concentrated(rate, dial)


def _hard() -> InstanceDependent:
    rate = _rate()
    help_text = "Small: the hardest samples alone are mislabelled. Large: any sample may be."
    chance = st.slider("Role of chance", 0.02, 1.0, 0.1, 0.02, key="chance", bind="query-params", help=help_text)
    return InstanceDependent(rate, chance)


def _semantic(maps: tuple[str, ...], classes: tuple[str, ...]) -> Semantic:
    name = maps[0]
    if len(maps) > 1:
        name = st.selectbox(
            "Which classes look alike", maps, format_func=MAP_NAMES.__getitem__, key="map", bind="query-params"
        )
    noise = Semantic(_rate(), name)
    pairs = [f"{classes[i]} → {classes[j]}" for i, j in MAPS[name].items()]
    more = f", and {len(pairs) - 8} more" if len(pairs) > 8 else ""
    st.caption(sentence("Mistaken for: " + ", ".join(pairs[:8]) + more))
    return noise


def _own(classes: tuple[str, ...]) -> Matrix:
    part = st.slider("Part of the labels it applies to", 0.0, 1.0, 1.0, 0.05, key="part", bind="query-params")
    st.caption("Type the numbers on the page, below the matrix.")
    return checked_matrix(own_matrix(len(classes)), part, classes)


def _local() -> LocallyConcentrated:
    n_clusters = st.slider(
        "Clusters per class",
        2,
        20,
        5,
        key="clusters",
        bind="query-params",
        help="One of them is mislabelled: fewer clusters, more wrong labels.",
    )
    pick = st.selectbox("Which cluster", PICKS, format_func=PICK_NAMES.__getitem__, key="pick", bind="query-params")
    target = None
    if pick == "closest_to_target":
        target = st.slider("Share of the class", 0.0, 1.0, 0.2, 0.05, key="target", bind="query-params")
    return LocallyConcentrated(n_clusters, pick, target)


def _people(source: DataSource) -> HumanLabels:
    files = label_files()
    if not files:
        raise ValueError("a file of labels by people, such as CIFAR-10_human.pt, must be in LAB_DATA, got none")
    path = st.selectbox("File", files, key="file", bind="query-params")
    usual = "noisy_label" if source.name == "cifar100" else CIFAR10N_COLUMNS[0]
    column = st.text_input(
        "Column",
        value=usual,
        key="column",
        bind="query-params",
        help=f"CIFAR-10N has {', '.join(CIFAR10N_COLUMNS)}; CIFAR-100N has noisy_label.",
    )
    return HumanLabels(path, column)
