"""What the page about noise shows of a finished study: rates, matrices, counts, places, papers, and what to take home."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from lab.experiments import Run
from lab.figures.noise import (
    counts_alt,
    feature_map,
    label_counts,
    transition_alt,
    transition_heatmap,
)
from lab.noise import Concentrated, InstanceDependent, LocallyConcentrated, Matrix
from lab.specs import LabelStudy, to_json
from lab.specs.code import as_code
from lab.ui.noise_matrix import DESK, MOST_CLASSES, matrix_editor, to_steps
from lab.ui.noise_models import SWITCH_TO_OWN
from lab.ui.noise_samples import samples
from lab.ui.share import share_link
from lab.ui.words import sentence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MOST_NAMED = 5  # classes named in a sentence
MOST_MAPPED_CLASSES = 8  # told apart on one map


def show_study(run: Run) -> None:
    """Everything about one finished study."""
    rate_strip(run)
    plurality(run)
    matrices(run)
    counts(run)
    if "concentration" in run.metrics:
        place(run)
    st.subheader("What the labels look like now")
    samples(run)
    papers(run)
    take_home(run)


def rate_strip(run: Run) -> None:
    """Nominal, effective and realised rate, and how many were drawn."""
    m, noise = run.metrics, run.request.noise
    nominal = "none stated" if m["nominal_rate"] is None else f"{m['nominal_rate']:.0%}"
    if isinstance(noise, Matrix):
        nominal = "your matrix"
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
    for column, (label, value, help_text) in zip(st.columns(4), cells, strict=True):
        column.metric(label, value, help=help_text)


def plurality(run: Run) -> None:
    """A warning that names the classes which are no longer the most frequent label of their own samples."""
    m = run.metrics
    classes, survives, breaking = m["classes"], m["survives"], m["breaking_rate"]
    lost = [c for c, kept in enumerate(survives) if not kept]
    breaks = {c: rate for c, rate in enumerate(breaking or []) if rate is not None and rate <= 1}
    when = ""
    if breaks and isinstance(run.request.noise, Matrix) is False:
        lowest = min(breaks.values())
        first = [c for c, rate in breaks.items() if rate < lowest + 1e-9]
        whose = "every class" if len(first) == len(classes) else f"{_named(first, classes)}"
        when = f"For {whose} that happens at a nominal rate of {lowest:.0%}. "
    if not lost:
        words = "The true class is still the most frequent label of its samples, in every class. " + (
            when.replace("that happens", "that ends") if when else ""
        )
        if isinstance(run.request.noise, (LocallyConcentrated, Concentrated)):
            words += "Inside the mislabelled places it is not: there, neighbours agree on the wrong label."
        st.caption(sentence(words.strip()))
        return
    st.warning(
        sentence(
            f"{_named(lost, classes)}: most samples of {'this class' if len(lost) == 1 else 'each of these classes'} "
            f"do not carry its label any more than another one, so a majority of neighbours can no longer find it. {when}".strip()
        ),
        icon=":material/warning:",
    )


def _named(chosen: list[int], classes: list[str]) -> str:
    names = [f"“{classes[c]}”" for c in chosen[:MOST_NAMED]]
    more = len(chosen) - len(names)
    return ("class " if len(chosen) == 1 else "classes ") + ", ".join(names) + (f" and {more} more" if more else "")


def matrices(run: Run) -> None:
    """Where the labels go: as planned, as drawn, and the grid in which the plan is edited."""
    arrays, classes = run.arrays, run.metrics["classes"]
    dark = st.context.theme.type == "dark"
    st.subheader("Where the labels go")
    both = [("Planned", arrays["T"])] if "T" in arrays else []
    both.append(("Drawn here", arrays["T_empirical"]))
    for column, (title, T) in zip(st.columns(2), both, strict=False):
        column.plotly_chart(
            transition_heatmap(T, classes, title=title, dark=dark),
            key=f"matrix-{title}",
            alt=transition_alt(T, classes, title=title),
            config={"displaylogo": False},
        )
    words = "Row: true class. Column: given label. Numbers are percent of the row."
    if "T" not in arrays:
        words += " This noise looks at the sample and not at its class alone, so there is no matrix to plan it by."
    st.caption(words + " After DRO, Fig. 4g.")
    if "T" in arrays and len(classes) <= MOST_CLASSES:
        edit_matrix(run.request, arrays["T"], classes)


def edit_matrix(study: LabelStudy, T: np.ndarray, classes: list[str]) -> None:
    """The grid, open where the matrix is one's own."""
    own = st.session_state.get("model") == SWITCH_TO_OWN["model"]
    desk = st.session_state.get(DESK, {}).get(len(classes))
    shown = desk if own and desk is not None else to_steps(T)
    with st.expander("Edit this matrix", icon=":material/edit:", expanded=own, key="group-edit"):
        matrix_editor(shown, classes, SWITCH_TO_OWN)


