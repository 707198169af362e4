"""Many decisions at once: for points lassoed on a map, or for everything that the filter lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from jaxtyping import Int
from numpy import ndarray

from lab.experiments.reviews import Decision, Review
from lab.figures.scatter_payload import MAX_CLASSES, Points, Ring, choose_drawn, encode_map, encode_points
from lab.ui.scatter import MapView, Options, mount
from lab.ui.yours_study import Filter, Study

LASSOED, LISTED = "the lassoed points", "everything that is listed above"
SUGGESTED = -1  # the new label of each is the one suggested
HONEST = "A map is not to scale: who is near whom in the data is what “why” shows."


def decide_for_many(study: Study, wanted: Filter, listed: Int[ndarray, " m"], review: Review) -> None:
    """The map, whom it is about, and the buttons."""
    st.subheader("Many at once", anchor=False)
    lassoed = _map(study, wanted.detector)
    ways = [LISTED] if lassoed is None else [LASSOED, LISTED]
    with st.container(horizontal=True, vertical_alignment="bottom", key="many"):
        whom = st.segmented_control("Decide for", ways, default=ways[0], required=True, key="whom")
        places = listed if whom == LISTED or lassoed is None else lassoed
        options = [SUGGESTED, *range(len(study.classes))]
        label = st.selectbox(
            "Relabel as",
            options,
            format_func=lambda c: "what is suggested" if c == SUGGESTED else study.classes[c],
            key="many-label",
            width=220,
        )
    with st.container(horizontal=True):
        for kind, words in (
            ("keep", "Keep"),
            ("relabel", "Relabel"),
            ("drop", "Drop"),
            ("unsure", "Unsure"),
            ("clear", "Clear"),
        ):
            st.button(
                words,
                key=f"many-{kind}",
                disabled=not len(places),
                on_click=_decide,
                args=(study, wanted.detector, places, kind, label, review, "lasso" if whom == LASSOED else "filter"),
            )
    st.caption(_about(len(places), whom == LASSOED))
    if said := st.session_state.pop("many-said", None):
        st.info(said, icon=":material/done_all:")


def _note(about: dict[str, Any]) -> str:
    """How far the map can be trusted."""
    trust = about.get("trustworthiness")
    told = "" if trust is None else f" Trustworthiness {trust:.2f} (1: near on the map is near in the data)."
    return HONEST + told


def _about(n: int, lasso: bool) -> str:
    if n == 0:
        return "Draw around some points on the map." if lasso else "The list is empty."
    return f"The buttons decide for {n:,} {'label' if n == 1 else 'labels'} in one step, which one Undo takes back."


def _map(study: Study, detector: str) -> Int[ndarray, " m"] | None:
    """The lassoed places; None where there is no map."""
    if "xy" not in study.run.arrays:
        st.caption("Without features there is no map; the list and its filter decide for many.")
        return None
    if len(study.classes) > MAX_CLASSES:
        st.caption(f"The map colours up to {MAX_CLASSES} classes, and these are {len(study.classes):,}.")
        return None
    digest, about = study.run.request.digest, study.metrics.get("map", {})
    drawn = choose_drawn(study.called(detector))
    method = about.get("method", "")
    shown = mount(
        _points(digest, detector, study),
        [
            MapView(
                title=f"All labels, by {method}" if method else "All labels",
                places=_places(digest, detector, study),
                note=_note(about),
            )
        ],
        key=f"own-map-{digest}",
        options=Options(colour="given label"),
    )
    if drawn is not None:
        st.caption(
            f"{len(drawn):,} of {study.n:,} points are drawn: all that are called wrong, and a part of the others."
        )
    return shown.ids


@st.cache_data(max_entries=8, show_spinner=False)
def _points(digest: str, detector: str, _study: Study) -> bytes:
    called = _study.called(detector)
    points = Points(
        classes=tuple(_study.classes),
        labels={"given label": _study.y_given, "suggested label": _study.suggested(detector)},
        scores={"score": _study.score(detector)},
        rings=(Ring(name="called wrong", members=called),),
    )
    return encode_points(points, drawn=choose_drawn(called))


@st.cache_data(max_entries=8, show_spinner=False)
def _places(digest: str, detector: str, _study: Study) -> bytes:
    xy = _study.run.arrays["xy"].astype(np.float32)
    return encode_map(xy, drawn=choose_drawn(_study.called(detector)))


def forget_maps(digest: str) -> None:
    """Keep nothing of an upload that is put away."""
    _points.clear()
    _places.clear()


def _decide(
    study: Study, detector: str, places: Int[ndarray, " m"], kind: str, label: int, review: Review, how: str
) -> None:
    """One step for all of them. A label without a suggestion of its own is not relabelled as what it is."""
    changes: dict[int, Decision | None] = {}
    without = 0
    for place in places.tolist():
        target = int(study.suggested(detector)[place]) if label == SUGGESTED else label
        if kind == "relabel" and target == study.y_given[place]:
            without += 1
            continue
        changes[int(study.rows[place])] = _decision(kind, study.classes[target])
    n = review.decide(changes, how=how)
    more = f" {without:,} already carry that label, or have no other suggested." if without else ""
    st.session_state["many-said"] = f"{n:,} {'decision' if n == 1 else 'decisions'} changed.{more}"


def _decision(kind: Any, label: str) -> Decision | None:
    if kind == "clear":
        return None
    return Decision(kind, label if kind == "relabel" else None)
