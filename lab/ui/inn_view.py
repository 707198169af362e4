"""The page about wrong labels: one training, every detector, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lab.core.spreadsheet import csv_text
from lab.experiments import Run, find
from lab.experiments.gallery import shipped
from lab.figures.inn_payload import below, counts_at, encode
from lab.specs import to_json
from lab.specs.detection import Detection
from lab.specs.presets import DETECTION
from lab.ui import address, inn
from lab.ui.choices import renew
from lab.ui.inn_figures import heavy_noise, over_training, parts, small_class
from lab.ui.inn_sample import show_sample
from lab.ui.inn_study import Study
from lab.ui.jobs import finished_run, latest_run
from lab.ui.run_view import RunView
from lab.ui.run_words import run_title
from lab.ui.take_home import code_popover, link_popover
from lab.ui.words import duration, percent, sentence

COMPONENT, SAMPLE = "scores", "one sample"
VIEWS = ("Scores", "Over training", "Parts of INN", "A small class", "Heavy noise")
FIRST = ("inn", "auto", "small_loss_ce")
MOST_DRAWN = 6
SPACES = {"inputs": "the inputs", "network": "the network’s features"}
NETWORKS, DETECTORS = 3, 1.3  # of the training's own time: what a study takes


def show_page(view: RunView) -> None:
    """Everything about the labels of one training."""
    look = st.segmented_control("Look at", VIEWS, default=VIEWS[0], key="look", bind="query-params") or VIEWS[0]
    if look == "A small class":
        return small_class()
    if look == "Heavy noise":
        return heavy_noise()
    run = _study_run(view) or _meanwhile()
    if run is None:
        return None
    study = Study(run)
    if look == "Over training":
        return over_training(study)
    if look == "Parts of INN":
        return parts(study)
    return show_scores(study)


def _study_run(view: RunView) -> Run | None:
    space = st.segmented_control(
        "Neighbours of INN’s rivals, and held-out probabilities, by",
        list(SPACES),
        default="inputs",
        format_func=SPACES.__getitem__,
        key="space",
        bind="query-params",
        help="Wrong labels shape the features of a network that has learnt them by heart; inputs stay what they are.",
    )
    try:
        request = Detection(experiment=view.request, space=space or "inputs")
    except ValueError as error:
        st.error(sentence(error), icon=":material/error:")
        return None
    place = st.empty()
    if not (shipped(request.digest) or find(request.digest)):
        if not _wanted(place, view):
            return None
        place.empty()
    return finished_run(request, patience=0.4)


def _meanwhile() -> Run | None:
    """What stands there until this training's study does: the study before, or the lab's own, and a word on it."""
    run = latest_run(Detection) or shipped(DETECTION.digest)
    if run is not None:
        st.info(sentence(f"Shown meanwhile: {run_title(run.request.experiment)}"), icon=":material/info:")
    return run


def _wanted(place: DeltaGenerator, view: RunView) -> bool:
    """What it costs, and whether somebody has asked for it."""
    seconds = view.metrics["seconds"] * (NETWORKS + DETECTORS) + 15
    with place.container():
        st.info(
            "The detectors need three networks trained as this one was: with cross-entropy, with negative entropy "
            f"added, and with MixUp. That takes about {duration(seconds)} on this machine."
        )
        return st.button("Ask every detector", key="ask", icon=":material/play_arrow:", type="primary")


def show_scores(study: Study) -> None:
    """Distributions with their lines, the table, one sample, and what to take home."""
    _rates(study)
    picked = st.pills(
        "Detectors",
        study.names,
        selection_mode="multi",
        default=list(FIRST),
        format_func=lambda name: next(one["title"] for one in study.detectors if one["name"] == name),
        key="detectors",
        bind="query-params",
    )
    names = sorted((picked or FIRST), key=lambda name: (name != "inn", study.names.index(name)))
    if len(names) > MOST_DRAWN:
        st.info(f"The first {MOST_DRAWN} of these are drawn; the table below has them all.")
        names = names[:MOST_DRAWN]
    digest = study.run.request.digest
    start = inn.Chosen(_linked_lines(study), names[0], _linked_sample(study))
    inn.mount(payload_of(study, names), key=COMPONENT, digest=digest, start=start, on_choice=partial(renew, SAMPLE))
    _the_line_of_three_quarters(study)

    @st.fragment(key=SAMPLE)
    def one_sample() -> None:
        choice = inn.chosen(COMPONENT, digest, start)
        row = choice.sample if 0 <= choice.sample < len(study.wrong) else _first_sample(study)
        if choice.sample >= 0:
            address.write("sample", str(row))
        if lines := _lines_as_text(study, choice.cuts):
            address.write("lines", lines)
        st.subheader("One sample", anchor=False)
        st.caption("Press a picture above to look at another.")
        show_sample(study, row, choice.cuts)
        st.subheader("Every detector", anchor=False)
        table = pd.DataFrame(detector_table(study, choice.cuts))
        st.dataframe(table, hide_index=True, column_config={"Detector": st.column_config.Column(pinned=True)})
        st.caption(
            "AUC: the chance that a wrong label scores below a right one. Own verdict: by the detector’s own rule, without "
            "truth; at your line: what lies below it. Smallest class: AUC among its samples alone. Seconds are those of the "
            "verdict, without the networks it reads."
        )
        take_home(study, choice.cuts, table)

    one_sample()


def payload_of(study: Study, names: list[str]) -> bytes:
    """What the component draws."""
    arrays = study.run.arrays
    return encode(
        [study.scores_of(name) for name in names],
        y_given=arrays["y_given"],
        y_clean=arrays["y_clean"],
        classes=study.classes,
        pictures=arrays.get("pictures"),
        picture_rows=arrays.get("picture_rows"),
    )


def _rates(study: Study) -> None:
    metrics = study.run.metrics
    nominal, alarm = metrics["nominal_rate"], metrics["alarm"]
    words = [
        f"**{metrics['n_wrong']:,} of {metrics['n']:,}** labels are wrong: {percent(metrics['realised_rate'])}",
        f"{percent(metrics['effective_rate'])} expected" if metrics["effective_rate"] is not None else "",
        f"nominal rate {percent(nominal)}" if nominal is not None else "",
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("; ".join(word for word in words if word) + ".", width="content")
        st.badge("judged by true labels, which no detector sees", icon=":material/verified:", color="blue")
    show = st.warning if alarm["sounds"] else st.caption
    show("Do wrong labels sit together? " + alarm["message"])


def _the_line_of_three_quarters(study: Study) -> None:
    wrong, score = study.wrong, study.score("inn").astype(np.float64)
    above, below_line = (score[~wrong] > 0.75).mean(), (score[wrong] < 0.75).mean()
    st.caption(
        "3/4: if most neighbours of every sample carried its true label and the network were straight between samples, right "
        "labels would score above 3/4 and wrong ones below. (The paper’s Lemma 1 asks for a plurality only, which is not "
        f"enough.) Here {percent(above)} of the right ones do, and {percent(below_line)} of the wrong ones."
    )


def _lines_as_text(study: Study, cuts: Mapping[str, float]) -> str:
    """The lines that were moved, as `inn:0.8,knn:0.35`."""
    moved = {name: cut for name, cut in cuts.items() if name in study.names and abs(cut - study.cut(name)) > 1e-4}
    return ",".join(f"{name}:{cut:.4f}" for name, cut in moved.items())


def _linked_lines(study: Study) -> dict[str, float]:
    """Where the lines stand by the address; what is no number, or no detector, is left out."""
    lines = {}
    for part in address.read("lines").split(","):
        name, _, text = part.partition(":")
        try:
            cut = float(text)
        except ValueError:
            continue
        if name in study.names and np.isfinite(cut):
            lines[name] = cut
    return lines


def _linked_sample(study: Study) -> int:
    asked = address.number("sample", -1)
    return asked if asked < len(study.wrong) else -1


def _first_sample(study: Study) -> int:
    """A wrong label that INN doubts most."""
    score = np.where(study.wrong, study.score("inn"), np.inf) if study.wrong.any() else study.score("inn")
    return int(np.argmin(score))


def detector_table(study: Study, cuts: Mapping[str, float]) -> list[dict[str, Any]]:
    """A line a detector; the table on the page and in the download."""
    rows = []
    for one in study.detectors:
        cut = cuts.get(one["name"], study.cut(one["name"]))
        at_line = counts_at(study.score(one["name"]), study.wrong, cut)
        rows.append(
            {
                "Detector": one["title"],
                "AUC": _number(one["auroc"]),
                "AUPRC": _number(one["auprc"]),
                "Precision at the number of errors": _number(one["precision_at_errors"]),
                "Own verdict: called wrong": one["n_flagged"],
                "Own precision": _number(one["precision"]),
                "Own recall": _number(one["recall"]),
                "Own F1": _number(one["f1"]),
                "Your line": round(cut, 4),
                "Below it": at_line.flagged,
                "Truly wrong of these": at_line.hits,
                "Precision": _number(at_line.precision),
                "Recall": _number(at_line.recall),
                "F1": _number(at_line.f1),
                f"AUC, smallest class ({study.run.metrics['minority']})": _number(one["minority_auroc"]),
                "Seconds": round(one["seconds"], 3),
                "Needs": ", ".join(need.replace("|", " or ").replace("_", " ") for need in one["needs"]),
                "Source": one["source"],
            }
        )
    return rows


def take_home(study: Study, cuts: Mapping[str, float], table: pd.DataFrame) -> None:
    """Downloads, link and code."""
    request = study.run.request
    name = f"wrong-labels-{request.digest}"
    with st.container(horizontal=True):
        st.download_button(
            "Samples (CSV)", lambda: samples_csv(study, cuts), f"{name}.csv", "text/csv", on_click="ignore"
        )
        st.download_button(
            "Table (CSV)", lambda: table.to_csv(index=False), f"{name}-table.csv", "text/csv", on_click="ignore"
        )
        st.download_button("Study (JSON)", to_json(request, indent=1), f"{name}.json", on_click="ignore")
        link_popover()
        code_popover(code_of(request))
    st.caption(f"Study {request.digest}")


def code_of(request: Detection) -> str:
    """A script that gives the same numbers."""
    return f"""from lab.experiments import run
from lab.specs import from_json

study = from_json('''{to_json(request)}''')
result = run(study)
print(study.digest)
for detector in result.metrics["detectors"]:
    print(detector["name"], detector["auroc"])
"""


def samples_csv(study: Study, cuts: Mapping[str, float]) -> str:
    """Every label: its row in the data set, what it is given and truly is, and each detector's score and verdicts."""
    arrays, classes, names = study.run.arrays, study.classes, study.names
    heads = [f"{kind}_{name}" for name in names for kind in ("score", "own_verdict", "below_line")]
    columns: list[Any] = []
    for name in names:
        score = study.score(name)
        columns += [
            [f"{value:.7g}" for value in score],
            study.verdict(name).astype(int),
            below(score, cuts.get(name, study.cut(name))).astype(int),
        ]
    given, true = ([classes[int(y)] for y in arrays[name]] for name in ("y_given", "y_clean"))
    firsts = (range(len(arrays["rows"])), arrays["rows"], given, true, study.wrong.astype(int))
    rows = zip(*firsts, *columns, strict=True)
    return csv_text(["sample", "row", "given", "true", "is_wrong", *heads], rows)


def _number(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else round(float(value), 4)
