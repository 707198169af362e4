"""What the page about expected accuracy shows of a finished forecast: the curves, and what to take home."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from lab.core.spreadsheet import csv_text
from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.figures.forecast_payload import Curves, encode
from lab.noise import Concentrated, Matrix
from lab.specs import DataSource, Forecast, NoData, to_json
from lab.specs.datasets import DATASETS
from lab.specs.presets import FORECAST
from lab.ui import address
from lab.ui.choices import renew
from lab.ui.forecast import Start, level_of, mount
from lab.ui.forecast_blind import blind_section
from lab.ui.forecast_data import OTHER_NAMES
from lab.ui.forecast_figures import LEVEL, REVISION
from lab.ui.forecast_form import CLEAN_NAMES, OWN, TIE_NAMES, desk_of
from lab.ui.forecast_networks import Measured, best_in_words, choose_networks, networks_section
from lab.ui.forecast_table import exactness_table, is_spread
from lab.ui.jobs import latest_run
from lab.ui.noise_data import classes_of
from lab.ui.noise_matrix import matrix_editor
from lab.ui.noise_models import NAMES_OF
from lab.ui.run_words import run_title
from lab.ui.take_home import File, take_home
from lab.ui.words import percent, sentence

COMPONENT, EXPLORER = "expected", "exactness"  # the component, and the fragment that follows its level
AT = "at"  # the level in the address bar
FIRST_LEVEL = 0.6
NEEDS_DATA = "Real neighbours, networks, and the estimate without clean labels need data: choose a set under “Data” in the side bar."


def meanwhile(asked: Forecast | None) -> Run | None:
    """What stands there while what was asked for does not: the run before, or the lab's own, and a word on it."""
    before = latest_run(Forecast)
    run = before or shipped(FORECAST.digest)
    if run is not None and asked is None:
        why = "What the side bar asks for cannot be done; the reason stands there."
        st.info(sentence(f"{why} Shown meanwhile: {title(run)}"), icon=":material/info:")
    return run


def show_forecast(run: Run) -> None:
    """Curves, exactness at the level, networks, what can be said without clean labels, and what to take home."""
    start = _start()
    highest = run.request.highest
    networks = choose_networks(run.request)
    mount(encode(curves_of(run, networks)), key=COMPONENT, start=start, on_level=partial(renew, EXPLORER))
    st.caption(sentence(_small_print(run)))
    if networks is not None:
        st.markdown(f"Networks, {best_in_words(networks)}.")
        if networks.base.uses_clean_labels:
            st.badge("the best epoch is chosen by clean labels", icon=":material/verified:", color="orange")

    @st.fragment(key=EXPLORER)
    def explorer() -> None:
        level = level_of(COMPONENT, start, highest)
        st.session_state[LEVEL] = level
        address.write(AT, f"{level:g}")
        exactness_table(run, level)
        if run.request.has_data:
            blind_section(run, level)

    explorer()
    if run.request.has_data:
        networks_section(run, networks)
    else:
        st.markdown(NEEDS_DATA)
    if st.session_state.get("kind") == OWN:
        edit_matrix(run.request.dataset)
    take_home(lambda: run, _files)


def _start() -> Start:
    """Where the level starts: a figure's, or the one in the address bar."""
    if LEVEL not in st.session_state:
        st.session_state[LEVEL] = _linked_level()
    return Start(st.session_state[LEVEL], st.session_state.get(REVISION, 0))


def _linked_level() -> float:
    try:
        level = float(address.read(AT))
    except ValueError:
        return FIRST_LEVEL
    return level if 0 <= level <= 1 else FIRST_LEVEL


def curves_of(run: Run, networks: Measured | None = None) -> Curves:
    """A run in the form that the component draws."""
    forecast, arrays, m = run.request, run.arrays, run.metrics
    n_draws, n_ks = len(forecast.seeds), len(forecast.ks)
    measured = arrays.get("measured", np.empty((0, 1, n_ks)))
    spread = measured.std(axis=1, ddof=1) if n_draws > 1 else np.zeros((len(measured), n_ks))
    return Curves(
        what=title(run),
        n_classes=len(m["classes"]),
        ks=forecast.ks,
        highest=forecast.highest,
        coefficients=arrays["coefficients"],
        effective_factor=m["effective_factor"],
        breaking=m["breaking_rate"],
        n_draws=n_draws,
        levels=np.array(forecast.levels[: len(measured)]),
        mean=measured.mean(axis=1),
        spread=spread,
        has_place=isinstance(forecast.noise, Concentrated),
        outside=arrays["outside"].mean(axis=1) if "outside" in arrays and not is_spread(forecast.noise) else None,
        networks=None if networks is None else networks.drawn(),
    )


