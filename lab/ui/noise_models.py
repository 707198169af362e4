"""The picker of every noise model with its parameters, what it does in a sentence, and its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
from lab.ui.noise_matrix import MOST_CLASSES, Desk, checked_matrix, first_matrix, own_matrix
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
    kind = pick_kind(kinds_for(source, classes, imbalance))
    if kind != noise_controls.EDITABLE:
        desk_of(names).leave()
    if kind == SEMANTIC:
        return _semantic(DATASETS[source.name].maps, names)
    if kind == PEOPLE:
        return _people(source)
    if kind == noise_controls.EDITABLE:
        return _own(names)
    return plain_noise(kind)


def desk_of(classes: Sequence[str]) -> Desk:
    """Where one's own matrix of so many classes lies."""
    return Desk(len(classes), SWITCH_TO_OWN)


def pick_kind(
    kinds: Sequence[str], at: str = "", extra: Mapping[str, tuple[str, str]] | None = None, **look: Any
) -> str:
    """The kind of noise, and a word on it.

    Args:
        at: stands before the names of all widgets of this noise, in the address too.
        extra: name and word of kinds that are none of the models.
        look: further arguments of `st.selectbox`.
    """
    extra = extra or {}
    names = NAMES | {kind: name for kind, (name, _) in extra.items()}
    kind = st.selectbox("Kind", kinds, format_func=names.__getitem__, key=f"{at}model", bind="query-params", **look)
    words = extra[kind][1] if kind in extra else f"{KINDS[kind].about} Source: {KINDS[kind].source}"
    st.caption(sentence(words.replace("`rate`", "rate")))
    return kind


def plain_noise(kind: str, at: str = "") -> Noise:
    """The widgets of a kind that asks of the data nothing but how many classes it has."""
    if kind in noise_controls.RATED:
        return noise_controls.RATED[kind](pick_rate(at))
    return {RANDOM: _random, LOCAL: _local, DIAL: _dial, HARD: _hard}.get(kind, lambda at: KINDS[kind]())(at)


def pick_rate(at: str = "") -> float:
    """The nominal rate."""
    return st.slider("Nominal rate", 0.0, 1.0, 0.4, 0.05, key=f"{at}share", bind="query-params")


def _random(at: str) -> RandomAsymmetric:
    rate = pick_rate(at)
    help_text = "A seed: another one draws other pairs."
    which = whole_number("Which classes are confused", min_value=0, value=0, key=f"{at}pairs", help=help_text)
    return RandomAsymmetric(rate, which)


def _dial(at: str) -> Concentrated:
    rate = pick_rate(at)
    help_text = "0: spread over the class. 1: all in one place."
    dial = st.slider("Concentration", 0.0, 1.0, 0.5, 0.05, key=f"{at}dial", bind="query-params", help=help_text)
    return Concentrated(rate, dial)


def _hard(at: str) -> InstanceDependent:
    rate = pick_rate(at)
    help_text = "Small: the hardest samples alone are mislabelled. Large: any sample may be."
    chance = st.slider("Role of chance", 0.02, 1.0, 0.1, 0.02, key=f"{at}chance", bind="query-params", help=help_text)
    return InstanceDependent(rate, chance)


def _semantic(maps: tuple[str, ...], classes: tuple[str, ...]) -> Semantic:
    name = maps[0]
    if len(maps) > 1:
        name = st.selectbox(
            "Which classes look alike", maps, format_func=MAP_NAMES.__getitem__, key="map", bind="query-params"
        )
    noise = Semantic(pick_rate(), name)
    st.caption(mistaken_words(MAPS[name], classes))
    return noise


def mistaken_words(pairs: Mapping[int, int], classes: Sequence[str]) -> str:
    """Which class is taken for which, in a sentence."""
    told = [f"{classes[i]} → {classes[j]}" for i, j in pairs.items()]
    more = f", and {len(told) - 8} more" if len(told) > 8 else ""
    return sentence("Mistaken for: " + ", ".join(told[:8]) + more)


def _own(classes: tuple[str, ...]) -> Matrix:
    part = pick_part()
    st.caption("Type the numbers on the page, below the matrix.")
    return checked_matrix(own_matrix(desk_of(classes), first_matrix(len(classes))), part, classes)


def pick_part(at: str = "") -> float:
    """How much of the labels a matrix is for."""
    return st.slider("Part of the labels it applies to", 0.0, 1.0, 1.0, 0.05, key=f"{at}part", bind="query-params")


def _local(at: str) -> LocallyConcentrated:
    n_clusters = st.slider(
        "Clusters per class",
        2,
        20,
        5,
        key=f"{at}clusters",
        bind="query-params",
        help="One of them is mislabelled: fewer clusters, more wrong labels.",
    )
    pick = st.selectbox(
        "Which cluster", PICKS, format_func=PICK_NAMES.__getitem__, key=f"{at}pick", bind="query-params"
    )
    target = None
    if pick == "closest_to_target":
        target = st.slider("Share of the class", 0.0, 1.0, 0.2, 0.05, key=f"{at}target", bind="query-params")
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
