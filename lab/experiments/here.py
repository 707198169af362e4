"""Compute a training in this process, and keep it in the history as the job engine would."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from lab.experiments.engine import WORKER_MODULE
from lab.experiments.jobs import one_sentence
from lab.experiments.progress import Report, Stopped, unheard
from lab.experiments.results import Run
from lab.experiments.store import Store


def run_here(request: Any, store: Store, report: Report = unheard) -> Run:
    """The run of a request: the stored one at once, else computed here and stored.

    What is stopped, by `Stopped` out of `report` or by an interrupt, goes on from its checkpoint when asked for again.

    Raises: ValueError if another process computes it, or it can not be carried out; whatever else the computation does.
    """
    digest = request.digest
    found = store.load(digest)
    if found is not None:
        return found
    record = store.record(digest)
    if record is not None and record.status == "running":
        raise ValueError(f"{digest} must be computed by one process at a time, got one that computes it already")

    def tell(fraction: float, message: str, *, point: Mapping[str, float] | None = None) -> None:
        if point is None:
            store.beat(digest)
        else:
            store.point(digest, point)
        report(fraction, message, point=point)

    compute = importlib.import_module(WORKER_MODULE).compute
    store.begin(request)
    try:
        run = compute(request, tell)
    except (Stopped, KeyboardInterrupt):
        store.finish(digest, "stopped")
        raise
    except Exception as error:
        store.finish(digest, "failed", error=one_sentence(error))
        raise
    store.finish(digest, "done", run=run)
    store.settle()
    return run
