"""Jobs by digest, and the lines in which they wait. No dask here: only a lock and a few collections."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Hashable
from typing import Any

from lab.experiments.jobs import LANES, Job, Status
from lab.experiments.results import Run
from lab.specs.upload_studies import upload_of

KINDS = 256  # of requests whose duration is remembered


class JobQueue:
    """One job per digest; in each lane first come, first served; finished jobs stay until newer ones need the room.

    Every method may be called from any thread and returns at once.

    Args:
        on_change: called after there is something to begin or to stop.
        on_leave: called with a job that was stopped while it stood in line.
        keep_jobs: how many finished jobs are kept to answer at once.
        keep_bytes: how many bytes their arrays may hold; the latest job stays whatever its size.
    """

    def __init__(
        self,
        on_change: Callable[[], None],
        on_leave: Callable[[Job], None] = lambda job: None,
        *,
        keep_jobs: int,
        keep_bytes: int,
    ) -> None:
        self.ready: set[str] = set()  # set by the engine: the lanes that have a worker
        self._on_change, self._on_leave = on_change, on_leave
        self._keep_jobs, self._keep_bytes = keep_jobs, keep_bytes
        self._lock = threading.RLock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()  # by digest, the least recently asked for first
        self._lines: dict[str, deque[Job]] = {lane: deque() for lane in LANES}
        self._running: list[Job] = []
        self._typical: dict[Hashable, float] = {}  # seconds that the last request of a kind took

    def waits(self, lane: str) -> bool:
        """Whether somebody stands in the line of this lane."""
        return bool(self._lines[lane])

    def submit(self, request: Any, lane: str | None = None) -> Job:
        """The job of this request: the one under way or done, else a new one at the end of a line.

        Args:
            lane: whose line; None: the one that the request names.
        """
        with self._lock:
            job = self.find(request.digest)
            if job is None or job.ended_badly or (job.stop_asked and not job.finished):
                job = self._add(request, lane)
                self._lines[job.lane].append(job)
        self._on_change()
        return job

    def adopt(self, run: Run) -> Job:
        """The job of a run that was finished earlier; one that is under way here goes before it."""
        with self._lock:
            job = self.find(run.request.digest)
            if job is None or job.ended_badly:
                job = self._add(run.request)
                job.finish("done", run=run)
                self._evict()
            return job

    def find(self, job_id: str) -> Job | None:
        """The latest job of this digest if it is still known; never starts one."""
        with self._lock:
            if job_id in self._jobs:
                self._jobs.move_to_end(job_id)
            return self._jobs.get(job_id)

    def forget(self, job: Job) -> None:
        """The same request is a new job from now on; for one that is finished."""
        with self._lock:
            if job.finished and self._jobs.get(job.id) is job:
                del self._jobs[job.id]

    def forget_where(self, unwanted: Callable[[Any], bool]) -> None:
        """Forget the jobs of such requests; those that wait or run are stopped first."""
        with self._lock:
            found = [job for job in self._jobs.values() if unwanted(job.request)]
        for job in found:
            self.cancel(job)
            with self._lock:
                if self._jobs.get(job.id) is job:
                    del self._jobs[job.id]

    def cancel(self, job: Job) -> None:
        """Take a waiting job out of the line; of a running one, note that it is to stop."""
        with self._lock:
            waited = job in self._lines[job.lane]
            if not job.finished:
                job.stop_asked = True
                if waited:
                    self.finish(job, "stopped")
        if waited:
            self._on_leave(job)
        self._on_change()

    def take(self, lane: str, *, busy: Collection[str] = ()) -> Job | None:
        """The next job of a lane, now running; None if nobody waits.

        Args:
            busy: ids of jobs that may not begin, because a worker is still occupied with an earlier one of the same id.
        """
        with self._lock:
            job = next((job for job in self._lines[lane] if job.id not in busy), None)
            if job is not None:
                self._lines[lane].remove(job)
                self._running.append(job)
                job.begin()
            return job

    def finish(self, job: Job, state: Status, *, run: Run | None = None, error: str | None = None) -> None:
        """Give a job its last state; one that has it already keeps it."""
        with self._lock:
            if job.finished:
                return
            for jobs in (self._lines[job.lane], self._running):
                if job in jobs:
                    jobs.remove(job)
            job.finish(state, run=run, error=error)
            if run is not None:
                self._remember(run)
            self._evict()

    def running(self) -> list[Job]:
        """The jobs that workers have."""
        with self._lock:
            return list(self._running)

    def unfinished(self) -> list[Job]:
        """The jobs that workers have, and those in line."""
        with self._lock:
            return [*self._running, *(job for line in self._lines.values() for job in line)]

    def fail_all(self, error: str) -> None:
        """Nobody is left to compute them."""
        with self._lock:
            for job in self.unfinished():
                self.finish(job, "failed", error=error)

    def waiting(self, job: Job) -> tuple[int | None, float | None]:
        """Place of a job in its line, and the seconds until it starts if those before it can be estimated."""
        with self._lock:
            line = self._lines[job.lane]
            if job not in line:
                return None, None
            place = line.index(job)
            running = [other.progress.seconds_left for other in self._running if other.lane == job.lane]
            ahead = running + [self._typical.get(_kind(other.request)) for other in list(line)[:place]]
            known = [seconds for seconds in ahead if seconds is not None]
            estimable = running and len(known) == len(ahead)
            return place + 1, sum(known) / len(running) if estimable else None

    def _add(self, request: Any, lane: str | None = None) -> Job:
        job = self._jobs[request.digest] = Job(request, self, lane)
        self._jobs.move_to_end(job.id)
        return job

    def _remember(self, run: Run) -> None:
        self._typical[_kind(run.request)] = run.seconds
        if len(self._typical) > KINDS:
            del self._typical[next(iter(self._typical))]

    def _evict(self) -> None:
        finished = [job for job in self._jobs.values() if job.finished]
        held = sum(job.run.nbytes for job in finished if job.run)
        for count, job in zip(range(len(finished), 1, -1), finished, strict=False):
            if count <= self._keep_jobs and held <= self._keep_bytes:
                break
            held -= job.run.nbytes if job.run else 0
            del self._jobs[job.id]


def _kind(request: Any) -> Hashable:
    """Equal for requests that take about as long: of one file; trainings differ by hours, unless all but noise and seeds agree."""
    parts = ("dataset", "backbone", "schedule") if request.lane == "training" else ()
    return type(request), upload_of(request), *(getattr(request, part, None) for part in parts)
