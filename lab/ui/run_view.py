"""A training as a page sees it: on its way, finished, broken off, or shipped with the lab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.experiments import Experiment, Progress, Run, find
from lab.experiments.gallery import shipped
from lab.experiments.store import RunRecord, store
from lab.ui.run_words import run_title

ON_ITS_WAY = ("starting", "queued", "running", "stopping")


@dataclass(frozen=True, slots=True)
class RunView:
    """Attributes:
    status: "starting", "queued", "running", "stopping" (its worker has not heard it yet), "done", "stopped", "failed", or
        "interrupted": its worker or server died.
    points: the numbers of each finished epoch.
    metrics: of a finished run; empty before.
    progress: of a run on its way.
    """

    digest: str
    name: str
    request: Experiment
    status: str
    points: Sequence[Mapping[str, Any]]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress | None = None
    error: str | None = None

    @property
    def on_its_way(self) -> bool:
        """Whether its status may change without anybody's doing."""
        return self.status in ON_ITS_WAY


def view_run(digest: str) -> RunView | None:
    """What is known of a training: of this server's line first, then of the history, then of what ships with the lab."""
    job = find(digest)
    if job is not None and isinstance(job.request, Experiment) and job.run is None:
        return RunView(
            digest=digest,
            name=_name(digest, job.request),
            request=job.request,
            status="stopping" if job.stop_asked and not job.finished else job.status,
            points=tuple(job.points),
            progress=job.progress,
            error=job.error,
        )
    run = (job.run if job is not None else None) or shipped(digest)
    if run is not None:
        return _finished(digest, run)
    record = store().record(digest)
    return None if record is None else _recorded(record)


def open_run(digest: str) -> Run | None:
    """The arrays and numbers of a finished training."""
    job = find(digest)
    return (job.run if job is not None else None) or shipped(digest) or store().load(digest)


def _finished(digest: str, run: Run) -> RunView | None:
    if not isinstance(run.request, Experiment) or "epochs" not in run.metrics:
        return None
    return RunView(
        digest=digest,
        name=_name(digest, run.request),
        request=run.request,
        status="done",
        points=run.metrics["epochs"],
        metrics=run.metrics,
    )


def _recorded(record: RunRecord) -> RunView | None:
    run = store().load(record.digest) if record.status == "done" else None
    if run is not None:
        return _finished(record.digest, run)
    return RunView(
        digest=record.digest,
        name=record.name or run_title(record.request),
        request=record.request,
        status=record.status,
        points=record.points,
        error=record.error,
    )


def _name(digest: str, request: Experiment) -> str:
    record = store().record(digest)
    return (record.name if record is not None else "") or run_title(request)
