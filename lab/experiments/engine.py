"""The job engine: takes requests from any thread and has workers compute them.

One background thread owns the connection to dask, and imports it; everybody else only touches the `JobQueue`. The
line is ours rather than dask's, because a worker that dies takes with it whatever dask has already assigned to it.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import importlib
import logging
import threading
import uuid
from typing import TYPE_CHECKING, Any

from lab.experiments.cluster import Cluster
from lab.experiments.jobs import Job, Status, one_sentence
from lab.experiments.progress import unheard
from lab.experiments.queueing import JobQueue
from lab.experiments.results import Run

if TYPE_CHECKING:
    from distributed import Client, Future

WORKER_MODULE = "lab.experiments.worker"
STOP_PATIENCE = 3.0  # seconds that a worker has to answer a stop before it is replaced
RETRY_AFTER = 3.0  # seconds before a cluster that was lost is looked for again

WORKER_DIED = "The worker process died while it computed this, perhaps for want of memory; a new one takes its place."
NO_WORKERS = "The worker process could not be reached; the server's log says why."
SHUT_DOWN = "The lab was shut down before this was computed."

Outcome = tuple[Status, Any]  # ("done", Run), ("failed", one sentence) or ("stopped", None)

logger = logging.getLogger(__name__)


class Engine:
    """Workers, a line of jobs before them, and the jobs of late.

    Args:
        module: name of the module whose `compute(request, report) -> Run` the workers call.
        keep_jobs, keep_bytes: how many finished jobs, and bytes of their arrays, are kept to answer at once.
    """

    def __init__(self, module: str = WORKER_MODULE, *, keep_jobs: int = 64, keep_bytes: int = 256 * 2**20) -> None:
        self.queue = JobQueue(self._poke, keep_jobs=keep_jobs, keep_bytes=keep_bytes)
        self._module = module
        self._topic = f"lab-{uuid.uuid4().hex}"  # ours alone: a shared scheduler serves other servers too
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._cluster: Cluster | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._tasks: dict[str, _Task] = {}

    def start(self) -> None:
        """Bring up the workers in the background; returns at once, and calling it again changes nothing."""
        with self._lock:
            if self._thread is None:
                self._closing.clear()
                self._thread = threading.Thread(target=self._run, name="lab-engine", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the workers; unfinished jobs fail. `start` works again afterwards."""
        with self._lock:
            self._closing.set()
            self._poke()
            if self._thread is not None:
                self._thread.join()
            self._thread = None
            self.queue.fail_all(SHUT_DOWN)

    def submit(self, request: Any) -> Job:
        """The job of this request: the one under way or done, else a new one. Returns at once."""
        self.start()
        return self.queue.submit(request)

    def _poke(self) -> None:
        if self._loop is not None and self._wake is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                self._loop.call_soon_threadsafe(self._wake.set)

    # Below: the background thread.

    def _run(self) -> None:
        while not self._closing.is_set():
            cluster = Cluster(self._module)
            try:
                asyncio.run(self._serve(cluster))
            except Exception:
                logger.exception("The workers are gone")
                self.queue.fail_all(NO_WORKERS)
            finally:
                self.queue.ready = False
                cluster.close()
            self._closing.wait(RETRY_AFTER)

    async def _serve(self, cluster: Cluster) -> None:
        from distributed import Client

        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        async with Client(**cluster.contact(), asynchronous=True, set_as_default=False) as client:
            client.subscribe_topic(self._topic, self._on_report)
            try:
                while cluster.alive and client.status == "running" and not self._closing.is_set():
                    self._wake.clear()
                    await self._dispatch(client)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), 1.0 if self.queue.ready else 0.2)
            finally:
                await _cancel([task.computing for task in self._tasks.values() if task.computing])
        if not self._closing.is_set():
            raise ConnectionError("the connection to the scheduler is lost")

    async def _dispatch(self, client: Client) -> None:
        for task in self._tasks.values():
            if task.job.stop_asked:
                task.stop.set()
        if len(self.queue) or not self.queue.ready:
            slots = sum((await client.nthreads()).values())
            self.queue.ready = slots > 0
            while len(self._tasks) < slots and (job := self.queue.take()):
                # A key of its own for every attempt: dask would give a resubmitted key the end of the stopped one.
                key = f"{job.id}-{uuid.uuid4().hex}"
                task = self._tasks[key] = _Task(key, job)
                task.computing = asyncio.create_task(self._compute(client, task))

    async def _compute(self, client: Client, task: _Task) -> None:
        try:
            state, value = await self._outcome(client, task)
            self.queue.finish(task.job, state, **{"run" if state == "done" else "error": value})
        except Exception as error:
            logger.exception("Job %s failed on its way to or from the worker", task.key)
            self.queue.finish(task.job, "failed", error=one_sentence(error))
        finally:
            del self._tasks[task.key]
            self._poke()

    async def _outcome(self, client: Client, task: _Task) -> Outcome:
        from lab.experiments.worker_process import run_job

        arguments = (task.job.request, self._module, task.key, self._topic)
        answer = asyncio.create_task(_answer(client.submit(run_job, *arguments, key=task.key, pure=False)))
        stop = asyncio.create_task(task.stop.wait())
        try:
            await asyncio.wait({answer, stop}, return_when=asyncio.FIRST_COMPLETED)
            if task.job.stop_asked:
                await self._stop(client, task, answer)
                return "stopped", None
            return answer.result()
        finally:
            await _cancel([answer, stop])

    async def _stop(self, client: Client, task: _Task, answer: asyncio.Task[Outcome]) -> None:
        from lab.experiments.worker_process import ask_to_stop, kill_worker

        asking = asyncio.create_task(client.run(ask_to_stop, task.key, on_error="ignore"))
        # While the worker is still loading, nobody waits for it: it stops at its first report.
        await asyncio.wait({answer if task.worker else asking}, timeout=STOP_PATIENCE)
        await _cancel([asking])
        if task.worker and not answer.done():
            logger.warning("Worker %s does not answer a stop and is replaced", task.worker)
            await client.run(kill_worker, workers=[task.worker], nanny=True, on_error="ignore")
            while task.worker in await client.nthreads():  # the scheduler would still send it the next job
                await asyncio.sleep(0.05)

    def _on_report(self, event: tuple[float, dict[str, Any]]) -> None:
        report = event[1]
        if task := self._tasks.get(report["key"]):
            task.worker = report["worker"] if report["computing"] else None
            told = {name: report[name] for name in ("fraction", "message", "computing", "point")}
            task.job.advance(**told)


