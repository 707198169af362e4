"""The controls of the page about expected accuracy: widgets in, a frozen Forecast out. Every widget is in the address bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from lab.noise import MAPS, Concentrated, Flip, Matrix, MatrixNoise, Semantic, Symmetric, Uniform, two_alternatives
from lab.specs import DataSource, Experiment, Forecast, NoData
from lab.specs.datasets import DATASETS
from lab.specs.forecast import CLEAN_FROM, TIES, even_levels
from lab.specs.presets import NETWORK_BASE
from lab.ui.forecast_data import OTHER_NAMES, data_controls, theory_source
from lab.ui.noise_data import classes_of
from lab.ui.noise_form import Impossible, form_group
from lab.ui.noise_matrix import MOST_CLASSES, Desk, checked_matrix, first_matrix, own_matrix
from lab.ui.noise_models import DIAL, MAP_NAMES, NAMES, SEMANTIC
from lab.ui.run_picker import finished_trainings
from lab.ui.whole_number import whole_number
from lab.ui.words import sentence

TWO, OWN = "two", "matrix"
KIND_NAMES = {
    **{kind: NAMES[kind] for kind in ("uniform", "symmetric", "flip")},
    TWO: "Two alternatives",
    SEMANTIC: NAMES[SEMANTIC],
    OWN: NAMES["matrix"],
    DIAL: NAMES[DIAL],
}
SIMPLE: dict[str, type[Uniform | Symmetric | Flip]] = {"uniform": Uniform, "symmetric": Symmetric, "flip": Flip}
TIE_NAMES = dict(
    zip(TIES, ("an error (the paper)", "a draw among the tied", "won by the lowest class", "won"), strict=True)
)
CLEAN_NAMES = dict(zip(CLEAN_FROM, ("as in the data", "all of the right class", "the network’s softmax"), strict=True))
INPUTS = ""  # in place of a network's digest
SHARE = 0.7  # of the first of two alternatives, at first
MOST_NAMED = 100  # classes of a matrix that travels number by number
DEFAULT = Forecast()


def forecast_form() -> Forecast | None:
    """Draw the controls in the side bar; None if one holds something impossible, which is then said where it stands."""
    with st.sidebar:
        try:
            source = form_group("Data", "data", theory_source)
            noise = form_group("Noise on the labels", "noise", lambda: _noise(source))
            parts = form_group("Neighbours", "neighbours", lambda: _ks(source, noise))
            parts |= form_group("What the curves assume", "theory", lambda: _theory(source, parts["network"]))
            votes = "Levels and real votes" if isinstance(source, DataSource) else "Levels"
            return form_group(votes, "votes", lambda: Forecast(**parts, **_votes(source)))
        except Impossible:
            return None


def kinds_for(source: DataSource | NoData) -> list[str]:
    """The kinds of noise that this data set, or so many classes, can have."""
    n = len(classes_of(source) or ())
    fits = {SEMANTIC: bool(_maps(source)), OWN: 2 <= n <= MOST_CLASSES, TWO: 3 <= n <= MOST_NAMED}
    return [kind for kind in KIND_NAMES if fits.get(kind, True)]


def desk_of(classes: Sequence[str]) -> Desk:
    """Where this page's own matrix lies: the one that the page about noise has, too."""
    return Desk(len(classes), {"kind": OWN})


def _maps(source: DataSource | NoData) -> tuple[str, ...]:
    """Maps of classes that look alike."""
    known = DATASETS.get(source.name) if isinstance(source, DataSource) else None
    return known.maps if known else ()


def _noise(source: DataSource | NoData) -> MatrixNoise | Concentrated:
    """The kind of noise, at rate 1.

    Raises: ValueError if a parameter is impossible.
    """
    kind = st.selectbox("Kind", kinds_for(source), format_func=KIND_NAMES.__getitem__, key="kind", bind="query-params")
    if kind != OWN:
        desk_of(()).leave()
    if kind in SIMPLE:
        model: type[Any] = SIMPLE[kind]
    else:
        model = {TWO: Matrix, SEMANTIC: Semantic, OWN: Matrix, DIAL: Concentrated}[kind]
    st.caption(sentence(f"{model.about.replace('`rate`', 'γ')} Source: {model.source}"))
    classes = classes_of(source) or ()
    if kind == TWO:
        share = st.slider("Share of the first", 0.5, 1.0, SHARE, 0.05, key="first", bind="query-params")
        st.caption("Of the labels drawn for noise: the first goes to the next class, the second to the one after it.")
        return Matrix(1.0, two_alternatives(len(classes), share))
    if kind == SEMANTIC:
        return Semantic(1.0, _map(_maps(source)))
    if kind == OWN:
        st.caption("Type the numbers on the page, below the curves. At γ = 1 the labels follow your matrix.")
        return checked_matrix(own_matrix(desk_of(classes), first_matrix(len(classes))), 1.0, classes)
    if kind == DIAL:
        help_text = "0: spread over the class. 1: all in one place."
        dial = st.slider("Concentration", 0.0, 1.0, 1.0, 0.05, key="spot", bind="query-params", help=help_text)
        return Concentrated(1.0, dial)
    return SIMPLE[kind](1.0)


def _map(maps: tuple[str, ...]) -> str:
    name = maps[0]
    if len(maps) > 1:
        name = st.selectbox(
            "Which classes look alike", maps, format_func=MAP_NAMES.__getitem__, key="alike", bind="query-params"
        )
    return name if name in MAPS else maps[0]


