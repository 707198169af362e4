"""What runs inside a worker process: loading ahead, computing, reporting, and hearing the stop.

Our own workers load this by themselves; a worker of an existing cluster is started with
`dask worker ADDRESS --nthreads 1 --preload lab.experiments.worker_process`. It takes whatever is asked for, one
request at a time; with `--resources quick=1` or `--resources training=1` it takes requests of that lane alone.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import click
from distributed import Nanny, Worker, get_worker

from lab.experiments.jobs import one_sentence
from lab.experiments.progress import Stopped

NICENESS = 10
SECONDS_BETWEEN_REPORTS = 0.1

logger = logging.getLogger(__name__)
_stop_asked: deque[str] = deque(maxlen=256)  # task keys; a key is never used twice, so the bound only saves memory
_computing = threading.Lock()  # held by a job, or by the warming up that precedes the first one


@click.command()
@click.argument("module", default="lab.experiments.worker")
def dask_setup(worker: Worker, module: str) -> None:
    """dask's hook, called once when the worker process starts."""
    _be_nice()
    first_job_waits = "training" in worker.state.total_resources  # such a worker is started when there is one
    arguments = (module, not first_job_waits)
    threading.Thread(target=_load_ahead, args=arguments, name="lab-load-ahead", daemon=True).start()


def run_job(request: Any, module: str, key: str, topic: str) -> tuple[str, Any]:
    """Compute a request with `module.compute`; the task that the engine submits.

    Returns: ("done", Run), ("stopped", None) or ("failed", one sentence).
    """
    reporter = _Reporter(get_worker(), key, topic)
    try:
        reporter.send(0.0, "loading the libraries", computing=False)
        compute = importlib.import_module(module).compute
        with _computing:
            return "done", compute(request, reporter)
    except Stopped:
        return "stopped", None
    except Exception as error:
        logger.exception("Job %s failed", key)
        return "failed", one_sentence(error)


def ask_to_stop(key: str) -> None:
    """Run on the worker's event loop while its other thread computes."""
    _stop_asked.append(key)


def kill_worker(dask_worker: Nanny) -> None:
    """Run on a worker's nanny, which starts a fresh worker at once."""
    os.kill(dask_worker.pid, signal.SIGKILL)


class _Reporter:
    """The `report` that a computation gets: cheap to call at every step."""

    def __init__(self, worker: Worker, key: str, topic: str) -> None:
        self._worker, self._key, self._topic = worker, key, topic
        self._last = -1.0

    def __call__(self, fraction: float, message: str, *, point: Mapping[str, float] | None = None) -> None:
        if self._key in _stop_asked or self._forgotten():
            raise Stopped
        if point is not None or time.monotonic() - self._last >= SECONDS_BETWEEN_REPORTS:
            numbers = point and {name: _plain(value) for name, value in point.items()}
            self.send(fraction, message, computing=True, point=numbers)
            self._last = time.monotonic()

    def show(self, frame: Mapping[str, Any]) -> None:
        """See `lab.experiments.progress.Screen`."""
        self._worker.log_event(self._topic, {"key": self._key, "frame": dict(frame)})

    def send(self, fraction: float, message: str, *, computing: bool, point: Mapping[str, float] | None = None) -> None:
        report = {"key": self._key, "fraction": float(fraction), "message": message, "computing": computing}
        self._worker.log_event(self._topic, report | {"point": point})

    def _forgotten(self) -> bool:
        """Whether the scheduler has taken the task back, because the server that asked for it is gone."""
        task = self._worker.state.tasks.get(self._key)
        return task is None or task.state == "cancelled"


def _plain(number: float) -> float:
    """Python's own int or float, which is all that dask's wire carries, of any library's number."""
    return int(number) if isinstance(number, Integral) else float(number)


def _be_nice() -> None:
    """Every thread of the process gives way to the server; `os.nice` would touch the calling thread only."""
    with contextlib.suppress(OSError, AttributeError):  # no such call outside Linux, where os.nice does it all
        for thread in os.listdir("/proc/self/task"):
            os.setpriority(os.PRIO_PROCESS, int(thread), NICENESS)
        return
    os.nice(NICENESS)


def _load_ahead(module: str, run_once: bool) -> None:
    """Import what the first job needs and run it once, unless a job is already there and does so itself."""
    try:
        warm_up = getattr(importlib.import_module(module), "warm_up", None)
        if run_once and warm_up and _computing.acquire(blocking=False):
            try:
                warm_up()
            finally:
                _computing.release()
    except Exception:
        logger.exception("Loading ahead failed; the first job will say why")
