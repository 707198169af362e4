"""What the page about noise shows of a finished study: rates, matrices, counts, places, papers, and what to take home."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lab.core.spreadsheet import plain_cell
from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.figures.noise import (
    counts_alt,
    feature_map,
    label_counts,
    short,
    transition_alt,
    transition_heatmap,
)
from lab.noise import Concentrated, HumanLabels, LocallyConcentrated, Matrix
from lab.specs import LabelStudy, to_json
from lab.specs.datasets import DATASETS
from lab.specs.presets import LABELS
from lab.ui.jobs import latest_run
from lab.ui.noise_matrix import MOST_CLASSES, matrix_editor, to_steps
from lab.ui.noise_models import NAMES_OF, SWITCH_TO_OWN, desk_of
from lab.ui.noise_samples import samples
from lab.ui.take_home import File, take_home
from lab.ui.words import sentence

MOST_NAMED = 5  # classes named in a sentence
MOST_MAPPED_CLASSES = 10  # told apart on one map
MOST_DRAWN = 1200  # points of one map: with more, the rings cover everything
PLAIN_CHART = {"displaylogo": False}


def show_study(run: Run) -> None:
    """Everything about one finished study."""
    rate_strip(run)
    plurality(run)
    matrices(run)
    if "concentration" in run.metrics:
        place(run)
    st.subheader("What the labels look like now")
    samples(run)
    papers(run)
    st.caption(f"Seed {run.request.seed}, study {run.request.digest}.")
    take_home(lambda: run, _files, note="")


def meanwhile(study: LabelStudy | None) -> Run | None:
    """What stands there while what was asked for does not: the run before, or the lab's own, and a word on it.

    No word while a matrix is being typed: the reason stands at the grid, and the page must not jump under the hand.
    """
    before = latest_run(LabelStudy)
    run = before or shipped(LABELS.digest)
    typing = st.session_state.get("model") == SWITCH_TO_OWN["model"]
    if run is not None and (before is None or (study is None and not typing)):
        source, kind = run.request.dataset.name, NAMES_OF[type(run.request.noise)].lower()
        name = DATASETS[source].title if source in DATASETS else source
        why = "What the side bar asks for cannot be done; the reason stands there. " if study is None else ""
        st.info(sentence(f"{why}Shown meanwhile: {name}, {kind}"), icon=":material/info:")
    return run


def rate_strip(run: Run) -> None:
    """Nominal, effective and realised rate, and how many were drawn."""
    m, noise = run.metrics, run.request.noise
    nominal = "a result" if m["nominal_rate"] is None else f"{m['nominal_rate']:.0%}"
    if isinstance(noise, (Matrix, HumanLabels)):
        nominal = "your matrix" if isinstance(noise, Matrix) else "not stated"
    cells = (
        ("Nominal rate", nominal, "What the noise model calls its rate. Papers mean different things by it."),
        (
            "Effective rate π",
            f"{m['effective_rate']:.1%}",
            "The share of wrong labels to expect. The only rate that compares across kinds of noise.",
        ),
        (
            "Wrong labels here",
            f"{m['realised_rate']:.1%}",
            f"{m['n_changed']:,} of {m['n']:,} labels differ from the true class in this draw.",
        ),
        (
            "Drawn for noise",
            f"{m['selected_rate']:.1%}",
            "Samples whose label was drawn anew. Some draw their old label again, so drawn is not the same as wrong.",
        ),
    )
    for column, (label, value, help_text) in zip(st.container(key="rates").columns(4), cells, strict=True):
        column.metric(label, value, help=help_text)


def plurality(run: Run) -> None:
    """A warning that names the classes which are no longer the most frequent label of their own samples."""
    m = run.metrics
    lost = [c for c, kept in enumerate(m["survives"]) if not kept]
    if lost:
        whose = "this class" if len(lost) == 1 else "each of them"
        words = (
            f"{_named(lost, m['classes'])} lost the plurality: among the samples of {whose} another label is at least as "
            f"frequent as the right one, so that a vote of neighbours goes wrong. {_breaking(run, 'It happens')}"
        )
        st.warning(sentence(words.strip()), icon=":material/warning:")
        return
    words = "In every class the right label is still the most frequent one. " + _breaking(run, "That ends")
    if isinstance(run.request.noise, (LocallyConcentrated, Concentrated)):
        words += "In the mislabelled places it is not: there, neighbours agree on a wrong one."
    st.caption(sentence(words.strip()))


def _breaking(run: Run, verb: str) -> str:
    """From which nominal rate on the first classes lose their plurality; nothing where there is no such rate."""
    m = run.metrics
    breaks = {c: rate for c, rate in enumerate(m["breaking_rate"] or []) if rate is not None and rate <= 1}
    if not breaks or isinstance(run.request.noise, Matrix):
        return ""
    lowest = min(breaks.values())
    first = [c for c, rate in breaks.items() if rate < lowest + 1e-9]
    whose = "all of them" if len(first) == len(m["classes"]) else _named(first, m["classes"])
    return f"{verb} from a nominal rate of {lowest:.0%} on, for {whose}. "


def _named(chosen: list[int], classes: list[str]) -> str:
    names = [f"“{short(classes[c])}”" for c in chosen[:MOST_NAMED]]
    more = len(chosen) - len(names)
    return ("class " if len(chosen) == 1 else "classes ") + ", ".join(names) + (f" and {more} more" if more else "")


def matrices(run: Run) -> None:
    """Where the labels go: as planned, as drawn, how many each class has, and the grid in which the plan is edited."""
    arrays, classes = run.arrays, run.metrics["classes"]
    st.subheader("Where the labels go")
    left, right = st.container(key="matrices").columns(2)
    words = "Row: true class. Column: given label. Numbers are percent of the row."
    if "T" in arrays:
        heatmap(left, "Planned", arrays["T"], classes)
        heatmap(right, "Drawn here", arrays["T_empirical"], classes)
        st.caption(f"{words} After DRO, Fig. 4g.")
        if len(classes) <= MOST_CLASSES:
            edit_matrix(arrays["T"], classes)
        counts(st.container(), run)
        return
    heatmap(left, "Drawn here", arrays["T_empirical"], classes)
    counts(right, run)
    st.caption(f"{words} This noise looks at each sample and not at its class alone, so no matrix plans it.")


def heatmap(place: DeltaGenerator, title: str, T: np.ndarray, classes: list[str]) -> None:
    """One matrix."""
    place.plotly_chart(
        transition_heatmap(T, classes, title=title, dark=st.context.theme.type == "dark"),
        key=f"matrix-{title}",
        alt=transition_alt(T, classes, title=title),
        config=PLAIN_CHART,
    )


def edit_matrix(T: np.ndarray, classes: list[str]) -> None:
    """The grid, open where the matrix is one's own."""
    own = st.session_state.get("model") == SWITCH_TO_OWN["model"]
    desk = desk_of(classes)
    shown = desk.laid if own and desk.laid is not None else to_steps(T)
    with st.expander("Edit this matrix", icon=":material/edit:", expanded=own, key="group-edit"):
        matrix_editor(shown, classes, desk)


