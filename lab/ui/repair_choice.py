"""Which labels are repaired, and by what: the controls of the page, and what of it is finished."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st

from lab.experiments import Job, Run, find, submit
from lab.experiments.gallery import shipped
from lab.specs import Correction
from lab.specs.repair import FIRST, METHODS, SETTINGS, correction_of
from lab.ui.jobs import job_words
from lab.ui.whole_number import whole_number
from lab.ui.words import duration, sentence

SECONDS = 6.0  # of a method on the digits, about


class Choice(NamedTuple):
    """A column of KED's Table 1, and a seed."""

    setting: str
    seed: int

    @property
    def studies(self) -> dict[str, Correction]:
        """A correction for each method."""
        return {name: correction_of(self.setting, name, self.seed) for name in METHODS}


def choose() -> Choice:
    """The controls; what they say is in the address."""
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
    return Choice(setting, int(seed))


def finished_studies(studies: Mapping[str, Correction]) -> dict[str, Run]:
    """Those that are there; none is started."""
    found = {}
    for name, study in studies.items():
        run = shipped(study.digest)
        if run is None:
            job = find(study.digest)
            run = job.run if job is not None else None
        if run is not None:
            found[name] = run
    return found


def missing_studies(studies: Mapping[str, Correction], there: Mapping[str, Run]) -> None:
    """A button that has the missing ones computed, or how far they are."""
    missing = {name: study for name, study in studies.items() if name not in there}
    if not missing:
        return
    jobs = {name: find(study.digest) for name, study in missing.items()}
    waiting = {name: job for name, job in jobs.items() if job is not None and not job.finished}
    if waiting:
        _watch(waiting)
        return
    for name, job in jobs.items():
        if job is not None and job.status == "failed":
            st.error(sentence(f"{name}: {job.error or 'it ended for no known reason'}"), icon=":material/error:")
    time = duration(SECONDS * len(missing))
    words = (
        f"Repair with {', '.join(missing)} (about {time})"
        if len(missing) < 4
        else f"Repair with {len(missing)} methods (about {time})"
    )
    if st.button(words, icon=":material/healing:", type="primary", key="repair"):
        for study in missing.values():
            submit(study)
        st.rerun()


def _watch(waiting: Mapping[str, Job]) -> None:
    """The line of methods, refreshed until one more is finished."""

    @st.fragment(run_every=0.5)
    def progress() -> None:
        if any(job.finished for job in waiting.values()):
            st.rerun()
        name, job = next(iter(waiting.items()))
        with st.container(horizontal=True, vertical_alignment="center"):
            more = f" {len(waiting) - 1} more wait." if len(waiting) > 1 else ""
            st.progress(job.progress.fraction, text=f"{name}: {job_words(job.status, job.progress)}{more}")
            if st.button("Stop", key="stop-repair", icon=":material/stop:"):
                for each in waiting.values():
                    each.cancel()

    progress()
