"""Pick a noise model of three classes, and see its nominal beside its effective rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from lab.noise import Clean, Flip, Matrix, Noise, Symmetric, ToyAsymmetric, Uniform

ASYMMETRIC, SYMMETRIC, UNIFORM, FLIP, EDITABLE, NO_NOISE = "toy", "symmetric", "uniform", "flip", "matrix", "none"
NAMES = {
    ASYMMETRIC: "Toy asymmetric",
    SYMMETRIC: "Symmetric",
    UNIFORM: "Uniform",
    FLIP: "Flip",
    EDITABLE: "Your own matrix",
    NO_NOISE: "No noise",
}
RATED = {SYMMETRIC: Symmetric, UNIFORM: Uniform, FLIP: Flip}
MODELS = RATED | {ASYMMETRIC: ToyAsymmetric, NO_NOISE: Clean}


Bound = Callable[[str], dict[str, Any]]  # from a widget's key to the arguments that all widgets of its group share


def noise_picker(class_names: Sequence[str], bound: Bound) -> Noise:
    """The widgets of the noise, and what they say.

    Raises: ValueError if the written matrix is not one, naming the row.
    """
    kind = st.selectbox("Noise", list(NAMES), format_func=NAMES.__getitem__, **bound("noise"))
    if kind in MODELS:
        st.caption(MODELS[kind].about)
    if kind in RATED:
        highest = 0.65 if kind == SYMMETRIC else 0.95  # past (L-1)/L the true class is no longer the most frequent
        rate = st.slider("Nominal rate", 0.0, highest, 0.3, 0.05, **bound("rate"))
        return RATED[kind](rate)
    if kind == EDITABLE:
        return _matrix(class_names, bound)
    return Clean() if kind == NO_NOISE else ToyAsymmetric()


def _matrix(class_names: Sequence[str], bound: Bound) -> Matrix:
    st.caption(f"Rows: true class ({', '.join(class_names)}). Columns: given label, likewise. Each row sums to 1.")
    default = ToyAsymmetric().transition(3)
    rows = []
    for i, name in enumerate(class_names):
        row = []
        for j, column in enumerate(st.columns(3)):
            row.append(
                column.number_input(
                    f"{name} given as {class_names[j]}",
                    value=float(default[i, j]),
                    step=0.05,
                    format="%.2f",
                    **bound(f"t{i}{j}"),
                    label_visibility="collapsed",
                )
            )
        rows.append(row)
    for name, row in zip(class_names, rows, strict=True):
        if min(row) < 0 or abs(sum(row) - 1) > 1e-6:
            raise ValueError(
                f"The row of class “{name}” must be three numbers >= 0 that sum to 1, got "
                + " + ".join(f"{value:g}" for value in row)
                + f" = {sum(row):g}."
            )
    return Matrix(1.0, rows)
