"""A job: something that was asked for, on its way to becoming a Run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Literal

from lab.experiments.progress import Progress, Stopped, Stopwatch, add_point
from lab.experiments.results import Run

if TYPE_CHECKING:
    from lab.experiments.queueing import JobQueue

Status = Literal["starting", "queued", "running", "done", "stopped", "failed"]
FINISHED = ("done", "stopped", "failed")
LANES = ("quick", "training")
"""What answers in a second never waits behind what takes hours: each has a line and workers of its own."""


class JobFailed(RuntimeError):
    """The computation ended with an error; the message is the job's `error`."""


class Job:
    """One request in the background. Every method may be called from any thread and returns at once, `result` excepted.

    Attributes:
        request: the frozen dataclass that was asked for.
        id: its digest, which is also what `find` takes.
        lane: one of `LANES`, as the request says unless somebody knew better.
        error: one sentence if the job failed, else None.
        points: the numbers of its finished epochs, in order; more of them arrive while it runs.
        frames: pictures of the result on its way, in order; gone once it has finished. See `progress.Screen`.
    """

    def __init__(self, request: Any, queue: JobQueue, lane: str | None = None) -> None:
        self.request = request
        self.id: str = request.digest
        self.lane: str = lane or request.lane
        self.error: str | None = None
        self.points: list[dict[str, float]] = []
        self.frames: list[dict[str, Any]] = []
        self.stop_asked = False
        self.run: Run | None = None
        self._queue = queue
        self._state: Status = "queued"
        self._fraction, self._message = 0.0, ""
        self._stopwatch = Stopwatch()
        self._finished = threading.Event()

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.status}>"

    @property
    def status(self) -> Status:
        """starting (no worker of its lane is up yet), queued, running, done, stopped or failed."""
        return "starting" if self._state == "queued" and self.lane not in self._queue.ready else self._state

    @property
    def finished(self) -> bool:
        """Whether the status will not change any more."""
        return self._state in FINISHED

    @property
    def ended_badly(self) -> bool:
        """Whether it was stopped or failed; asking for the same again is a new job."""
        return self._state in ("stopped", "failed")

    @property
    def progress(self) -> Progress:
        """How far it is; see `Progress`."""
        if self._state == "queued":
            place, seconds_left = self._queue.waiting(self)
            return Progress(0.0, "waiting", seconds_left, place)
        seconds_left = self._stopwatch.seconds_left() if self._state == "running" else None
        return Progress(self._fraction, self._message, seconds_left)

    def cancel(self) -> None:
        """Ask for a stop. A queued job is stopped at once, a running one at its next report; a finished one stays."""
        self._queue.cancel(self)

    def result(self, timeout: float | None = None) -> Run:
        """Wait for the run, at most `timeout` seconds.

        Raises: TimeoutError; `Stopped` if the job was stopped; `JobFailed` with the job's `error`.
        """
        if not self._finished.wait(timeout):
            raise TimeoutError(f"job {self.id} must finish within {timeout:g} s, got status {self.status!r}")
        if self._state == "stopped":
            raise Stopped(f"job {self.id} was stopped")
        if self.run is None:
            raise JobFailed(self.error)
        return self.run

    # The rest is called by the queue and the engine.

    def begin(self) -> None:
        """A worker is asked to compute it."""
        self._state, self._message = "running", "waiting for a worker"

    def advance(self, fraction: float, message: str, *, computing: bool, point: dict[str, float] | None = None) -> None:
        """A report arrived; until `computing`, the worker is only loading what it needs."""
        if self.finished:  # a stop is shown before the worker has heard it
            return
        self._fraction, self._message = max(self._fraction, min(fraction, 1.0)), message
        if point is not None:
            add_point(self.points, point)
        if computing:
            self._stopwatch.mark(self._fraction)

    def show(self, frame: dict[str, Any]) -> None:
        """A picture arrived."""
        if not self.finished:
            self.frames.append(frame)

    def finish(self, state: Status, *, run: Run | None = None, error: str | None = None) -> None:
        """The last change of state."""
        self._state, self.run, self.error = state, run, error
        self.frames = []
        if run is not None:
            self._fraction, self._message = 1.0, "done"
            self.points = list(run.metrics.get("epochs", self.points))  # the last reports may still be on their way
        self._finished.set()


def one_sentence(error: Exception) -> str:
    """A ValueError's own message, as every check of the lab words it; anything else with its type in front."""
    text = " ".join(str(error).split())
    return text if isinstance(error, ValueError) and text else f"{type(error).__name__}: {text}"
