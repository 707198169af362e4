"""One job on one worker: sent, followed, stopped, and given up where the worker is lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from typing import TYPE_CHECKING, Any

from lab.experiments.jobs import Job, Status, one_sentence
from lab.experiments.queueing import JobQueue
from lab.experiments.recording import Recorder, keeps
from lab.experiments.results import Run

if TYPE_CHECKING:
    from distributed import Client, Future

STOP_SHOWN = 0.5  # seconds after which a job counts as stopped, whether or not its worker has heard it
STOP_PATIENCE = {"quick": 3.0, "training": 10.0}  # seconds that a worker has to answer before it is replaced
SECONDS_BETWEEN_LOOKS = 1.0  # at what another process is computing
SILENCE = 900.0  # seconds without a report, after which a worker counts as hanging
LOADING_PATIENCE = 60.0  # the same for one that is still importing what it needs

WORKER_DIED = "The worker process died while it computed this, perhaps for want of memory; a new one takes its place."
TRAINING_DIED = (
    "The worker process died in the middle of this training, perhaps for want of memory; "
    "train it again, and it goes on from its last checkpoint."
)
HANGING = (
    f"The worker has reported nothing for {SILENCE / 60:.0f} minutes and is replaced; "
    "ask again, and a training goes on from its last checkpoint."
)
NO_WORKERS = "The worker process could not be reached; the server's log says why."

Outcome = tuple[Status, Any]  # ("done", Run), ("failed", one sentence) or ("stopped", None)

logger = logging.getLogger(__name__)


class Attempt:
    """Lasts until the worker is free again, which after a stop is later than the end of the job."""

    def __init__(self, job: Job, worker: str, queue: JobQueue, recorder: Recorder) -> None:
        # A key of its own for every attempt: dask would give a resubmitted key the end of the stopped one.
        self.key = f"{job.id}-{uuid.uuid4().hex}"
        self.job, self.worker = job, worker
        self.stop, self.lost = asyncio.Event(), asyncio.Event()
        self._queue, self._recorder = queue, recorder
        self._computing = False  # until then the worker loads what it needs
        self._heard = time.monotonic()

    async def run(self, client: Client, module: str, topic: str) -> None:
        """Have the worker compute the job, and give the job its end."""
        try:
            if not await self._other_process():
                self._recorder.begin(self.job)
                await self._follow(client, module, topic)
        except Exception as error:
            logger.exception("Job %s failed on its way to or from the worker", self.key)
            await self._end("failed", one_sentence(error))

    def hear(self, fraction: float, message: str, computing: bool, point: dict[str, float] | None) -> None:
        """A report of the worker."""
        self._computing, self._heard = computing, time.monotonic()
        self.job.advance(fraction, message, computing=computing, point=point)
        if point is not None and not self.job.finished:
            self._recorder.point(self.job, point)

    async def _other_process(self) -> bool:
        """Wait while another process, that keeps its runs in the same place, computes it; whether that was its end."""
        waited = False
        while self._recorder.elsewhere(self.job):
            waited = True
            self.job.advance(0.0, "another process of the lab is training this", computing=False)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), SECONDS_BETWEEN_LOOKS)
                self._queue.finish(self.job, "stopped")
                return True
        if waited and (run := self._recorder.load(self.job.id)):
            self._queue.finish(self.job, "done", run=run)
        return self.job.finished

    async def _follow(self, client: Client, module: str, topic: str) -> None:
        from lab.experiments.worker_process import run_job

        arguments = (self.job.request, module, self.key, topic)
        # To this one worker and no other: where it dies, dask must not kill the next one with the same job.
        future = client.submit(run_job, *arguments, key=self.key, pure=False, workers=[self.worker])
        answer = asyncio.create_task(self._answer(future))
        stop, silence = asyncio.create_task(self.stop.wait()), asyncio.create_task(self._silence())
        try:
            await asyncio.wait({answer, stop, silence}, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                await self._end(*answer.result())
            elif stop.done():
                await self._wind_down(client, answer)
            else:
                await self._end("failed", HANGING)
                await self._replace_worker(client, answer)
        finally:
            await cancel([answer, stop, silence])

    async def _silence(self) -> None:
        """Until nothing has been heard of the worker for too long."""
        self._heard = time.monotonic()
        while (left := self._heard + SILENCE - time.monotonic()) > 0:
            await asyncio.sleep(left)

    async def _answer(self, future: Future) -> Outcome:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        died = TRAINING_DIED if keeps(self.job) else WORKER_DIED
        lost, result = asyncio.create_task(self.lost.wait()), asyncio.ensure_future(future)
        try:
            await asyncio.wait({lost, result}, return_when=asyncio.FIRST_COMPLETED)
            return result.result() if result.done() else ("failed", died)
        except KilledWorker:
            return "failed", died
        except FutureCancelledError:  # dask's word for a lost scheduler
            return "failed", NO_WORKERS
        finally:
            future.release()
            await cancel([lost, result])

    async def _wind_down(self, client: Client, answer: asyncio.Task[Outcome]) -> None:
        from lab.experiments.worker_process import ask_to_stop

        asking = asyncio.create_task(client.run(ask_to_stop, self.key, workers=[self.worker], on_error="ignore"))
        try:
            # Nobody waits for one that still loads: it stops at its first report.
            await asyncio.wait({answer}, timeout=STOP_SHOWN if self._computing else 0)
            if answer.done() and answer.result()[0] == "done":  # the run came before the stop
                await self._end(*answer.result())
            await self._end("stopped", None)
            patience = STOP_PATIENCE[self.job.lane] if self._computing else LOADING_PATIENCE
            await asyncio.wait({answer}, timeout=patience)
        finally:
            await cancel([asking])
        if not answer.done():
            await self._replace_worker(client, answer)

    async def _replace_worker(self, client: Client, answer: asyncio.Task[Outcome]) -> None:
        from lab.experiments.worker_process import kill_worker

        logger.warning("Worker %s does not answer and is replaced", self.worker)
        await client.run(kill_worker, workers=[self.worker], nanny=True, on_error="ignore")
        while not answer.done() and self.worker in await client.nthreads():  # it would still be sent the next job
            await asyncio.sleep(0.1)

    async def _end(self, state: Status, value: Run | str | None) -> None:
        if isinstance(value, Run):
            self.job.advance(1.0, "writing it down", computing=True)
            self._queue.finish(self.job, state, run=await self._recorder.keep(self.job, value))
        elif not self.job.finished:
            self._recorder.end(self.job, state, value)
            self._queue.finish(self.job, state, error=value)


async def cancel(tasks: list[asyncio.Task[Any]]) -> None:
    """Cancel them, and wait until they have heard it."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
