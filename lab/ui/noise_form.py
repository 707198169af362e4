"""The controls of the page about noise: widgets in, a frozen LabelStudy out. Every widget is in the address bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from lab.noise import InstanceDependent, MatrixNoise, Noise
from lab.specs import LabelStudy
from lab.ui.noise_data import classes_of, imbalance_picker, source_picker
from lab.ui.noise_models import noise_picker
from lab.ui.whole_number import whole_number
from lab.ui.words import sentence

MODE_NAMES = {"bernoulli": "each on its own", "exact": "exact count", "exact_per_class": "exact count per class"}


def label_study() -> LabelStudy | None:
    """Draw the controls in the sidebar; None if one holds something impossible, which is then said where it stands."""
    with st.sidebar:
        try:
            source = form_group("Data", "data", source_picker)
            classes = classes_of(source)
            imbalance = None
            if classes is not None:
                imbalance = form_group(
                    "Fewer of some classes", "imbalance", lambda: imbalance_picker(classes), expanded=False
                )
            noise = form_group("Noise on the labels", "noise", lambda: noise_picker(source, imbalance, classes))
        except Impossible:
            return None
        seed, mode = _draw(noise)
    return LabelStudy(dataset=source, imbalance=imbalance, noise=noise, mode=mode, seed=seed)


class Impossible(Exception):
    """A control holds something impossible, and has said so."""


def form_group(title: str, key: str, draw: Callable[[], Any], *, expanded: bool = True, visible: bool = True) -> Any:
    """One expander; a ValueError of what it builds becomes a sentence inside it, and what was entered stays.

    Args:
        visible: False draws no expander: what is built has no controls of its own.
    Raises: Impossible, after the sentence.
    """
    with st.expander(title, expanded=expanded, key=f"group-{key}") if visible else st.container():
        try:
            return draw()
        except ValueError as error:
            st.error(sentence(error), icon=":material/error:")
            raise Impossible from error


def _draw(noise: Noise) -> tuple[int, str]:
    """Seed and mode."""
    with st.expander("The draw", key="group-draw"):
        seed = whole_number(
            "Seed",
            min_value=0,
            value=0,
            key="draw",
            help="Another seed, other labels of the same kind.",
        )
        if not isinstance(noise, (MatrixNoise, InstanceDependent)):
            return seed, "bernoulli"
        mode = st.selectbox(
            "Which labels are drawn",
            list(MODE_NAMES),
            format_func=MODE_NAMES.__getitem__,
            key="mode",
            bind="query-params",
            help="Each on its own: the count varies around the rate. Exact count: the rate is met to the row.",
        )
    return seed, mode
