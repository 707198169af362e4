"""The controls of the page about noise: widgets in, a frozen LabelStudy out. Every widget is in the address bar."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from lab.noise import (
    CIFAR10N_COLUMNS,
    MAPS,
    PICKS,
    Clean,
    Concentrated,
    Flip,
    HumanLabels,
    InstanceDependent,
    LocallyConcentrated,
    Matrix,
    MatrixNoise,
    Noise,
    RandomAsymmetric,
    Semantic,
    Symmetric,
    ToyAsymmetric,
    Uniform,
)
from lab.specs import DataSource, LabelStudy, RareClass, RarePair
from lab.specs.datasets import DATASETS
from lab.ui import noise_controls
from lab.ui.noise_data import classes_of, imbalance_picker, label_files, source_picker
from lab.ui.noise_matrix import MOST_CLASSES, PARAM, checked_matrix, own_matrix
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
KINDS = {
    SEMANTIC: Semantic,
    noise_controls.SYMMETRIC: Symmetric,
    noise_controls.UNIFORM: Uniform,
    noise_controls.FLIP: Flip,
    RANDOM: RandomAsymmetric,
    noise_controls.ASYMMETRIC: ToyAsymmetric,
    noise_controls.EDITABLE: Matrix,
    LOCAL: LocallyConcentrated,
    DIAL: Concentrated,
    HARD: InstanceDependent,
    PEOPLE: HumanLabels,
    noise_controls.NO_NOISE: Clean,
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
MODE_NAMES = {"bernoulli": "each on its own", "exact": "exact count", "exact_per_class": "exact count per class"}
MAP_NAMES = {
    "cifar100_chain": "next class (INN)",
    "cifar100_superclass_chain": "next in superclass (KED)",
    "cifar100_superclass_pair": "pairs in superclass",
}


def label_study() -> LabelStudy | None:
    """Draw the controls in the sidebar; None if one holds something impossible, which is then said where it stands."""
    with st.sidebar:
        source = _group("Data", "data", source_picker)
        if source is None:
            return None
        imbalance, classes = None, classes_of(source)
        if classes is not None:
            imbalance = _group("Fewer of some classes", "imbalance", lambda: imbalance_picker(classes), expanded=False)
        noise = _group("Noise on the labels", "noise", lambda: _noise(source, imbalance, classes))
        seed, mode = _draw(noise)
    if noise is None:
        return None
    return LabelStudy(dataset=source, imbalance=imbalance, noise=noise, mode=mode, seed=seed)


def _group(title: str, key: str, draw: Callable[[], object], *, expanded: bool = True):  # type: ignore[no-untyped-def]
    with st.expander(title, expanded=expanded, key=f"group-{key}"):
        try:
            return draw()
        except ValueError as error:
            st.error(sentence(error), icon=":material/error:")
            return None


def _draw(noise: Noise | None) -> tuple[int, str]:
    """Seed and mode."""
    with st.expander("The draw", key="group-draw"):
        seed = st.number_input(
            "Seed",
            min_value=0,
            value=0,
            step=1,
            key="draw",
            bind="query-params",
            help="Another seed, other labels of the same kind.",
        )
        if not isinstance(noise, (MatrixNoise, InstanceDependent)):
            return seed, "bernoulli"
        mode = st.selectbox(
            "Which labels are drawn",
            list(MODE_NAMES),
            format_func=MODE_NAMES.__getitem__,
            key="mode",
            bind="query-params",
            help="Each on its own: the count varies around the rate. Exact count: the rate is met to the row.",
        )
    return seed, mode


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


def _noise(source: DataSource, imbalance: RareClass | RarePair | None, classes: tuple[str, ...] | None) -> Noise:
    if classes is not None and isinstance(imbalance, RarePair):
        classes = classes[imbalance.majority], classes[imbalance.minority]
    kinds = kinds_for(source, classes, imbalance)
    kind = st.selectbox("Kind", kinds, format_func=NAMES.__getitem__, key="model", bind="query-params")
    model = KINDS[kind]
    st.caption(sentence(f"{model.about.replace('`rate`', 'rate')} Source: {model.source}"))
    if kind != noise_controls.EDITABLE and PARAM in st.query_params:
        del st.query_params[PARAM]
    if kind == SEMANTIC:
        return _semantic(DATASETS[source.name].maps, classes or ())
    if kind in noise_controls.RATED:
        return noise_controls.RATED[kind](_rate())
    if kind == RANDOM:
        which = st.number_input(
            "Which classes are confused",
            0,
            None,
            0,
            1,
            key="pairs",
            bind="query-params",
            help="A seed: another one draws other pairs.",
        )
        return RandomAsymmetric(_rate(), which)
    if kind == noise_controls.EDITABLE:
        return _own(classes or ())
    if kind == LOCAL:
        return _local()
    if kind == DIAL:
        rate = _rate()
        return Concentrated(
            rate,
            st.slider(
                "Concentration",
                0.0,
                1.0,
                0.5,
                0.05,
                key="dial",
                bind="query-params",
                help="0: spread over the class. 1: all in one place.",
            ),
        )
    if kind == HARD:
        rate = _rate()
        strict = st.slider(
            "Role of chance",
            0.02,
            1.0,
            0.1,
            0.02,
            key="chance",
            bind="query-params",
            help="Small: the hardest samples alone are mislabelled. Large: any sample may be.",
        )
        return InstanceDependent(rate, strict)
    if kind == PEOPLE:
        return _people(source)
    return model()  # type: ignore[call-arg]  # toy asymmetric and no noise take nothing


def _rate() -> float:
    return st.slider("Nominal rate", 0.0, 1.0, 0.4, 0.05, key="share", bind="query-params")


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
