"""What is finished of the corrections that were chosen; what the others cost, and how far they are, each with its stop."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from lab.core.device import predicted_device
from lab.experiments import Job, Run, find, submit
from lab.experiments.gallery import shipped
from lab.specs import Correction
from lab.specs.budget import data_size, memory_bytes
from lab.specs.network_sizes import network_size
from lab.specs.repair_budget import repair_seconds
from lab.ui.jobs import job_words
from lab.ui.words import bytes_words, duration, sentence


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
    """How far the missing ones are, or what they cost and a button that has them computed."""
    missing = {name: study for name, study in studies.items() if name not in there}
    if not missing:
        return
    jobs = {name: job for name, study in missing.items() if (job := find(study.digest)) is not None}
    if any(not job.finished for job in jobs.values()):
        _watch(jobs)
    idle = {name: study for name, study in missing.items() if name not in jobs or jobs[name].finished}
    for name in idle:
        if name in jobs and jobs[name].status == "failed":
            st.error(sentence(f"{name}: {jobs[name].error or 'it ended for no known reason'}"), icon=":material/error:")
    if idle:
        _offer(idle, stopped=[name for name in idle if name in jobs and jobs[name].status == "stopped"])


def _offer(idle: Mapping[str, Correction], stopped: list[str]) -> None:
    """The costs, and the button."""
    with st.container(border=True, key="repair-start"):
        total = _costs(idle)
        about = "" if total is None else f" (about {duration(total)})"
        words = ", ".join(idle) if len(idle) < 4 else f"{len(idle)} methods"
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(f"Repair with {words}{about}", icon=":material/healing:", type="primary", key="repair"):
                for study in idle.values():
                    submit(study)
                st.rerun()
            if stopped:
                st.caption(f"Stopped: {', '.join(stopped)}. What was stopped goes on where it was.", width="content")


def _costs(idle: Mapping[str, Correction]) -> float | None:
    """Time of each method and of all; None while nobody knows how many rows there are."""
    first = next(iter(idle.values())).experiment
    size = data_size(first)
    if size is None:
        st.caption("What it costs is known once the data have been read.")
        return None
    device = predicted_device()
    seconds = {name: repair_seconds(study, size, device=device) for name, study in idle.items()}
    cells = (
        ("Time, all", duration(sum(seconds.values())), "One after another, if nothing else is computed."),
        ("Rows", f"{size.n_train:,}", f"Training rows; {size.n_test:,} more with clean labels to test on."),
        (
            "Memory",
            bytes_words(memory_bytes(first, size)),
            "Of the worker: data, network, optimiser and one batch, about.",
        ),
        ("Parameters", f"{network_size(first.backbone, size.row, size.n_classes).parameters:,}", "Of the network."),
    )
    with st.container(horizontal=True):
        for name, value, help_text in cells:
            st.metric(name, value, help=help_text)
    st.caption("About " + ", ".join(f"{name} {duration(each)}" for name, each in seconds.items()) + ".")
    return sum(seconds.values())


def _watch(jobs: Mapping[str, Job]) -> None:
    """A line for every method under way, refreshed until one more is finished."""
    waiting = {name: job for name, job in jobs.items() if not job.finished}

    @st.fragment(run_every=0.5)
    def progress() -> None:
        if any(job.finished for job in waiting.values()):
            st.rerun()
        for name, job in waiting.items():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.progress(job.progress.fraction, text=f"**{name}**: {job_words(job.status, job.progress)}")
                if st.button("Stop", key=f"stop-{job.id}", icon=":material/stop:", help=f"Stop {name}"):
                    job.cancel()
        if len(waiting) > 1 and st.button("Stop all", key="stop-repair", icon=":material/stop_circle:"):
            for job in waiting.values():
                job.cancel()

    progress()
