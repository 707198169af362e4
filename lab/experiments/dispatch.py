"""One connection to a cluster, from first contact to its loss: gives the jobs in line to the workers that are free."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from lab.experiments.attempt import Attempt, cancel
from lab.experiments.cluster import Cluster
from lab.experiments.jobs import LANES
from lab.experiments.queueing import JobQueue
from lab.experiments.recording import Recorder

if TYPE_CHECKING:
    from distributed import Client

SECONDS_BETWEEN_LOOKS = 1.0  # at the cluster while nothing calls for one
SECONDS_BETWEEN_HURRIED_LOOKS = 0.2  # while somebody waits for a worker to come up
SECONDS_BETWEEN_BEATS = 5.0


class Dispatcher:
    """Lives on one thread with an event loop of its own; `wake` alone may be called from any other.

    The lines are ours rather than dask's, because a worker that dies takes with it whatever dask has already assigned
    to it. So a worker is given one job at a time, and none while anybody else's task is on it.

    Args:
        module: name of the module whose `compute(request, report) -> Run` the workers call.
        closing: set when the server has had enough.
    """

    def __init__(
        self, cluster: Cluster, queue: JobQueue, recorder: Recorder, *, module: str, closing: threading.Event
    ) -> None:
        self._cluster, self._queue, self._recorder = cluster, queue, recorder
        self._module, self._closing = module, closing
        self._topic = f"lab-{uuid.uuid4().hex}"  # ours alone: a shared scheduler serves other servers too
        self._attempts: dict[str, Attempt] = {}  # by task key
        self._following: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._last_beat = 0.0

    def run(self) -> None:
        """Serve until closing. Raises: ConnectionError or whatever dask raises when the cluster is lost."""
        asyncio.run(self._serve())

    def wake(self) -> None:
        """There is something to begin or to stop."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                self._loop.call_soon_threadsafe(self._woken.set)

    async def _serve(self) -> None:
        from distributed import Client

        self._loop = asyncio.get_running_loop()
        async with Client(**self._cluster.contact(), asynchronous=True, set_as_default=False) as client:
            client.subscribe_topic(self._topic, self._on_report)
            try:
                while self._cluster.alive and client.status == "running" and not self._closing.is_set():
                    self._woken.clear()
                    await self._look(client)
                    self._beat()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._woken.wait(), self._pause())
            finally:
                await cancel(list(self._following.values()))
        if not self._closing.is_set():
            raise ConnectionError("the connection to the scheduler is lost")

    async def _look(self, client: Client) -> None:
        """Pass on the stops, notice workers that came or went, and give each free one a job."""
        for attempt in self._attempts.values():
            if attempt.job.stop_asked:
                attempt.stop.set()
        if self._queue.waits("training"):
            self._cluster.start_training()
        if self._queue.ready and not self._attempts and not any(map(self._queue.waits, LANES)):
            return
        scheduler: Any = client.scheduler
        identity, tasks = await asyncio.gather(scheduler.identity(n_workers=-1), scheduler.processing(workers=None))
        lanes = _lanes(identity)
        self._queue.ready = set().union(*lanes.values())
        taken = {attempt.worker for attempt in self._attempts.values()}
        for attempt in self._attempts.values():
            if attempt.worker not in lanes:
                attempt.lost.set()
        free = [worker for worker in lanes if worker not in taken and not tasks.get(worker)]
        for worker in sorted(free, key=lambda worker: len(lanes[worker])):  # those for all lanes only when needed
            for lane in lanes[worker]:
                if job := self._queue.take(lane, busy={attempt.job.id for attempt in self._attempts.values()}):
                    self._begin(client, Attempt(job, worker, self._queue, self._recorder))
                    break

    def _begin(self, client: Client, attempt: Attempt) -> None:
        async def follow() -> None:
            try:
                await attempt.run(client, self._module, self._topic)
            finally:
                del self._attempts[attempt.key], self._following[attempt.key]
                self._woken.set()

        self._attempts[attempt.key] = attempt
        self._following[attempt.key] = asyncio.create_task(follow())

    def _on_report(self, event: tuple[float, dict[str, Any]]) -> None:
        report = event[1]  # with dask's own remarks
        attempt = self._attempts.get(report["key"])
        if attempt and "frame" in report:
            attempt.job.show(report["frame"])
        elif attempt:
            attempt.hear(**{name: report[name] for name in ("fraction", "message", "computing", "point")})

    def _beat(self) -> None:
        if time.monotonic() - self._last_beat >= SECONDS_BETWEEN_BEATS:
            self._last_beat = time.monotonic()
            for job in self._queue.running():
                self._recorder.beat(job)

    def _pause(self) -> float:
        waits = any(self._queue.waits(lane) and lane not in self._queue.ready for lane in LANES)
        return SECONDS_BETWEEN_HURRIED_LOOKS if waits or not self._queue.ready else SECONDS_BETWEEN_LOOKS


def _lanes(scheduler: dict[str, Any]) -> dict[str, list[str]]:
    """The lanes that each worker serves: those its dask resources name, or all of them."""
    running = {at: worker for at, worker in scheduler["workers"].items() if worker["status"] == "running"}
    return {
        at: [lane for lane in LANES if lane in worker["resources"]] or list(LANES) for at, worker in running.items()
    }
