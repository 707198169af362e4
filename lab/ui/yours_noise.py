"""The noise that is put on one's own labels: every kind of the page about noise that needs no labels by other people."""

from __future__ import annotations

import numpy as np
import streamlit as st

from lab.noise import Matrix, Noise, Semantic, Symmetric, most_confused
from lab.ui.noise_controls import ASYMMETRIC, EDITABLE, FLIP, SYMMETRIC, UNIFORM
from lab.ui.noise_matrix import (
    MOST_CLASSES,
    UNIT,
    Desk,
    Steps,
    checked_matrix,
    matrix_editor,
    own_matrix,
    to_steps,
    wrong_rows,
)
from lab.ui.noise_models import (
    DIAL,
    HARD,
    LOCAL,
    RANDOM,
    SEMANTIC,
    mistaken_words,
    pick_kind,
    pick_part,
    pick_rate,
    plain_noise,
)
from lab.ui.words import percent
from lab.ui.yours_state import OWN_MATRIX
from lab.ui.yours_study import Study

AT = "more-"  # before the names of these widgets, so that no link to another page sets them
FOUND = "found"
KINDS = (SYMMETRIC, UNIFORM, FLIP, FOUND, SEMANTIC, EDITABLE, RANDOM, ASYMMETRIC, LOCAL, DIAL, HARD)
EXTRA = {
    FOUND: (
        "The mistakes found here",
        "Labels are mistaken as they seem to be mistaken already: by the matrix that is estimated under Health",
    )
}
WHY_NOT = "Every kind but labels by people, which need a file of what other people said of the same rows."
FIRST_SHARE = 0.1  # of labels that are made wrong
EVEN = 0.2  # wrong in a matrix that nobody has typed yet, where no mistakes are known


def kinds_for(n_classes: int, *, mistakes: bool) -> list[str]:
    """The kinds of noise that a file can have. mistakes: whether any could be estimated."""
    fits = {
        FOUND: mistakes,
        SEMANTIC: mistakes,
        EDITABLE: 2 <= n_classes <= MOST_CLASSES,
        RANDOM: n_classes != 2,
        ASYMMETRIC: n_classes == 3,
    }
    return [kind for kind in KINDS if fits.get(kind, True)]


def noise_for(study: Study) -> Noise | None:
    """The widgets of the noise; None while one's own matrix is none, which is said where it is typed.

    Raises: ValueError if a parameter is impossible.
    """
    if f"{AT}share" not in st.query_params:
        st.session_state.setdefault(f"{AT}share", FIRST_SHARE)
    found = found_steps(study)
    kind = pick_kind(kinds_for(len(study.classes), mistakes=found is not None), AT, EXTRA, help=WHY_NOT)
    if kind != EDITABLE:
        desk_of(study).leave()
    noise = _noise(study, kind, found)
    if len(study.classes) > MOST_CLASSES:
        st.caption(
            f"A matrix of one’s own is for at most {MOST_CLASSES} classes, and these are {len(study.classes):,}."
        )
    if found is None:
        st.caption("No mistakes could be estimated here, so there are none to repeat and no look-alike classes.")
    return noise


def _noise(study: Study, kind: str, found: Steps | None) -> Noise | None:
    if kind == EDITABLE:
        part, steps = pick_part(AT), own_matrix(desk_of(study), first_steps(study))
        return None if wrong_rows(steps) else checked_matrix(steps, part, study.classes)
    if kind == FOUND and found is not None:
        return Matrix(pick_part(AT), found / UNIT)
    if kind == SEMANTIC and found is not None:
        pairs = most_confused(found)
        st.caption(mistaken_words(pairs, study.classes))
        return Semantic(pick_rate(AT), pairs)
    return plain_noise(kind, AT)


def types_a_matrix() -> bool:
    """Whether the noise is one's own matrix."""
    return bool(st.session_state.get(f"{AT}model") == EDITABLE)


def type_matrix(study: Study) -> None:
    """The grid, and what it can be filled with."""
    desk, found, n = desk_of(study), found_steps(study), len(study.classes)
    fills = {
        "As estimated here": found,
        f"{percent(EVEN, 0)} evenly": to_steps(Symmetric(EVEN).transition(n)),
        "No mistakes": UNIT * np.eye(n, dtype=np.int64),
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Your own matrix.** Fill it:")
        for words, steps in fills.items():
            if steps is not None:
                st.button(words, key=f"{AT}fill-{words}", on_click=desk.put, args=(steps,))
    matrix_editor(own_matrix(desk, first_steps(study)), study.classes, desk)


def desk_of(study: Study) -> Desk:
    """Where the matrix for these labels lies: that of other classes is another one."""
    upload = study.run.request.upload
    name = (upload.digest, study.metrics["label"], len(study.classes))
    return Desk(name, {f"{AT}model": EDITABLE}, param=OWN_MATRIX, links_first=False)


def first_steps(study: Study) -> Steps:
    """What stands in the matrix before anything was typed."""
    found = found_steps(study)
    return to_steps(Symmetric(EVEN).transition(len(study.classes))) if found is None else found


def found_steps(study: Study) -> Steps | None:
    """The estimated matrix; None where there is none, or it shows no mistake."""
    T = study.mistakes
    if T is None:
        return None
    steps = to_steps(T)
    return None if (np.diag(steps) == UNIT).all() else steps
