"""What the history is told about trainings, in words that the engine and the store agree on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from lab.experiments.jobs import Job
from lab.experiments.results import Run
from lab.specs.upload_studies import upload_of

SECONDS_TO_WRITE = 60.0  # a run; if it takes longer, its worker goes on to the next job meanwhile

logger = logging.getLogger(__name__)


@runtime_checkable
class RunStore(Protocol):
    """Where runs outlive the server; see `lab.experiments.store`. Any thread may call it."""

    def queue(self, request: Any) -> None:
        """It waits for a worker."""

    def begin(self, request: Any) -> None:
        """Its computation starts, or goes on."""

    def point(self, digest: str, point: Mapping[str, float]) -> None:
        """One more epoch is finished."""

    def beat(self, digest: str) -> None:
        """It is still being computed."""

    def finish(self, digest: str, status: str, *, run: Run | None = None, error: str | None = None) -> None:
        """It is "done", "failed" or "stopped"."""

    def load(self, digest: str) -> Run | None:
        """The finished run, or None."""

    def record(self, digest: str) -> Any:
        """What is known of a request, if anything: `status`, `points` (of earlier attempts too), `deleted`."""

    def settle(self, timeout: float | None = None) -> bool:
        """Wait until the finished runs are on the disk, or it is clear that they can not be."""


class Recorder:
    """Tells a store what becomes of the trainings. Trouble in the store is logged and never touches a training."""

    def __init__(self, store: RunStore | None) -> None:
        self._store = store

    def elsewhere(self, job: Job) -> bool:
        """Whether another process is computing it; its points, or those of an earlier attempt, become the job's."""
        record = self._tell(job, lambda store: store.record(job.id))
        if record is not None:
            job.points = record.points
        return record is not None and record.status == "running"

    def deleted(self, job: Job) -> bool:
        """Whether somebody took it out of the history."""
        record = self._tell(job, lambda store: store.record(job.id))
        return record is not None and record.deleted

    def queue(self, job: Job) -> None:
        """It stands in line."""
        self._tell(job, lambda store: store.queue(job.request))

    def begin(self, job: Job) -> None:
        """A worker has it."""
        self._tell(job, lambda store: store.begin(job.request))

    def point(self, job: Job, point: Mapping[str, float]) -> None:
        """One of its epochs is finished."""
        self._tell(job, lambda store: store.point(job.id, point))

    def beat(self, job: Job) -> None:
        """It is still running."""
        self._tell(job, lambda store: store.beat(job.id))

    async def keep(self, job: Job, run: Run) -> Run:
        """Have a finished run written, and give it back as it lies on the disk: there many can look at one copy."""
        stored = await asyncio.to_thread(self._tell, job, lambda store: _keep(store, run))
        return stored or run

    def end(self, job: Job, state: str, error: str | None) -> None:
        """It ended without a run."""
        self._tell(job, lambda store: store.finish(job.id, state, error=error))

    def load(self, digest: str) -> Run | None:
        """A run that was finished earlier."""
        return _safely(self._store, lambda store: store.load(digest))

    def _tell(self, job: Job, call: Callable[[RunStore], Any]) -> Any:
        return _safely(self._store, call) if keeps(job) else None


def keeps(job: Job) -> bool:
    """Whether it is a training that the history has: what somebody uploaded is not kept."""
    return job.lane == "training" and upload_of(job.request) is None


def _keep(store: RunStore, run: Run) -> Run | None:
    digest = run.request.digest
    store.finish(digest, "done", run=run)
    store.settle(SECONDS_TO_WRITE)
    return store.load(digest)


def _safely(store: RunStore | None, call: Callable[[RunStore], Any]) -> Any:
    if store is None:
        return None
    try:
        return call(store)
    except Exception:
        logger.exception("The history could not be told or asked")
        return None
