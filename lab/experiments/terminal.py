"""What a command shows on a terminal, and how it hears that it is to stop."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Mapping, Sequence
from types import FrameType, TracebackType
from typing import Any

from lab.experiments.progress import Stopped, Stopwatch

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SECONDS_BETWEEN_DRAWS = 0.1
BAR_WIDTH = 24


class Bar:
    """A progress bar on stderr, where that is a terminal; elsewhere nothing."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()
        self._stopwatch = Stopwatch()
        self._drawn = 0.0

    def draw(self, fraction: float, message: str) -> None:
        """Show how far it is; cheap enough for every step."""
        if not self._on or time.monotonic() - self._drawn < SECONDS_BETWEEN_DRAWS:
            return
        self._drawn = time.monotonic()
        self._stopwatch.mark(fraction)
        left = self._stopwatch.seconds_left()
        filled = round(BAR_WIDTH * fraction)
        line = f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {fraction:4.0%}  {message}"
        line += "" if left is None else f", {duration(left)} left"
        print(f"\r\033[K{line[:110]}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Make room for a line on stdout."""
        if self._on:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            self._drawn = 0.0


class Interrupt:
    """Inside a `with`, Ctrl-C and SIGTERM ask for a stop, which the next `check` carries out; a second one ends at once.

    Attributes:
        signal: which one arrived; 0 for none.
    """

    def __init__(self) -> None:
        self.signal = 0

    def __enter__(self) -> Interrupt:
        self._before = {number: signal.signal(number, self._hear) for number in SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raises: Stopped if a stop was asked for."""
        if self.signal:
            raise Stopped

    @property
    def exit_status(self) -> int:
        """As the shell has it: 130 after Ctrl-C, 143 after SIGTERM."""
        return 128 + (self.signal or signal.SIGINT)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number


def tell(trouble: str | None) -> int:
    """A sentence on stderr, and the exit status that goes with it."""
    if trouble:
        print(f"lab: {trouble}", file=sys.stderr)
    return 1 if trouble else 0


def duration(seconds: float) -> str:
    """As people say it: 8 s, 3 min 20 s, 2 h 05 min."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


def percent(share: Any) -> str:
    """A share in [0, 1] as 12.3 %; – where there is none."""
    return "–" if share is None else f"{100 * share:.1f} %"


def columns(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows of texts under their names, in columns that line up."""
    if not rows:
        return ""
    names = list(rows[0])
    width = {name: max(len(name), *(len(row[name]) for row in rows)) for name in names}
    lines = [{name: name for name in names}, *rows]
    return "\n".join("  ".join(line[name].ljust(width[name]) for name in names).rstrip() for line in lines)
