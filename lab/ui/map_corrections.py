"""Labels of finished corrections on a map: which ones are of the same labels, which one is shown, and what it changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from jaxtyping import Int, Integer, UInt8
from numpy import ndarray
from streamlit.delta_generator import DeltaGenerator

from lab.experiments import Experiment, Run
from lab.experiments.gallery import shipped
from lab.experiments.store import store
from lab.specs import Correction, FeatureMap, KNNFilter
from lab.specs.repair import REPAIRS
from lab.ui import address
from lab.ui.linked_select import linked_select
from lab.ui.repair_address import correction_address, labels_to_repair, method_name
from lab.ui.run_view import open_run
from lab.ui.words import percent, sentence

PAGE, ICON = "pages/repair.py", ":material/healing:"
SIDES = ("left", "right")
WIDTH = 300  # pixels


@dataclass(frozen=True, eq=False, slots=True)
class Corrected:
    """A finished correction of the labels on a map.

    Attributes:
        name: the method's, or the run's own. labels: where it ended, of every row on the map.
        side: whose labels they are, where the two maps have different ones; else "".
        y_given: where it began, of the same rows.
    """

    run: Run
    name: str
    labels: UInt8[ndarray, " m"]
    y_given: UInt8[ndarray, " m"]
    side: str = ""


def labels_at(correction: Run, rows: Integer[ndarray, " m"], y_given: Integer[ndarray, " m"]) -> ndarray | None:
    """The labels that a correction ended with, by the rows' numbers in the data set.

    Args:
        rows: numbers in the data set. y_given: their labels before.
    Returns: None where it did not begin with these very labels of these very rows.
    """
    known, labels = correction.arrays["rows"], correction.arrays["labels"]
    order = np.argsort(known)
    at = order[np.minimum(np.searchsorted(known, rows, sorter=order), len(known) - 1)]
    same = np.array_equal(known[at], rows) and np.array_equal(labels[0][at], y_given)
    return labels[-1][at] if same else None


def finished_corrections(experiment: Experiment) -> dict[str, tuple[str, Run]]:
    """Digest -> name and run of every finished correction of a training's labels: own ones, newest first, then shipped.

    Of the same data, noise, seed and edits. The kNN filter is left out: it changes no label.
    """
    own = {
        record.digest: (record.request, record.name)
        for record in store().records()
        if record.status == "done" and isinstance(record.request, Correction)
    }
    ours = [(digest, request, "") for digest, request in _shipped().items() if digest not in own]
    found = {}
    for digest, request, name in [*((digest, *about) for digest, about in own.items()), *ours]:
        if _same_labels(request.experiment, experiment) and not isinstance(request.method, KNNFilter):
            run = open_run(digest)
            if run is not None:
                found[digest] = (name or method_name(request), run)
    return found


def _shipped() -> dict[str, Correction]:
    """Those of neighbours first: what the page is about."""
    known = {each.digest: each for each in REPAIRS if isinstance(each, Correction) and shipped(each.digest)}
    return dict(sorted(known.items(), key=lambda item: "KNN" not in method_name(item[1])))


def _same_labels(one: Experiment, other: Experiment) -> bool:
    return (one.label_study, one.edits) == (other.label_study, other.edits)


def choose_corrected(run: Run, row: DeltaGenerator) -> tuple[Corrected, ...]:
    """One finished correction for every kind of given labels on the maps; the person picks, and the address holds it.

    Where there is none, it is said how to get one.

    Args:
        row: of controls, where the choice stands.
    """
    study: FeatureMap = run.request
    if study.part == "test":
        first = "unpick the figure and " if st.session_state.get("figure") else ""
        st.caption(f"Test rows have no given labels that could be corrected; to see some, {first}choose training rows.")
        return ()
    sides = SIDES if not _same_labels(study.left.judge, study.right.judge) else ("",)
    offered = {side: _offered(run, side) for side in sides}
    chosen = tuple(_pick(found, side, row) for side, found in offered.items() if found)
    _say_how({side: _judge(study, side) for side, found in offered.items() if not found})
    return chosen


def _judge(study: FeatureMap, side: str) -> Experiment:
    source = study.right if side == "right" else study.left
    return source.judge


def _offered(run: Run, side: str) -> dict[str, Corrected]:
    """By digest, the corrections that began with the labels on this side."""
    arrays = run.arrays
    y_given = arrays["right_y_given"] if side == "right" else arrays["y_given"]
    offered = {}
    for digest, (name, correction) in finished_corrections(_judge(run.request, side)).items():
        labels = labels_at(correction, arrays["rows"], y_given)
        if labels is not None:
            offered[digest] = Corrected(correction, name, labels, y_given, side)
    return offered


def _pick(offered: Mapping[str, Corrected], side: str, row: DeltaGenerator) -> Corrected:
    param = f"corrected-{side}" if side else "corrected"
    asked = address.read(param)
    if asked and asked not in offered:
        st.warning("The address names a correction that is not here, or is of other labels.", icon=":material/help:")
        address.write(param, "")
    picked = linked_select(
        f"Corrected labels{f', {side}' if side else ''}",
        _words(offered),
        param,
        place=row,
        help="Finished corrections of the same data, noise and seed, with the share of right labels at their end. "
        "“Colour” then offers them.",
        width=WIDTH,
    )
    return offered[picked]


def _words(offered: Mapping[str, Corrected]) -> dict[str, str]:
    words = {digest: f"{each.name}, {percent(_recovery(each.run))} right" for digest, each in offered.items()}
    often = Counter(words.values())
    return {digest: text if often[text] == 1 else f"{text} ({digest[:6]})" for digest, text in words.items()}


def _recovery(run: Run) -> float:
    share: float = run.metrics["episodes"][-1]["recovery"]
    return share


def _say_how(missing: Mapping[str, Experiment]) -> None:
    """No correction of these labels is finished: where to have one computed."""
    if not missing:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("To colour by corrected labels, have the given ones corrected:", width="content")
        for side, experiment in missing.items():
            label = f"Correct the labels{f' on the {side} map' if side else ''}"
            st.page_link(PAGE, label=label, icon=ICON, query_params=labels_to_repair(experiment))


def corrected_note(corrected: Iterable[Corrected], side: str) -> str:
    """For the line below a map, which is saved with its picture."""
    names = [each.name for each in corrected if each.side in ("", side)]
    return f" Corrected labels: by {names[0]}." if names else ""


def what_changed(corrected: Corrected, y_true: UInt8[ndarray, " m"], ids: Int[ndarray, " s"]) -> None:
    """How many labels were repaired and how many broken, on the map and in the selection, and in the whole run."""
    was, now = corrected.y_given == y_true, corrected.labels == y_true
    lines = [
        ("wrong → right", ~was & now),
        ("wrong → wrong", ~was & ~now),
        ("right → wrong", was & ~now),
        ("right → right", was & now),
    ]
    rows = [f"| {name} | {members.sum():,} | {members[ids].sum():,} |" for name, members in lines]
    title = f"Given label → by {sentence(corrected.name)[:-1]}{f', {corrected.side}' if corrected.side else ''}"
    st.markdown("\n".join([f"| {title} | On the map | Selected |", "|:--|--:|--:|", *rows]))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_in_all(corrected.run.metrics), width="content")
        there = correction_address(corrected.run.request)
        if there is not None:
            st.page_link(PAGE, label="Episode by episode", icon=ICON, query_params=there)
        if corrected.run.metrics["uses_clean_labels"]:
            st.badge("uses clean labels", icon=":material/warning:", color="orange")


def _in_all(metrics: Mapping[str, Any]) -> str:
    last = metrics["episodes"][-1]
    flow = last["flow"]
    return (
        f"All {metrics['n_train']:,} training rows: {percent(metrics['initial']['recovery'])} of the labels right as given, "
        f"{percent(last['recovery'])} as corrected; {flow['wrong_right']:,} repaired, {flow['right_wrong']:,} newly wrong."
    )
