"""The server's end of the MLflow index: a thread that tells a process of its own which runs have changed.

MLflow takes seconds to import and to open its database, and 100 MB; nobody who drags a slider may feel any of that.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

from lab.experiments.home import lab_home

SECONDS_TO_GATHER = 1.0  # changes that come together are told together
SECONDS_TO_ANSWER = 90.0  # a cold start of MLflow takes 20 s on two busy cores
SECONDS_BETWEEN_TRIES = 15.0
LOG_FILE = "index.log"


class Index:
    """Every method may be called from any thread and returns at once. Nothing is started before the first change."""

    def __init__(self) -> None:
        self._home = lab_home()
        self._state = threading.Condition()
        self._changed: set[str] = set()
        self._told: set[str] = set()  # and not answered yet
        self._told_at = 0.0
        self._trouble: str | None = None
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[str] | None = None

    @classmethod
    def of_environment(cls) -> Index | None:
        """An index, unless LAB_MLFLOW=off says that the files alone will do."""
        return None if os.environ.get("LAB_MLFLOW") == "off" else cls()

    @property
    def trouble(self) -> str | None:
        """One sentence if MLflow does not follow; None if all is well."""
        slow = self._told and time.monotonic() - self._told_at > SECONDS_TO_ANSWER
        return _sentence("does not answer") if slow else self._trouble

    def changed(self, digest: str) -> None:
        """This run has to be looked at again."""
        with self._state:
            self._changed.add(digest)
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="lab-index", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._state.notify_all()

    def settle(self, timeout: float | None = None) -> bool:
        """Wait until MLflow knows all that changed; False if time is up before."""
        with self._state:
            return self._state.wait_for(lambda: not (self._changed or self._told), timeout)

    def close(self) -> None:
        """Leave the rest to the process: told no more, it looks through all runs once and ends."""
        self._closing.set()
        with self._state, suppress(OSError):
            if self._process is None and self._changed:
                self._process = self._start()
            if self._process is not None:
                assert self._process.stdin
                self._process.stdin.close()
                self._process.returncode = 0  # so that Python does not warn of a child that outlives us: it is meant to

    def _follow(self) -> None:
        while not self._closing.wait(SECONDS_TO_GATHER):
            with self._state:
                self._state.wait_for(lambda: self._changed)
                self._told, self._changed = self._changed, set()
                self._told_at = time.monotonic()
            trouble = self._tell()
            with self._state:
                if trouble is not None:
                    self._changed |= self._told
                self._told, self._trouble = set(), trouble
                self._state.notify_all()
            if trouble is not None:
                self._closing.wait(SECONDS_BETWEEN_TRIES)

    def _tell(self) -> str | None:
        """What went wrong, in a sentence."""
        try:
            if self._process is None:
                self._process = self._start()
            assert self._process.stdin
            assert self._process.stdout
            print(json.dumps(sorted(self._told)), file=self._process.stdin, flush=True)
            problem = json.loads(self._process.stdout.readline())
        except (OSError, ValueError):
            self._end()
            problem = f"ended, and {self._home / LOG_FILE} says why"
        return None if problem is None else _sentence(problem)

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            with suppress(BrokenPipeError), self._process:  # closes its pipes, one with words for it perhaps, and waits
                pass
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        with open(self._home / LOG_FILE, "w") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "lab.experiments.index_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "LAB_HOME": str(self._home)},
                process_group=0,  # Ctrl-C is for the server; the index is still brought up to date
            )


def _sentence(problem: str) -> str:
    return f"MLflow, the index of the runs, {problem}; the runs are kept as files, and it will be brought up to date."
