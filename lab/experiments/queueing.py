"""Jobs by digest, and the line in which they wait. No dask here: only a lock and three collections."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from lab.experiments.jobs import Job, Status
from lab.experiments.results import Run


class JobQueue:
    """One job per digest, first come, first served; finished jobs stay until newer ones need the room.

    Every method may be called from any thread and returns at once.

    Args:
        on_change: called after there is something to begin or to stop.
        keep_jobs: how many finished jobs are kept to answer at once.
        keep_bytes: how many bytes their arrays may hold; the latest job stays whatever its size.
    """

    def __init__(self, on_change: Callable[[], None], *, keep_jobs: int, keep_bytes: int) -> None:
        self.ready = False  # set by the engine: a worker is up
        self._on_change, self._keep_jobs, self._keep_bytes = on_change, keep_jobs, keep_bytes
        self._lock = threading.RLock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()  # by digest, the least recently asked for first
        self._line: deque[Job] = deque()
        self._running: list[Job] = []
        self._typical: dict[type, float] = {}  # seconds that the last request of a type took

    def __len__(self) -> int:
        return len(self._line)

    def submit(self, request: Any) -> Job:
        """The job of this request: the one under way or done, else a new one at the end of the line."""
        with self._lock:
            job = self.find(request.digest)
            if job is None or job.stop_asked or job.status == "failed":
                job = self._jobs[request.digest] = Job(request, self)
                self._jobs.move_to_end(job.id)
                self._line.append(job)
        self._on_change()
        return job

    def find(self, job_id: str) -> Job | None:
        """The latest job of this digest if it is still known; never starts one."""
        with self._lock:
            if job_id in self._jobs:
                self._jobs.move_to_end(job_id)
            return self._jobs.get(job_id)

    def cancel(self, job: Job) -> None:
        """Take a waiting job out of the line; of a running one, note that it is to stop."""
        with self._lock:
            if not job.finished:
                job.stop_asked = True
                if job in self._line:
                    self.finish(job, "stopped")
        self._on_change()

    def take(self) -> Job | None:
        """The next job, now running; None if nobody waits."""
        with self._lock:
            if not self._line:
                return None
            job = self._line.popleft()
            self._running.append(job)
            job.begin()
            return job

    def finish(self, job: Job, state: Status, *, run: Run | None = None, error: str | None = None) -> None:
        """Give a job its last state."""
        with self._lock:
            for jobs in (self._line, self._running):
                if job in jobs:
                    jobs.remove(job)
            job.finish(state, run=run, error=error)
            if run is not None:
                self._typical[type(job.request)] = run.seconds
            self._evict()

    def fail_all(self, error: str) -> None:
        """Nobody is left to compute them."""
        with self._lock:
            for job in [*self._running, *self._line]:
                self.finish(job, "failed", error=error)

    def waiting(self, job: Job) -> tuple[int | None, float | None]:
        """Place of a job in the line, and the seconds until it starts if those before it can be estimated."""
        with self._lock:
            if job not in self._line:
                return None, None
            place = self._line.index(job)
            ahead = [other.progress.seconds_left for other in self._running]
            ahead += [self._typical.get(type(other.request)) for other in list(self._line)[:place]]
            known = [seconds for seconds in ahead if seconds is not None]
            seconds = sum(known) / max(1, len(self._running)) if len(known) == len(ahead) else None
            return place + 1, seconds

    def _evict(self) -> None:
        finished = [job for job in self._jobs.values() if job.finished]
        held = sum(job.run.nbytes for job in finished if job.run)
        for count, job in zip(range(len(finished), 1, -1), finished, strict=False):
            if count <= self._keep_jobs and held <= self._keep_bytes:
                break
            held -= job.run.nbytes if job.run else 0
            del self._jobs[job.id]
