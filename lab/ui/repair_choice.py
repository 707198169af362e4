"""Which labels are repaired, and by what: a column of KED's table on the digits, or any data and noise of the lab."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from lab.specs import Correction, Experiment
from lab.specs.repair import FIRST, METHODS, SETTINGS, column_of, correction_of
from lab.ui.repair_form import own_corrections
from lab.ui.run_words import data_words, noise_words
from lab.ui.whole_number import whole_number

PAPER, OWN = "paper", "own"
WHAT = {PAPER: "A setting of the paper, on digits", OWN: "Data and noise of your choice"}


class Choice(NamedTuple):
    """Attributes:
    studies: a correction by each method, in the order of the table; all of the same labels.
    column: of KED's Table 1 with this noise; None where it has none.
    """

    studies: dict[str, Correction]
    column: str | None

    @property
    def words(self) -> str:
        """Data and noise in a few words."""
        experiment = self.experiment
        return f"{data_words(experiment)}, {(self.column or noise_words(experiment)).lower()} noise"

    @property
    def on_digits(self) -> bool:
        """Whether these are the data on which the methods' settings were found."""
        return self.experiment.label_study.dataset.name == "digits"

    @property
    def experiment(self) -> Experiment:
        """Data, noise, network and seeds; all methods have the same."""
        return next(iter(self.studies.values())).experiment


def choose() -> Choice | None:
    """The controls; what they say is in the address. None where they hold something impossible, which is then said."""
    what = st.segmented_control(
        "What is repaired",
        list(WHAT),
        format_func=WHAT.__getitem__,
        default=PAPER,
        required=True,
        key="of",
        bind="query-params",
        label_visibility="collapsed",
    )
    if what != OWN:
        return _papers()
    studies = own_corrections()
    if studies is None:
        return None
    choice = Choice(studies, None)
    return choice._replace(column=column_of(choice.experiment.noise))


def _papers() -> Choice:
    left, right, _ = st.columns([3, 2, 4])
    setting = left.selectbox(
        "Noise on the digits",
        list(SETTINGS),
        index=list(SETTINGS).index(FIRST),
        key="noise",
        bind="query-params",
        help="The columns of KED's Table 1. Symmetric: to any other class alike. Asymmetric: to a look-alike class, in "
        "half of the classes, so that about half as many labels are wrong.",
    )
    seed = whole_number(
        "Seed", min_value=0, max_value=9, value=0, key="seed", help="Of noise, first weights and batches.", place=right
    )
    return Choice({name: correction_of(setting, name, seed) for name in METHODS}, setting)