def counts(run: Run) -> None:
    """Label counts before and after."""
    m = run.metrics
    data = (m["counts_clean"], m["counts_given"], m["classes"])
    st.plotly_chart(label_counts(*data), key="label-counts", alt=counts_alt(*data), config={"displaylogo": False})
    st.caption("Wide outline: true classes. Hatched bar: given labels.")


def place(run: Run) -> None:
    """Where the wrong labels sit, and how concentrated they are."""
    arrays, m = run.arrays, run.metrics
    classes = m["classes"]
    st.subheader("Where the wrong labels sit")
    options = ["all classes", *classes]
    focus = st.selectbox("Show", options, key="focus", bind="query-params", width=260)
    rows = arrays["mapped"]
    y, changed = arrays["y_clean"][rows], arrays["changed"][rows]
    if focus == "all classes":
        kept, places, title = np.ones(len(rows), dtype=bool), arrays["map_all"], "All classes"
        if len(classes) > MOST_MAPPED_CLASSES + 2:
            kept = y < MOST_MAPPED_CLASSES
            title = f"The first {MOST_MAPPED_CLASSES} classes"
    else:
        kept, places, title = y == classes.index(focus), arrays["map_own"], f"Class “{focus}” alone"
    st.plotly_chart(
        feature_map(places[kept], y[kept], changed[kept], classes, title=title),
        key="feature-map",
        alt=f"{title}: {int(kept.sum()):,} samples by their first two principal components, {int(changed[kept].sum()):,} of them ringed as wrongly labelled.",
        config={"displaylogo": False},
    )
    st.caption(sentence(index_words(run)))
    st.caption(
        sentence(
            f"{len(rows):,} of {m['n']:,} samples, placed by principal components of the inputs themselves. The map flattens "
            "up to 50 dimensions into two, so what looks close need not be. After DRO, Fig. 4h, which uses a network’s features"
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
        f"{place['highest']:.2f}, the most there can be, means wrong labels have only wrong neighbours"
    )
    if isinstance(run.request.noise, InstanceDependent):
        words += ". Hard samples lie between classes, each among others that are right"
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
        table, hide_index=True, key="papers", alt="The rate that each paper would state for as many wrong labels."
    )
    st.caption(
        sentence(
            f"Each row would make {m['effective_rate']:.1%} of the labels wrong, as here. Where a rate counts source "
            f"classes only, they hold {m['source_weight']:.1%} of the samples"
        )
    )


def safe_text(name: str) -> str:
    """A class name that no spreadsheet takes for a formula."""
    return f"'{name}" if str(name).startswith(FORMULA_STARTS) else str(name)


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


def take_home(run: Run) -> None:
    """Link, code and downloads."""
    study: LabelStudy = run.request
    name = f"labels-{study.digest}"
    st.caption(f"Seed {study.seed}, study {study.digest}.")
    link, code, save = st.columns(3)
    with link.popover("Copy link", icon=":material/link:", width="stretch"):
        st.caption("Opens this very state on another machine.")
        st.code(share_link(), language=None, wrap_lines=True)
    with code.popover("As code", icon=":material/code:", width="stretch"):
        st.caption("Runs without the browser and gives the same labels.")
        st.code(as_code(study), language="python")
    with save.popover("Download", icon=":material/download:", width="stretch"):
        st.download_button(
            "Labels (CSV)", lambda: labels_csv(run), f"{name}.csv", "text/csv", on_click="ignore", width="stretch"
        )
        st.download_button(
            "Study (JSON)",
            lambda: to_json(study, indent=1),
            f"{name}.json",
            "application/json",
            on_click="ignore",
            width="stretch",
        )