def title(run: Run) -> str:
    """Data and noise in a line."""
    forecast: Forecast = run.request
    noise = forecast.noise
    kind = "noise by a matrix" if isinstance(noise, Matrix) else f"{NAMES_OF[type(noise)].lower()} noise"
    if isinstance(noise, Concentrated):
        kind = f"noise of concentration {noise.concentration:g}"
    return f"{_data_name(forecast.dataset)}, {len(run.metrics['classes']):,} classes, {kind}"


def _data_name(source: DataSource | NoData) -> str:
    if isinstance(source, NoData):
        return "Theory alone, no data"
    return DATASETS[source.name].title if source.name in DATASETS else source.name


def _small_print(run: Run) -> str:
    forecast, source = run.request, run.request.dataset
    is_own = isinstance(source, DataSource) and source.name not in DATASETS
    own = " Labels are taken as true." if is_own else ""
    place = (
        " With a place, the expectation is a mixture: all neighbours of a share γ of the samples lie in the place."
        if isinstance(forecast.noise, Concentrated) and not is_spread(forecast.noise)
        else ""
    )
    return (
        f"Lines: Theorem 1 {_asked_in_words(run)}; a tie is {TIE_NAMES[forecast.ties]}.{place}{own} "
        f"Forecast {forecast.digest}"
    )


def _asked_in_words(run: Run) -> str:
    """Who votes, and what is around whom."""
    forecast, m = run.request, run.metrics
    if isinstance(source := forecast.dataset, NoData):
        rest = "" if source.purity == 1 else f", the others {OTHER_NAMES[source.others]}"
        alike = "all" if source.purity == 1 else percent(source.purity, 0)
        return f"alone; no data were used. Classes of one size; {alike} of a sample’s neighbours are of its own class{rest}"
    asked = "training samples, each without its own vote" if m["left_out"] else "test samples"
    network = forecast.network
    where = (
        " on the inputs"
        if network is None
        else f" in the features of a network ({run_title(network)}; training {network.digest})"
    )
    return (
        f"for {m['n_test']:,} {asked}, their neighbours among {m['n_train']:,}{where}; clean labels around each: "
        f"{CLEAN_NAMES[forecast.clean_from]}"
    )


def edit_matrix(source: DataSource | NoData) -> None:
    """The grid of one's own matrix, as on the page about noise."""
    classes = classes_of(source) or ()
    desk = desk_of(classes)
    if desk.laid is not None:
        with st.expander("Edit your matrix", icon=":material/edit:", expanded=True, key="group-edit"):
            matrix_editor(desk.laid, classes, desk)


def _files(run: Run) -> list[File]:
    name = f"forecast-{run.request.digest}"
    votes = File("Real votes (CSV)", lambda: votes_csv(run), f"{name}-votes.csv", "text/csv")
    return [
        File("Curves (CSV)", lambda: curves_csv(run), f"{name}-curves.csv", "text/csv"),
        *([votes] if run.request.seeds else []),  # else nobody voted
        File("Forecast (JSON)", lambda: to_json(run.request, indent=1), f"{name}.json", "application/json"),
    ]


def curves_csv(run: Run) -> bytes:
    """Expected accuracy of every K at 201 levels, with the effective rate."""
    forecast, curves = run.request, curves_of(run)
    head = ["level", "effective_rate", *(f"expected_k{k}" for k in forecast.ks)]
    levels = np.linspace(0, forecast.highest, 201)
    return csv_text(
        head, ([level, curves.effective_factor * level, *curves(float(level))] for level in levels)
    ).encode()


def votes_csv(run: Run) -> bytes:
    """Accuracy of real votes, a row for every level and draw, with the share of labels that were wrong."""
    forecast, arrays = run.request, run.arrays
    head = ["level", "seed", "wrong_labels", *(f"measured_k{k}" for k in forecast.ks)]
    rows = (
        [level, seed, arrays["wrong"][i, j], *arrays["measured"][i, j]]
        for i, level in enumerate(forecast.levels)
        for j, seed in enumerate(forecast.seeds)
    )
    return csv_text(head, rows).encode()
