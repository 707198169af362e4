"""Two linked maps and everything that follows their selection: counts, table, confusion matrix, pictures, neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from jaxtyping import Float32, Int
from numpy import ndarray

from lab.experiments import Job, Run
from lab.figures.scatter_payload import Points, encode_map, encode_pictures, encode_points
from lab.specs import FeatureMap
from lab.specs.feature_map import MOST_POINTS
from lab.ui.map_corrections import Corrected, choose_corrected, corrected_note, what_changed
from lab.ui.map_points import AtK, at_k, first_colour, first_hidden, map_note
from lab.ui.map_selection import show_selection
from lab.ui.map_study import map_title
from lab.ui.scatter import MapView, Options, mount
from lab.ui.words import percent

SECONDS_A_FRAME = 0.45  # when a finished map is seen forming again
HONEST = (
    "A map is not to scale: how large a cluster is, and how far it lies from another, means little. Neighbours, votes and "
    "distances below are those among the features."
)


def forming(job: Job) -> None:
    """The newest frame of each map while it is computed; `job.frames` as `lab.experiments.worker_map` shows them."""
    frames = [next((f for f in reversed(job.frames) if f["map"] == side), None) for side in (0, 1)]
    first = frames[0]
    if first is None:
        return
    study: FeatureMap = job.request
    y = np.frombuffer(first["y"], np.uint8)
    points = Points(classes=tuple(first["classes"]), labels={"true label": y})
    views = []
    for source, frame in zip((study.left, study.right), frames, strict=True):
        places, note = _waiting(len(y)), "Comes next; until then its points wait in rows."
        if frame is not None:
            places = np.frombuffer(frame["places"], np.float16).reshape(-1, 2).astype(np.float32)
            note = f"Iteration {frame['iteration']} of {frame['n_iterations']}."
        views.append(MapView(title=map_title(source), places=encode_map(places), note=note))
    mount(encode_points(points), views, key=f"forming-{job.id}")


def _waiting(n: int) -> Float32[ndarray, "n 2"]:
    """A square of n points."""
    side = int(np.ceil(np.sqrt(n)))
    return np.stack(np.divmod(np.arange(n), side)[::-1], axis=1).astype(np.float32)


def show_maps(run: Run) -> None:
    """The maps of a finished run, and what is linked to them, in a fragment of their own."""
    replay = f"replay-{run.request.digest}"
    linked = st.fragment(_linked, run_every=SECONDS_A_FRAME if replay in st.session_state else None)
    linked(run, replay)


def _linked(run: Run, replay: str) -> None:
    study, ks = run.request, run.metrics["ks"]
    row = st.container(horizontal=True, vertical_alignment="bottom")
    k = row.select_slider(
        "Neighbours k that vote",
        ks,
        value=study.k,
        key="k",
        bind="query-params",
        help="Of the votes, of kNet’s answers and of the circles. The layout stays.",
    )
    corrected = choose_corrected(run, row)
    if row.button("See it form again", icon=":material/replay:", disabled=replay in st.session_state):
        st.session_state[replay] = 0
        st.rerun()
    view = at_k(run, k, {each.side: each.labels for each in corrected})
    ids = _maps(run, view, _frame_of_replay(run, replay), corrected)
    _sample_note(run, ids)
    counts_table(run, view, ids)
    for each in corrected:
        what_changed(each, view.y_true, ids)
    show_selection(run, view, ids)


def picks(run: Run) -> dict[str, Any]:
    """What Python has selected on the maps of this run: `ids`, and how often (`revision`)."""
    start: dict[str, Any] = {"ids": (), "revision": 0}
    found: dict[str, Any] = st.session_state.setdefault(f"picks-{run.request.digest}", start)
    return found


def _maps(run: Run, view: AtK, frame: int | None, corrected: Sequence[Corrected]) -> Int[ndarray, " s"]:
    study, picked = run.request, picks(run)
    views = [
        MapView(
            title=map_title(getattr(study, side)),
            places=_places(study.digest, side, frame, run),
            note=map_note(run, side) + corrected_note(corrected, side),
        )
        for side in ("left", "right")
    ]
    options = Options(
        colour=first_colour(study, view),
        hidden=first_hidden(study, view),
        ids=picked["ids"],
        own=dict(view.own),
        revision=picked["revision"],
    )
    shown = mount(
        _points(study.digest, view.k, tuple(each.side + each.run.request.digest for each in corrected), run, view),
        views,
        key=f"map-{study.digest}",
        options=options,
        pictures=_pictures(study.digest, run) if run.metrics["pictures"] else None,
    )
    return shown.ids


@st.cache_data(max_entries=16, show_spinner=False)
def _points(digest: str, k: int, corrected: tuple[str, ...], _run: Run, _view: AtK) -> bytes:
    return encode_points(_view.points(_run))


@st.cache_data(max_entries=64, show_spinner=False)
def _places(digest: str, side: str, frame: int | None, _run: Run) -> bytes:
    if f"{side}_places" not in _run.arrays:
        side = "left"  # one layout serves both maps
    places = _run.arrays[f"{side}_places"] if frame is None else _run.arrays[f"{side}_frames"][frame]
    return encode_map(places.astype(np.float32))


@st.cache_data(max_entries=4, show_spinner=False)
def _pictures(digest: str, _run: Run) -> bytes:
    pictures = _run.arrays["pictures"][: len(_run.arrays["rows"])]
    return encode_pictures(pictures[..., 0] if pictures.shape[-1] == 1 else pictures)


def _frame_of_replay(run: Run, replay: str) -> int | None:
    """Which kept frame to show, if the map is being seen forming again; the next one at the next tick."""
    at = st.session_state.get(replay)
    if at is None:
        return None
    if at >= len(run.arrays["left_frames"]):
        del st.session_state[replay]
        st.rerun()  # without the clock
    st.session_state[replay] = at + 1
    return int(at)


def _sample_note(run: Run, ids: Int[ndarray, " s"]) -> None:
    n, m = len(run.arrays["rows"]), run.metrics
    if m["n_circled"] is not None:
        all_of_them = m["n_circled"] <= MOST_POINTS
        which = "the" if all_of_them else f"a random {MOST_POINTS:,} of the"
        st.info(
            f"{n:,} of {m['n_all']:,} rows are laid out: {which} {m['n_circled']:,} that one of the two gets wrong at "
            f"k = {run.request.k}, and a random part of the others.",
            icon=":material/filter_alt:",
        )
    st.caption(HONEST)


def counts_table(run: Run, view: AtK, ids: Int[ndarray, " s"]) -> None:
    """How many points each kind of circle holds, on the maps and in the selection, and the accuracies."""
    if len(view.answerers) == 1:
        wrong = view.outcome(left=False, right=False)
        lines = [(f"{view.answerers[0]} right", "none", ~wrong), (f"{view.answerers[0]} wrong", "one line", wrong)]
    else:
        a, b = view.answerers
        lines = [
            (f"{a} wrong → {b} right", "one line", view.outcome(left=False, right=True)),
            (f"{a} wrong → {b} wrong", "two lines", view.outcome(left=False, right=False)),
            (f"{a} right → {b} wrong", "dashes", view.outcome(left=True, right=False)),
            (f"{a} right → {b} right", "none", view.outcome(left=True, right=True)),
        ]
    rows = [f"| {name} | {circle} | {members.sum():,} | {members[ids].sum():,} |" for name, circle, members in lines]
    st.markdown("\n".join(["| Who is right | Circle | On the map | Selected |", "|:--|:--|--:|--:|", *rows]))
    column = run.metrics["ks"].index(view.k)
    said = [
        f"{name} {percent(run.metrics[side]['accuracy'][column])}"
        for name, side in zip(view.answerers, ("left", "right"), strict=False)
    ]
    part = "test" if run.request.part == "test" else "training"
    st.caption(
        f"Accuracy on all {run.metrics['n_all']:,} {part} rows, by their true labels, at k = {view.k}: {', '.join(said)}."
    )
