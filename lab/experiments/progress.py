"""What a computation says while it runs, and how it is told to stop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

PlainReport = Callable[[float, str], None]
"""All that a computation without points asks of its `Report`."""


@runtime_checkable
class Report(Protocol):
    """What a computation is given to say how far it is."""

    def __call__(self, fraction: float, message: str, *, point: Mapping[str, float] | None = None) -> None:
        """Called often, at every step; says at most ten times a second what it is told, but every point.

        Args:
            fraction: part of the work that is done, in [0, 1].
            message: what is being done, for people.
            point: the numbers of one finished epoch, such as {"epoch": 3, "test_accuracy": 0.91}.
        Raises: `Stopped` once a stop was asked for.
        """


@runtime_checkable
class Screen(Protocol):
    """A `Report` that also takes pictures of a result on its way."""

    def show(self, frame: Mapping[str, Any]) -> None:
        """Send a picture at once: numbers, text and bytes, 100 kB at most. Whoever looks later sees the newest first."""


def show(report: object, frame: Mapping[str, Any]) -> None:
    """Show a picture of the result on its way to whoever watches, if anybody does."""
    if isinstance(report, Screen):
        report.show(frame)


def unheard(fraction: float, message: str, *, point: Mapping[str, float] | None = None) -> None:
    """The `Report` of a computation that nobody watches."""


def add_point(points: list[dict[str, float]], point: dict[str, float]) -> None:
    """Append the numbers of an epoch; one that comes again, after a resumption, replaces it and all after it."""
    epoch = point.get("epoch", math.inf)
    while points and points[-1].get("epoch", -math.inf) >= epoch:
        points.pop()
    points.append(point)


class Stopped(Exception):
    """Somebody asked for a stop, and the computation ended because of it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        fraction: part of the work that is done, in [0, 1]; it never goes back.
        message: what is being done, for people.
        seconds_left: estimate; of a queued job, until it starts. None while there is nothing to estimate from.
        place: 1 for the next job to start, and so on; None once it has started.
    """

    fraction: float = 0.0
    message: str = ""
    seconds_left: float | None = None
    place: int | None = None


class Stopwatch:
    """Turns the fractions that arrive into an estimate of the seconds left."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None  # (seconds, fraction); loading comes before it and is left out
        self._last = (0.0, 0.0)

    def mark(self, fraction: float) -> None:
        """Note that `fraction` of the work is done now."""
        self._last = (time.monotonic(), fraction)
        self._first = self._first or self._last

    def seconds_left(self) -> float | None:
        """Seconds until fraction 1 at the pace so far, or None before there is a pace."""
        if self._first is None or self._last[1] <= self._first[1]:
            return None
        pace = (self._last[1] - self._first[1]) / (self._last[0] - self._first[0])
        return max(0.0, (1 - self._last[1]) / pace - (time.monotonic() - self._last[0]))