def _ks(source: DataSource | NoData, noise: MatrixNoise | Concentrated) -> dict[str, Any]:
    """Data, noise and K, checked together, so that what is wrong with K is said at K."""
    text = st.text_input(
        "K, one curve each",
        value=write_ks(DEFAULT.ks),
        key="ks",
        bind="query-params",
        help="Up to seven numbers of neighbours with commas between them. A curve costs about as much as K√K.",
    )
    network = _network(source) if isinstance(source, DataSource) else None
    parts: dict[str, Any] = {"dataset": source, "noise": noise, "ks": read_ks(text), "network": network}
    Forecast(**parts, seeds=())
    return parts


def _network(source: DataSource) -> Experiment | None:
    """The training in whose features neighbours are looked for; None for the inputs."""
    known = networks_for(source)
    chosen = st.selectbox(
        "Neighbours are looked for",
        list(known),
        format_func=lambda digest: known[digest][0],
        key="by",
        bind="query-params",
        help="DRO looks for them among MNIST’s pixels, and among CIFAR-10’s and ImageNet’s penultimate features of a network.",
    )
    return known[chosen][1]


def networks_for(source: DataSource) -> dict[str, tuple[str, Experiment | None]]:
    """By digest, the trainings in whose features neighbours can be looked for: their names and what they are."""
    known: dict[str, tuple[str, Experiment | None]] = {INPUTS: ("among the inputs", None)}
    if source == NETWORK_BASE.dataset:
        known[NETWORK_BASE.digest] = ("in features of a network on clean labels", NETWORK_BASE)
    for digest, (name, request) in finished_trainings().items():
        if request.dataset == source and request.imbalance is None and digest not in known:
            known[digest] = (f"in features of: {name}", request)
    return known


def _theory(source: DataSource | NoData, network: Experiment | None) -> dict[str, Any]:
    """What the curves take for granted."""
    clean_from = _clean_from(network) if isinstance(source, DataSource) else DEFAULT.clean_from
    ties = st.selectbox(
        "A tie is",
        TIES,
        format_func=TIE_NAMES.__getitem__,
        key="ties",
        bind="query-params",
        help="The theory and the real votes both follow this rule.",
    )
    return {"clean_from": clean_from, "ties": ties}


def _clean_from(network: Experiment | None) -> str:
    has_softmax = network is not None and isinstance(network.noise, MatrixNoise)
    return st.selectbox(
        "Clean labels around a test sample",
        CLEAN_FROM if has_softmax else CLEAN_FROM[:2],
        format_func=CLEAN_NAMES.__getitem__,
        key="clean",
        bind="query-params",
        help="C_s of the paper. “All of the right class” is a set that can be learnt perfectly (Eq. 14). The softmax of a network on "
        "clean labels is the paper’s choice for networks; of one on noisy labels it is taken times the inverse of T, which is "
        "the lab’s own extension.",
    )


def _votes(source: DataSource | NoData) -> dict[str, Any]:
    """How far the curves go, and what is measured beside them."""
    highest = st.slider("Highest noise level γ", 0.2, 1.0, DEFAULT.highest, 0.05, key="top", bind="query-params")
    if isinstance(source, NoData):
        return {"levels": even_levels(highest), "seeds": ()}
    n_draws = st.slider(
        "Draws of the noise",
        0,
        20,
        len(DEFAULT.seeds),
        key="draws",
        bind="query-params",
        help="At every 0.1 or 0.05 of γ, noise is drawn so often and real neighbours vote. 0 shows the curves alone.",
    )
    n_test = whole_number(
        "Test samples",
        min_value=50,
        max_value=5000,
        value=DEFAULT.n_test,
        step=50,
        key="tests",
        help="At most so many are asked about, in the proportions of the classes.",
    )
    return {"levels": even_levels(highest), "seeds": tuple(range(n_draws)), "n_test": n_test}


def write_ks(ks: tuple[int, ...]) -> str:
    """(1, 5) as "1, 5"."""
    return ", ".join(map(str, ks))


def read_ks(text: str) -> tuple[int, ...]:
    """The reverse of `write_ks`, in any order and with repeats.

    Raises: ValueError if it is not a list of whole numbers.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    wrong = [part for part in parts if not (part.isascii() and part.isdecimal() and len(part) < 10)]
    if wrong or not parts:
        raise ValueError(f"K must be whole numbers with commas between them, got “{wrong[0] if wrong else text}”")
    return tuple(sorted({int(part) for part in parts}))


def controls_of(forecast: Forecast) -> dict[str, Any]:
    """The state of the widgets that describe a forecast; noise by simple kinds, two alternatives or the dial."""
    noise = forecast.noise
    kinds: dict[type, str] = {model: kind for kind, model in SIMPLE.items()}
    controls = {
        "kind": kinds.get(type(noise), TWO),
        "ks": write_ks(forecast.ks),
        "ties": forecast.ties,
        "top": forecast.highest,
        **data_controls(forecast.dataset),
    }
    if forecast.has_data:
        controls |= {
            "clean": forecast.clean_from,
            "draws": len(forecast.seeds),
            "tests": forecast.n_test,
            "by": INPUTS if forecast.network is None else forecast.network.digest,
        }
    if isinstance(noise, Concentrated):
        return controls | {"kind": DIAL, "spot": noise.concentration}
    return controls | ({"first": SHARE} if isinstance(noise, Matrix) else {})


def option_names(forecast: Forecast) -> dict[str, dict[Any, str]]:
    """What the options of the select boxes are called, by key."""
    names = {"kind": KIND_NAMES, "clean": CLEAN_NAMES, "ties": TIE_NAMES, "others": OTHER_NAMES}
    if isinstance(forecast.dataset, DataSource):
        names["by"] = {digest: name for digest, (name, _) in networks_for(forecast.dataset).items()}
    return names