def counts(place: DeltaGenerator, run: Run) -> None:
    """Label counts before and after."""
    m = run.metrics
    data = (m["counts_clean"], m["counts_given"], m["classes"])
    place.plotly_chart(label_counts(*data), key="label-counts", alt=counts_alt(*data), config=PLAIN_CHART)


def place(run: Run) -> None:
    """Where the wrong labels sit, and how concentrated they are."""
    arrays, m = run.arrays, run.metrics
    classes, y = m["classes"], arrays["y_clean"][arrays["mapped"]]
    st.subheader("Where the wrong labels sit")
    st.markdown(sentence(index_words(run)))
    focus = st.selectbox("Show", ["all classes", *classes], key="focus", bind="query-params", width=260)
    if focus == "all classes":
        shown, places = np.flatnonzero(y < MOST_MAPPED_CLASSES), arrays["map_all"]
        title = "All classes" if len(classes) <= MOST_MAPPED_CLASSES else f"The first {MOST_MAPPED_CLASSES} classes"
    else:
        shown, places = np.flatnonzero(y == classes.index(focus)), arrays["map_own"]
        title = f"Class “{short(focus)}” alone"
    drawn = shown[:: -(-len(shown) // MOST_DRAWN)] if len(shown) else shown
    changed = arrays["changed"][arrays["mapped"][drawn]]
    st.plotly_chart(
        feature_map(places[drawn], y[drawn], changed, classes, title=title),
        key="feature-map",
        alt=f"{title}: {len(drawn):,} samples by two principal components, {int(changed.sum()):,} ringed as wrongly labelled.",
        config=PLAIN_CHART,
    )
    st.caption(
        sentence(
            f"{len(drawn):,} samples, placed by the principal components of their inputs. The map flattens up to 50 "
            "dimensions into two, so what looks close need not be. After DRO, Fig. 4h, which uses a network’s features"
        )
    )


def index_words(run: Run) -> str:
    """The concentration index in a sentence."""
    place, rate = run.metrics["concentration"], run.metrics["realised_rate"]
    if place["index"] is None:
        return "No label is wrong"
    words = (
        f"Concentration index {place['index']:.2f}: of the {place['n_neighbors']} nearest neighbours of a wrong label, "
        f"{place['index'] * rate:.0%} are wrong too, while {rate:.0%} of all labels are. 1 means spread evenly; "
        f"{place['highest']:.2f}, the most there can be, means wrong labels have only wrong neighbours. Measured on "
        f"{place['n_rows']:,} of {run.metrics['n']:,} samples"
    )
    return words


def papers(run: Run) -> None:
    """What each paper would call this much noise."""
    m, kind = run.metrics, type(run.request.noise).__name__
    st.subheader("Which rate each paper would call this")
    rows = sorted(m["papers"], key=lambda row: row["model"] != kind)
    table = pd.DataFrame(
        {
            "Paper": [row["paper"] for row in rows],
            "Its noise": [row["name"] for row in rows],
            "Its rate": ["cannot reach it" if row["rate"] is None else f"{row['rate']:.1%}" for row in rows],
            "What that rate counts": [row["meaning"] for row in rows],
            "Same kind as here": ["yes" if row["model"] == kind else "" for row in rows],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config={"Paper": st.column_config.Column(width="medium")},
        key="papers",
        alt="The rate that each paper would state for as many wrong labels.",
    )
    st.caption(
        sentence(
            f"Each row would make {m['effective_rate']:.1%} of the labels wrong, as here. Where a rate counts source "
            f"classes only, they hold {m['source_weight']:.1%} of the samples"
        )
    )


def safe_text(name: str) -> str:
    """A class name that no spreadsheet takes for a formula."""
    return plain_cell(str(name))


def labels_csv(run: Run) -> bytes:
    """Row number in the data set, true class, given label, and whether they differ."""
    names = np.array([safe_text(name) for name in run.metrics["classes"]])
    table = pd.DataFrame(
        {
            "index": run.arrays["index"],
            "clean": names[run.arrays["y_clean"]],
            "given": names[run.arrays["y_given"]],
            "changed": run.arrays["changed"],
        }
    )
    return table.to_csv(index=False).encode()


def _files(run: Run) -> list[File]:
    name = f"labels-{run.request.digest}"
    return [
        File("Labels (CSV)", lambda: labels_csv(run), f"{name}.csv", "text/csv"),
        File("Study (JSON)", lambda: to_json(run.request, indent=1), f"{name}.json", "application/json"),
    ]
