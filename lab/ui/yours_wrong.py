"""Which labels are wrong? A ranked list to decide about, why each was flagged, and everything that counts along."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from jaxtyping import Int
from numpy import ndarray

from lab.experiments import Run
from lab.experiments.reviews import WORDS, Review
from lab.specs.upload_pages import UploadRows
from lab.ui import address
from lab.ui.jobs import STOPPED, finished_run
from lab.ui.review_list import Listed, review_list
from lab.ui.words import percent
from lab.ui.yours_many import decide_for_many
from lab.ui.yours_state import Opened
from lab.ui.yours_study import ANY, SHOWS, Filter, Study
from lab.ui.yours_tables import detectors_side_by_side, what_was_decided
from lab.ui.yours_why import show_rows, show_why

PAGE_LENGTH = 50  # lines of the list, so that their neighbours' rows come in one reading of the file
LISTED, LIST = "yours-listed", "review-list"
MOST_IN_PICKER = 200  # classes


def show_wrong(opened: Opened, study: Study, detector: str, review: Review) -> None:
    """All of it, in a fragment of its own: a decision reruns nothing else."""

    @st.fragment(key="deciding")
    def deciding() -> None:
        head = st.container()
        wanted = _filter(study, detector)
        places = _frozen(study, wanted, review)
        left, right = st.container(key="two-why").columns([6, 5], gap="medium")
        with left:
            page = _page(places)
            rows_run = _rows(opened, study, page)
            at = review_list(_listed(study, detector, page, rows_run), review, key=LIST, focus=_focus(study, page))
            _list_again(study, wanted, places, review)
        address.write("row", str(at) if at >= 0 else "")
        with right:
            if (place := study.place(at)) is not None:
                show_why(study, detector, place, rows_run)
        if place is not None:
            show_rows(study, place, rows_run)
        decide_for_many(study, wanted, places, review)
        detectors_side_by_side(study, detector)
        what_was_decided(study, review)
        with head:
            headline(study, detector, review)

    deciding()


def headline(study: Study, detector: str, review: Review) -> None:
    """The counts that the table, the chart and the files repeat."""
    called, n, counts = int(study.called(detector).sum()), study.n, review.counts()
    decided = sum(counts.values())
    said = ", ".join(f"{count:,} {WORDS[kind]}" for kind, count in counts.items() if count)
    st.markdown(
        f"**{called:,} of {n:,}** labels look wrong ({percent(called / n)}). "
        + (f"Decided: **{decided:,}** ({said})." if decided else "Nothing is decided yet.")
    )


def _filter(study: Study, detector: str) -> Filter:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shows = [*SHOWS, *study.found()]
        show = st.selectbox("Show", shows, key="show", bind="query-params", width=190)
        given = _class_picker(study, "Given label", "given")
        suggested = _class_picker(study, "Suggested label", "suggested")
    return Filter(detector, show, given, suggested)


def _class_picker(study: Study, label: str, name: str) -> int:
    """A class or ANY; in the address by its place, because names are what the file says."""
    linked = address.number(name, ANY)
    start = linked if linked < len(study.classes) else ANY
    options = [ANY, *range(len(study.classes))][: MOST_IN_PICKER + 1]
    if start not in options:
        options.append(start)
    chosen = st.selectbox(
        label,
        options,
        index=options.index(start),
        format_func=lambda c: "any" if c == ANY else study.classes[c],
        key=f"{name}-{study.run.request.upload.digest}",
        width=190,
    )
    address.write(name, "" if chosen == ANY else str(chosen))
    return int(chosen)


def _frozen(study: Study, wanted: Filter, review: Review) -> Int[ndarray, " m"]:
    """The places that the filter means; they stay while one decides about them."""
    key = (study.run.request.digest, wanted)
    kept = st.session_state.get(LISTED)
    if kept is None or kept[0] != key:
        st.session_state[LISTED] = kept = key, wanted.places(study, review.decisions)
    return kept[1]


def _list_again(study: Study, wanted: Filter, places: Int[ndarray, " m"], review: Review) -> None:
    """A button where decisions have moved labels in or out of the list since it was made."""
    now = wanted.places(study, review.decisions)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{len(places):,} {'label' if len(places) == 1 else 'labels'} listed, the most suspect first. Arrows move, "
            "K R D U decide, Z undoes. Rows are counted from 0.",
            width="stretch",
        )
        if not np.array_equal(now, places) and st.button("List again", icon=":material/refresh:", key="list-again"):
            st.session_state.pop(LISTED, None)
            st.rerun(scope="fragment")


def _page(places: Int[ndarray, " m"]) -> Int[ndarray, " p"]:
    """Fifty of the places at a time."""
    pages = max(1, -(-len(places) // PAGE_LENGTH))
    page = min(pages, max(1, address.number("page", 1)))
    if pages > 1:
        key = f"page-{pages}"
        st.session_state.setdefault(key, page)
        page = st.pagination(pages, key=key)
    address.write("page", str(page) if page > 1 else "")
    return places[(page - 1) * PAGE_LENGTH : page * PAGE_LENGTH]


def _rows(opened: Opened, study: Study, page: Int[ndarray, " p"]) -> Run | None:
    """What the file says in the listed rows and in those of their neighbours."""
    near = study.run.arrays.get("neighbors")
    places = page if near is None else np.union1d(page, near[page])
    places = places[places >= 0]
    if not len(places):
        return None
    request = UploadRows(upload=opened.upload, rows=tuple(np.unique(study.rows[places]).tolist()))
    return finished_run(request, patience=1.0, stopped=STOPPED)


def _listed(study: Study, detector: str, page: Int[ndarray, " p"], rows_run: Run | None) -> Listed:
    rows = study.rows[page]
    pictures: Any = None
    if rows_run is not None and "pictures" in rows_run.arrays:
        pictures = rows_run.arrays["pictures"][np.searchsorted(rows_run.request.rows, rows)]
        pictures = pictures[..., 0] if pictures.shape[-1] == 1 else pictures
    return Listed(
        classes=study.classes,
        rows=rows,
        ranks=study.ranks(detector)[page],
        given=study.y_given[page],
        suggested=study.suggested(detector)[page],
        scores=study.score(detector)[page],
        pictures=pictures,
        identity="" if rows_run is None else rows_run.request.digest,
    )


def _focus(study: Study, page: Int[ndarray, " p"]) -> int:
    """The file's row that a link opens, else the first of the list; -1 if there is none."""
    rows = study.rows[page]
    asked = address.number("row", -1)
    if asked in rows:
        return asked
    return int(rows[0]) if len(rows) else -1
