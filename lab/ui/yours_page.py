"""The sections of the page about one's own data, and the study that most of them stand on."""

from __future__ import annotations

import streamlit as st

from lab.experiments import Run, reviews, uploads
from lab.specs.upload_budget import study_lane
from lab.specs.upload_studies import SPACES, UploadStudy
from lab.ui.jobs import STOPPED, finished_run
from lab.ui.review_list import forget_pictures
from lab.ui.words import sentence
from lab.ui.yours_health import show_health
from lab.ui.yours_in import show_in
from lab.ui.yours_many import forget_maps
from lab.ui.yours_out import show_out
from lab.ui.yours_report_what_if import keep_answers
from lab.ui.yours_state import HEALTH, IN, OUT, SECTION, SECTIONS, WHAT_IF, Opened, review_of
from lab.ui.yours_study import Study
from lab.ui.yours_tables import pick_detector
from lab.ui.yours_what_if import show_what_if
from lab.ui.yours_wrong import show_wrong

SPACE_NAMES = {"columns": "the columns as they are", "network": "a network trained here"}


def show_sections(opened: Opened) -> None:
    """The section that is chosen, and nothing of the others."""
    section = st.segmented_control(
        "Section",
        SECTIONS,
        default=IN,
        required=True,
        key=SECTION,
        bind="query-params",
        label_visibility="collapsed",
    )
    if section == IN:
        return show_in(opened)
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    with controls:
        space = _space(opened)
    run = _study(opened, space, lane := _lane(opened))
    if run is None:
        return None
    for forget in (reviews.forget, forget_maps, forget_pictures):
        uploads.when_forgotten(forget)
    study, review = Study(run, lane), review_of(opened)
    if section == HEALTH:
        return show_health(study)
    if section == WHAT_IF:
        show_what_if(study, review, opened.name)
        return keep_answers(study, review)
    with controls:
        detector = pick_detector(study)
    if section == OUT:
        return show_out(opened, study, detector, review)
    return show_wrong(opened, study, detector, review)


def _space(opened: Opened) -> str:
    """Whose neighbours: the columns', or those in the answers of a network that is trained here."""
    m = opened.look.metrics
    if m["kind"] == "probabilities" and not any(column["role"] == "feature" for column in m["columns"]):
        return SPACES[0]
    space = st.segmented_control(
        "Neighbours by",
        SPACES,
        default=SPACES[0],
        required=True,
        format_func=(
            SPACE_NAMES | ({"columns": "the pixels as they are"} if m["kind"] == "images" else {})
        ).__getitem__,
        key="neighbours",
        bind="query-params",
        help="A network is trained on other parts of the data than those it judges; this takes minutes.",
    )
    return str(space)


def _lane(opened: Opened) -> str | None:
    """Where a study of this file waits: in no line of quick answers if it is long."""
    m = opened.look.metrics
    return study_lane(m["n"], m["n_features"], len(m["classes"]), pictures=m["kind"] == "images")


def _study(opened: Opened, space: str, lane: str | None) -> Run | None:
    try:
        request = UploadStudy(upload=opened.upload, space=space)
    except ValueError as error:
        st.error(sentence(error), icon=":material/error:")
        return None
    return finished_run(request, patience=3.0, stopped=STOPPED, lane=lane)
