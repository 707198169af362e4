"""Ask a worker for something, and show how far it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st

from lab.experiments import Experiment, Job, Progress, Run, Stopped, find, submit
from lab.experiments.gallery import shipped
from lab.experiments.jobs import JobFailed
from lab.specs.upload_studies import upload_of
from lab.ui.words import duration, sentence

LATEST = "latest-run"  # of each kind of request, the digest of the run this session saw last
OVER = "ended-badly"  # jobs that this session saw stopped or failed; asked again only on request, see `_own_stop` too
ENDED_BADLY = ("stopped", "failed")
STOPPED = "Stopped."  # where nothing else stands in its place


def finished_run(
    request: Any,
    *,
    patience: float = 0.0,
    on_its_way: Callable[[Job], None] | None = None,
    stopped: str = "Stopped. Below is the last finished run.",
    lane: str | None = None,
) -> Run | None:
    """The run of a request if it is there at once; else None, with its progress drawn and the request under way.

    Args:
        patience: seconds in which a new request may finish before the page turns to drawing progress.
        on_its_way: draws what there is of the result so far, below the progress and as often.
        stopped: said where it was stopped.
        lane: the line in which it waits, if it is not the one that the request names.
    """
    over = st.session_state.setdefault(OVER, set())
    digest = request.digest
    run = shipped(digest)
    job = None if run else find(digest)
    if run is None and (job is None or (job.status in ENDED_BADLY and job.id not in over and not _own_stop(job))):
        job = submit(request, lane)
        if job.status in ("queued", "running"):
            with suppress(TimeoutError, Stopped, JobFailed):
                job.result(patience)
    if job is not None:
        run = job.run
    if run is not None:
        st.session_state.setdefault(LATEST, {})[type(request)] = digest
        return run
    assert job is not None
    if job.status in ENDED_BADLY:
        over.add(job.id)
        _say_how_it_ended(job, stopped)
    else:
        _watch(job, on_its_way, stopped)
    return None


def _own_stop(job: Job) -> bool:
    """Whether it is about somebody's own file and was stopped: by whom, if not by the one who asks, now after a refresh?"""
    return job.status == "stopped" and upload_of(job.request) is not None


def latest_run(kind: type = Experiment) -> Run | None:
    """The run of such a request that this session saw last, to stand there while a new one is computed."""
    digest = st.session_state.get(LATEST, {}).get(kind)
    return known_run(digest) if digest else None


def known_run(digest: str) -> Run | None:
    """A finished run that a worker has answered with of late, or that ships with the lab."""
    job = find(digest)
    return job.run if job else shipped(digest)


def under_way(request: Any) -> bool:
    """Whether a worker has been asked for it and may still answer."""
    job = find(request.digest)
    return job is not None and not job.finished


def was_asked(request: Any) -> bool:
    """Whether anybody has asked for it of late: its run, its progress or its end is there to be shown."""
    return find(request.digest) is not None


def _watch(job: Job, draw: Callable[[Job], None] | None, stopped: str) -> None:
    """Progress, time left and a stop button, refreshed until the job is over. A stop is said before it is heard."""

    @st.fragment(run_every=0.3 if draw is None else 0.15)
    def progress() -> None:
        if job.finished:
            if job.status in ENDED_BADLY:
                st.session_state[OVER].add(job.id)
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center"):
            if job.stop_asked:  # the worker may take half a second to wind up
                _say_stopped(stopped)
            else:
                st.progress(job.progress.fraction, text=job_words(job.status, job.progress))
                st.button("Stop", key=f"stop-{job.id}", icon=":material/stop:", on_click=_stop, args=(job,))
        if draw is not None:
            draw(job)

    progress()


def _stop(job: Job) -> None:
    st.session_state[OVER].add(job.id)
    job.cancel()


def _say_stopped(words: str) -> None:
    st.warning(words, icon=":material/stop_circle:")


def _say_how_it_ended(job: Job, stopped: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if job.status == "failed":
            st.error(sentence(job.error or "It ended for no known reason"), icon=":material/error:")
        else:
            _say_stopped(stopped)
        st.button("Try again", key=f"again-{job.id}", on_click=_try_again, args=(job,))


def _try_again(job: Job) -> None:
    st.session_state[OVER].discard(job.id)
    submit(job.request, job.lane)


def job_words(status: str, progress: Progress) -> str:
    """How far a job is, in a sentence."""
    if status == "starting":
        return "The worker is starting; this takes some seconds the first time."
    if status == "queued":
        wait = "" if progress.seconds_left is None else f", about {duration(progress.seconds_left)}"
        return f"Waiting for the worker, place {progress.place or 1}{wait}."
    left = "" if progress.seconds_left is None else f", about {duration(progress.seconds_left)} left"
    return f"{progress.message[:1].upper()}{progress.message[1:]}{left}."