class _Task:
    """A job that dask has been given."""

    def __init__(self, key: str, job: Job) -> None:
        self.key, self.job = key, job
        self.stop = asyncio.Event()
        self.worker: str | None = None  # known once it computes
        self.computing: asyncio.Task[None] | None = None


async def _answer(future: Future) -> Outcome:
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    try:
        return await future
    except KilledWorker:
        return "failed", WORKER_DIED
    except FutureCancelledError:  # dask's word for a lost scheduler
        return "failed", NO_WORKERS
    finally:
        future.release()


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


_engine = Engine()


def start() -> None:
    """Bring up the workers of this process in the background; returns at once, any number of calls start one set."""
    atexit.unregister(stop)
    atexit.register(stop)
    _engine.start()


def stop() -> None:
    """End the workers of this process."""
    _engine.stop()


def submit(request: Any) -> Job:
    """Have a worker compute a request in the background. Returns at once.

    The same request again is the same job, and its run at once if it is done; after a stop or a failure it is
    computed anew. To look at a job without ever starting one, use `find`.
    """
    start()
    return _engine.submit(request)


def find(job_id: str) -> Job | None:
    """The latest job with this id, that is, its request's digest; None if it was never submitted or is too long ago."""
    return _engine.queue.find(job_id)


def run(request: Any) -> Run:
    """Compute a request in this process and wait for it. This imports whatever the computation needs."""
    return importlib.import_module(WORKER_MODULE).compute(request, unheard)
