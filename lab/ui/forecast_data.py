"""What a forecast is about: a data set, or none, with any number of classes."""

from __future__ import annotations

import streamlit as st

from lab.specs import DataSource, NoData
from lab.specs.no_data import MOST_CLASSES, OTHERS
from lab.ui.noise_data import name_picker, source_of
from lab.ui.whole_number import whole_number

NONE = "no-data"  # in place of a data set's name
NONE_NAME = "None: theory alone"
OTHER_NAMES = dict(zip(OTHERS, ("spread over all classes", "of one look-alike class"), strict=True))
DEFAULT = NoData()


def theory_source() -> DataSource | NoData:
    """The data set, or how many classes there are without one.

    Raises: ValueError saying where its files are expected, if they are not on this server.
    """
    name = name_picker({NONE: NONE_NAME})
    return _no_data() if name == NONE else source_of(name)


def _no_data() -> NoData:
    n_classes = whole_number(
        "Number of classes L",
        min_value=2,
        max_value=MOST_CLASSES,
        value=DEFAULT.n_classes,
        key="classes",
        help="All of one size. ImageNet has 1,000. Two alternatives are offered for 3 to 100 classes, your own matrix for up to 20.",
    )
    purity = st.slider(
        "Neighbours of the right class",
        0.1,
        1.0,
        DEFAULT.purity,
        0.05,
        key="purity",
        bind="query-params",
        help="Before the noise. 1: a set that can be learnt perfectly (DRO Eq. 14). Less: classes that overlap, everywhere alike.",
    )
    others = DEFAULT.others
    if purity < 1:
        others = st.selectbox(
            "The other neighbours are", OTHERS, format_func=OTHER_NAMES.__getitem__, key="others", bind="query-params"
        )
    return NoData(n_classes=n_classes, purity=purity, others=others)


def data_controls(source: DataSource | NoData) -> dict[str, object]:
    """The state of the widgets that describe it."""
    if isinstance(source, DataSource):
        return {"set": source.name, "rows": source.n or 0}
    others = {"others": source.others} if source.purity < 1 else {}
    return {"set": NONE, "classes": source.n_classes, "purity": source.purity, **others}
