"""A transition matrix that is edited on the page: on a desk of the session, and in the address bar.

Entries are whole numbers of 1/10,000, so that what is typed, what the link holds and what is checked are the same.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from jaxtyping import Float, Int

from lab.noise import Matrix, two_alternatives
from lab.ui import address
from lab.ui.words import sentence

Steps = Int[np.ndarray, "c c"]

UNIT = 10_000
MOST_CLASSES = 20
PARAM = "T"
DESK, GRID, VERSION = "matrix-desk", "matrix-grid", "matrix-grid-version"


def to_steps(T: Float[np.ndarray, "c c"]) -> Steps:
    """Rows rounded to whole steps that still sum to 1: the largest entry of a row takes what rounding leaves."""
    steps = np.rint(T * UNIT).astype(np.int64)
    rows = np.arange(len(T))
    steps[rows, T.argmax(axis=1)] += UNIT - steps.sum(axis=1)
    return steps


def normalised(steps: Steps) -> Steps:
    """Every row scaled to sum to 1; a row of zeros keeps its labels."""
    totals = steps.sum(axis=1, keepdims=True)
    safe = np.where(totals > 0, steps, np.eye(len(steps), dtype=np.int64))
    return to_steps(safe / safe.sum(axis=1, keepdims=True))


def wrong_rows(steps: Steps) -> list[int]:
    """Rows that do not sum to 1."""
    return np.flatnonzero(steps.sum(axis=1) != UNIT).tolist()


def write_matrix(steps: Steps) -> str:
    """A matrix as URL-safe text."""
    return base64.urlsafe_b64encode(zlib.compress(steps.astype("<u2").tobytes(), 9)).decode().rstrip("=")


def read_matrix(text: str, n_classes: int) -> Steps:
    """The reverse of `write_matrix`.

    Raises: ValueError if the text is not that of a matrix of so many classes with entries in [0, 1].
    """
    size = 2 * n_classes**2
    try:
        raw = zlib.decompressobj().decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), size + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ValueError("the matrix in the link must be whole, got a damaged text; it is left out") from error
    if len(raw) != size:
        raise ValueError(f"the matrix in the link must be {n_classes} x {n_classes}, got another size; it is left out")
    steps = np.frombuffer(raw, dtype="<u2").astype(np.int64).reshape(n_classes, n_classes)
    if steps.max() > UNIT:
        raise ValueError("the matrix in the link must have entries in [0, 1], got larger ones; it is left out")
    return steps


def first_matrix(n_classes: int) -> Steps:
    """What stands there before anything was typed: 60 % kept, the rest to two other classes as in DRO Fig. 4g."""
    other = two_alternatives(n_classes) if n_classes > 2 else 1 - np.eye(2)
    return to_steps(0.6 * np.eye(n_classes) + 0.4 * other)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a matrix of one's own lies while it is edited.

    Attributes:
        name: of the matrix, in the session.
        switch_to_own: state of widgets to set once something is typed, so that the own matrix is the noise.
        param: in the address.
        links_first: whether the address holds the matrix also before anything was typed.
    """

    name: Hashable
    switch_to_own: Mapping[str, Any] = field(default_factory=dict)
    param: str = PARAM
    links_first: bool = True

    @property
    def laid(self) -> Steps | None:
        """What lies there, if anything does."""
        return st.session_state.get(DESK, {}).get(self.name)

    def lay(self, steps: Steps) -> None:
        """Put a matrix there, in place of the one before."""
        st.session_state[DESK] = {**st.session_state.get(DESK, {}), self.name: steps}

    def put(self, steps: Steps) -> None:
        """The same, and make it the noise. For a callback."""
        self.lay(steps)
        st.session_state.update(self.switch_to_own)

    def leave(self) -> None:
        """Take the matrix out of the address; it stays on the desk."""
        address.write(self.param, "")


def own_matrix(desk: Desk, first: Steps) -> Steps:
    """The matrix on a desk; else that of the address bar; else the first one."""
    if desk.laid is None and (text := address.read(desk.param)):
        try:
            desk.lay(read_matrix(text, len(first)))
        except ValueError as error:
            st.warning(sentence(error))
    if desk.laid is None and desk.links_first:
        desk.lay(first)
    if desk.laid is None:
        desk.leave()
        return first
    address.write(desk.param, write_matrix(desk.laid))
    return desk.laid


def checked_matrix(steps: Steps, rate: float, classes: Sequence[str]) -> Matrix:
    """The noise of a matrix as it was typed.

    Raises: ValueError naming the first row that does not sum to 1.
    """
    if rows := wrong_rows(steps):
        i = rows[0]
        more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        raise ValueError(
            f"each row of the matrix must sum to 1, got {steps[i].sum() / UNIT:g} in the row of “{classes[i]}”{more}"
        )
    return Matrix(rate, steps / UNIT)


def matrix_editor(shown: Steps, classes: Sequence[str], desk: Desk) -> None:
    """The grid in which the matrix is typed; `shown` is the one in force."""
    grid = _grid(shown)
    key = f"{GRID}-{st.session_state[VERSION]}"

    def typed() -> None:
        steps = grid["base"].copy()
        for row, cells in st.session_state[key]["edited_rows"].items():
            for column, value in cells.items():
                steps[int(row), int(column)] = round(min(max(value or 0.0, 0.0), 1.0) * UNIT)
        grid["draft"] = steps
        desk.put(steps)

    names = {str(j): st.column_config.NumberColumn(_label(name), min_value=0, max_value=1, step=0.0001, format="%.4g")
             for j, name in enumerate(classes)}  # fmt: skip
    frame = pd.DataFrame(grid["base"] / UNIT, columns=list(names), index=pd.Index(classes, name="true class"))
    st.caption("Row: true class. Column: given label. Type a probability; each row must sum to 1.")
    st.data_editor(
        frame,
        column_config={"_index": st.column_config.Column("true \\ given", disabled=True), **names},
        key=key,
        on_change=typed,
        height="content",
        alt="The transition matrix as a grid of numbers that can be typed over.",
    )
    rows = wrong_rows(grid["draft"])
    if rows:
        sums = ", ".join(f"“{classes[i]}” sums to {grid['draft'][i].sum() / UNIT:g}" for i in rows[:5])
        st.error(
            sentence(f"Each row must sum to 1: {sums}{' and more' if len(rows) > 5 else ''}"), icon=":material/error:"
        )
        st.button(
            "Scale rows to 1",
            icon=":material/balance:",
            on_click=lambda: desk.put(normalised(grid["draft"])),
        )


def _grid(shown: Steps) -> dict[str, Steps]:
    """What the grid was filled with, and what it holds now.

    A new one whenever something else than typing changed it, and after it was out of sight, where Streamlit forgets what
    was typed into it.
    """
    grid, key = st.session_state.get(GRID), f"{GRID}-{st.session_state.get(VERSION)}"
    if grid is None or key not in st.session_state or not np.array_equal(grid["draft"], shown):
        grid = st.session_state[GRID] = {"base": shown, "draft": shown}
        st.session_state[VERSION] = st.session_state.get(VERSION, 0) + 1
    return grid


def _label(name: str) -> str:
    return name if len(name) <= 12 else name[:11] + "…"
