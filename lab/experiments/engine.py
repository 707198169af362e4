"""The job engine: takes requests from any thread and has workers compute them.

One background thread owns the connection to dask, and imports it; everybody else only touches the `JobQueue`. What
answers in a second and what takes hours have a line and workers each, and what took hours is kept in a store.
"""

from __future__ import annotations

import atexit
import importlib
import logging
import shutil
import threading
from functools import lru_cache
from typing import Any

from lab.experiments import uploads
from lab.experiments.attempt import NO_WORKERS
from lab.experiments.cluster import Cluster
from lab.experiments.dispatch import Dispatcher
from lab.experiments.home import checkpoint_folder
from lab.experiments.jobs import Job
from lab.experiments.progress import unheard
from lab.experiments.queueing import JobQueue
from lab.experiments.recording import Recorder, RunStore
from lab.experiments.results import Run
from lab.experiments.store import store
from lab.specs.upload_studies import upload_of

WORKER_MODULE = "lab.experiments.worker"
WAITING = ("starting", "queued")
RETRY_AFTER = 3.0  # seconds before a cluster that was lost is looked for again

SHUT_DOWN = "The lab was shut down before this was computed."

logger = logging.getLogger(__name__)


class Engine:
    """Workers, the lines of jobs before them, and the jobs of late.

    Args:
        module: name of the module whose `compute(request, report) -> Run` the workers call.
        store: where trainings outlive the server; without one they last as long as their jobs are kept.
        keep_jobs, keep_bytes: how many finished jobs, and bytes of their arrays, are kept to answer at once.
    """

    def __init__(
        self,
        module: str = WORKER_MODULE,
        *,
        store: RunStore | None = None,
        keep_jobs: int = 64,
        keep_bytes: int = 256 * 2**20,
    ) -> None:
        self._recorder = recorder = Recorder(store)
        self.queue = JobQueue(
            self._wake, lambda job: recorder.end(job, "stopped", None), keep_jobs=keep_jobs, keep_bytes=keep_bytes
        )
        self._module = module
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._dispatcher: Dispatcher | None = None

    def start(self) -> None:
        """Bring up the workers in the background; returns at once, and calling it again changes nothing."""
        with self._lock:
            if self._thread is None:
                atexit.unregister(self.stop)
                atexit.register(self.stop)
                self._closing.clear()
                self._thread = threading.Thread(target=self._run, name="lab-engine", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the workers; unfinished jobs fail. `start` works again afterwards."""
        with self._lock:
            self._closing.set()
            self._wake()
            if self._thread is not None:
                self._thread.join()
            self._thread = None
            self._fail_all(SHUT_DOWN, "interrupted")

    def submit(self, request: Any, lane: str | None = None) -> Job:
        """The job of this request: the one under way or done, also in an earlier server, else a new one in a lane."""
        job = self.find(request.digest)
        if job is not None and job.ended_badly:  # another process may have done better since
            job = self._look_up(job.id)
        if job is None or job.run is None:
            self.start()
        submitted = self.queue.submit(request, lane)
        if submitted is not job and submitted.status in WAITING:
            self._recorder.queue(submitted)
        return submitted

    def find(self, job_id: str) -> Job | None:
        """The latest job with this id, or the one of a run in the store; never starts one."""
        job = self.queue.find(job_id)
        if job is not None and job.finished and self._recorder.deleted(job):
            self.queue.forget(job)
            return None
        return job or self._look_up(job_id)

    def forget_upload(self, digest: str) -> None:
        """Nothing of an uploaded file stays here: its finished runs are dropped, what is under way is stopped."""
        self.queue.forget_where(lambda request: getattr(upload_of(request), "digest", None) == digest)

    def _look_up(self, job_id: str) -> Job | None:
        run = self._recorder.load(job_id)
        return self.queue.adopt(run) if run else None

    def _fail_all(self, error: str, in_history: str) -> None:
        unfinished = self.queue.unfinished()
        self.queue.fail_all(error)
        for job in unfinished:
            self._recorder.end(job, in_history, error)

    def _wake(self) -> None:
        if dispatcher := self._dispatcher:
            dispatcher.wake()

    def _run(self) -> None:
        while not self._closing.is_set():
            cluster = Cluster(self._module)
            try:
                self._dispatcher = Dispatcher(
                    cluster, self.queue, self._recorder, module=self._module, closing=self._closing
                )
                self._dispatcher.run()
            except Exception:
                logger.exception("The workers are gone")
                self._fail_all(NO_WORKERS, "failed")
            finally:
                self.queue.ready = set()
                cluster.close()
            self._closing.wait(RETRY_AFTER)


@lru_cache(maxsize=1)
def _engine() -> Engine:
    engine = Engine(store=store())
    uploads.when_forgotten(engine.forget_upload)
    return engine


def start() -> None:
    """Bring up the workers of this process in the background; returns at once, any number of calls start one set."""
    _engine().start()


def load() -> None:
    """Import what talks to the workers, and return once it is there: seconds. The engine's own thread does it, too."""
    importlib.import_module("distributed")


def stop() -> None:
    """End the workers of this process."""
    _engine().stop()


def submit(request: Any, lane: str | None = None) -> Job:
    """Have a worker compute a request in the background. Returns at once.

    The same request again is the same job, and its run at once if it is done; after a stop or a failure it is
    computed anew, a training from its last checkpoint. To look at a job without ever starting one, use `find`.

    Args:
        lane: the line in which it waits, where that depends on more than the request says, such as the size of a file.
    """
    return _engine().submit(request, lane)


def find(job_id: str) -> Job | None:
    """The latest job with this id, that is, its request's digest; None if it was never submitted or is too long ago."""
    return _engine().find(job_id)


def run(request: Any) -> Run:
    """Compute a request in this process and wait for it. This imports whatever the computation needs."""
    finished: Run = importlib.import_module(WORKER_MODULE).compute(request, unheard)
    shutil.rmtree(checkpoint_folder(request.digest), ignore_errors=True)
    return finished
