"""The history of all trainings: begun, followed epoch by epoch, finished; kept as files, with MLflow as their index.

The files are the truth: a page reads them in milliseconds, and a kill at any instant leaves them readable. MLflow
follows in a process of its own (`lab.experiments.index`) and is caught up, or built anew, whenever it fell behind.
"""

from __future__ import annotations

import atexit
import errno
import queue
import shutil
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from lab.experiments import history
from lab.experiments.epochs import append_lines, point_line, read_points, summarise
from lab.experiments.history import RunRecord
from lab.experiments.home import checkpoint_folder, lab_home, run_folder, runs_folder
from lab.experiments.index import Index
from lab.experiments.jobs import one_sentence
from lab.experiments.results import Run

__all__ = ["RunRecord", "Store", "store"]

RUNS_KEPT_OPEN = 16  # each array that is mapped holds a file open
SECONDS_BETWEEN_BEATS = 2.0
SECONDS_BETWEEN_TRIES = 5.0  # to save a run that the disk refused


class Store:
    """Every method may be called from any thread and returns soon; runs are saved by a thread of its own.

    Only requests whose `lane` is "training" are kept; of others nothing is said and nothing is done. No method raises
    because of the disk: what it refuses waits in memory, is tried again, and `trouble` says so.
    """

    def __init__(self, index: Index | None = None) -> None:
        self._index = index
        self._lock = threading.RLock()
        self._settled = threading.Condition(self._lock)
        self._begun: dict[str, dict[str, Any]] = {}  # by digest: what this process computes, as its record began
        self._last_beat: dict[str, float] = {}
        self._lines: dict[str, bytes] = {}  # of points that the disk refused
        self._unsaved: dict[str, Run] = {}
        self._to_save: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._saver: threading.Thread | None = None
        self._closing = threading.Event()
        self._open: OrderedDict[tuple[str, str], Run] = OrderedDict()
        self._refused: str | None = None
        self._damaged: str | None = None

    @property
    def trouble(self) -> str | None:
        """One sentence on what can not be written or read now; None if all is well."""
        return self._refused or self._damaged or (self._index.trouble if self._index else None)

    # Said by whoever computes.

    def queue(self, request: Any) -> None:
        """It waits for a worker; what is known of earlier attempts stays. One that is computed or done is left alone."""
        if getattr(request, "lane", "quick") != "training":
            return
        body = history.new_body(request) | {"status": "queued"}
        changes = {key: body[key] for key in ("status", "deleted", "started", "error")}
        with self._lock:
            record = self.record(request.digest)
            if request.digest in self._begun or (record and record.status in ("running", "done")):
                return
            self._change(request.digest, **changes, fresh=body)
            self._try(lambda: history.mark_alive(run_folder(request.digest)))

    def begin(self, request: Any) -> None:
        """It is computed from now on. A name that it had, and the epochs of an earlier attempt, stay."""
        if getattr(request, "lane", "quick") != "training":
            return
        body = history.new_body(request)
        with self._lock:
            self._begun[request.digest] = body
            self._change(request.digest, **{key: body[key] for key in body if key not in ("name", "result")})
            self._try(lambda: history.mark_alive(run_folder(request.digest)))

    def point(self, digest: str, point: Mapping[str, Any]) -> None:
        """The numbers of a finished epoch, which names itself: {"epoch": 3, "test_accuracy": 0.91, ...}."""
        with self._lock:
            if digest not in self._begun:
                return
            self._lines[digest] = self._lines.get(digest, b"") + point_line(point)
            self._append_lines(digest)
        self.beat(digest)
        self._tell_index(digest)

    def beat(self, digest: str) -> None:
        """It is still being computed; may be called at every step."""
        now = time.monotonic()
        with self._lock:
            if digest in self._begun and now - self._last_beat.get(digest, 0.0) >= SECONDS_BETWEEN_BEATS:
                self._last_beat[digest] = now
                self._try(lambda: history.beat(run_folder(digest)))

    def finish(self, digest: str, status: str, *, run: Run | None = None, error: str | None = None) -> None:
        """It ended: "done" with its run, "failed" with one sentence, or "stopped", perhaps before it began."""
        with self._lock:
            if digest not in self._begun:
                record = self.record(digest)
                if record is not None and record.status == "queued":
                    self._change(digest, status=status, error=error)
                return
            self._append_lines(digest)
            if run is not None:
                self._unsaved[digest] = run
                self._start_saver()
                self._to_save.put(digest)
                return
            seconds = max(0.0, time.time() - self._begun[digest]["started"])
            summary = summarise(read_points(run_folder(digest)))
            self._change(digest, status=status, error=error, seconds=seconds, summary=summary)
            self._forget(digest)

    # Asked by whoever looks.

    def load(self, digest: str) -> Run | None:
        """A finished run, its arrays mapped into memory; None if there is none, it was deleted, or it is damaged."""
        with self._lock:
            if digest in self._unsaved:
                return self._unsaved[digest]
        if not digest.isalnum():
            return None
        try:
            body = history.read_body(run_folder(digest))
            if body is None or body["status"] != "done" or body["deleted"]:
                return None
            return self._load(digest, body["result"])
        except (ValueError, OSError) as error:
            self._damaged = one_sentence(error)
            return None

    def records(self, *, deleted: bool = False) -> list[RunRecord]:
        """All records, newest first; the deleted ones alone if asked for. A damaged one hides no other."""
        found, self._damaged = [], None
        for folder in runs_folder().iterdir() if runs_folder().is_dir() else ():
            try:
                record = history.read_record(folder)
            except (ValueError, OSError) as error:
                self._damaged = one_sentence(error)
                continue
            if record is not None and record.deleted == deleted:
                found.append(record)
        return sorted(found, key=lambda record: record.started, reverse=True)

    def record(self, digest: str) -> RunRecord | None:
        """The record of one digest, deleted or not; None if there is none or it is damaged."""
        try:
            return history.read_record(run_folder(digest))
        except (ValueError, OSError):
            return None

    def rename(self, digest: str, name: str) -> None:
        """Give a run a name; "" takes it away."""
        self._change(digest, name=name.strip())

    def delete(self, digest: str) -> None:
        """Take a run out of the history. Its files stay, and `restore` brings it back."""
        self._change(digest, deleted=True)

    def restore(self, digest: str) -> None:
        """Undo `delete`."""
        self._change(digest, deleted=False)

    def erase(self, digest: str) -> None:
        """Remove a deleted run from the disk, for good. One that is not deleted stays."""
        record = self.record(digest)
        if record is None or not record.deleted or record.status in ("queued", "running"):
            return
        with self._lock:
            for key in [key for key in self._open if key[0] == digest]:
                del self._open[key]
        shutil.rmtree(checkpoint_folder(digest), ignore_errors=True)
        for result in record.folder.glob("result-*"):  # the record goes last: what a kill leaves can still be erased
            shutil.rmtree(result, ignore_errors=True)
        shutil.rmtree(record.folder, ignore_errors=True)

    def settle(self, timeout: float | None = None) -> bool:
        """Wait until every finished run is on the disk; False if the disk refuses one, or time is up."""
        with self._settled:
            self._settled.wait_for(lambda: not self._unsaved or self._refused, timeout)
            return not self._unsaved

    # The disk.

    def _change(self, digest: str, *, fresh: Mapping[str, Any] | None = None, **changes: Any) -> bool:
        def write() -> None:
            history.change_body(run_folder(digest), changes, fresh=fresh or self._begun.get(digest))

        done = self._try(write)
        self._tell_index(digest)
        return done

    def _append_lines(self, digest: str) -> None:
        lines = self._lines.get(digest)
        if lines and self._try(lambda: append_lines(run_folder(digest), lines)):
            del self._lines[digest]

    def _try(self, write: Callable[[], None]) -> bool:
        """Write, and keep what the disk says to it; whether it was written."""
        try:
            write()
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            why = "The disk is full" if full else f"The disk can not be written ({error.strerror or error})"
            self._refused = f"{why}: the runs in {lab_home()} stay as they are, and what is new waits in memory."
            return False
        self._refused = None
        return True

    def _start_saver(self) -> None:
        if self._saver is None:
            self._saver = threading.Thread(target=self._save_all, name="lab-store", daemon=True)
            self._saver.start()
            atexit.register(self._close)

    def _close(self) -> None:
        """At the end of the process: what is still unsaved is tried once more."""
        self._closing.set()
        self._to_save.put("")
        if self._saver is not None:
            self._saver.join()

    def _save_all(self) -> None:
        while digest := self._to_save.get():
            while not self._save(digest, self._unsaved[digest]):
                if self._closing.wait(SECONDS_BETWEEN_TRIES):
                    break

    def _save(self, digest: str, run: Run) -> bool:
        """Write the arrays to a new folder, then name it in the record; False if the disk refuses."""
        folder, name = run_folder(digest), f"result-{uuid.uuid4().hex[:8]}"
        ending: dict[str, Any] = {"status": "done", "error": None, "seconds": run.seconds, "result": name}
        try:
            saved = self._try(lambda: run.save(folder / name, mapped=True))
        except (ValueError, TypeError) as error:  # metrics that are no JSON
            saved, ending = True, {"status": "failed", "error": f"The run can not be stored: {one_sentence(error)}"}
        with self._lock:
            self._append_lines(digest)  # what the disk refused of its epochs
            saved = saved and digest not in self._lines
        saved = saved and self._change(digest, **ending, summary=summarise(run.metrics.get("epochs", ()), run.metrics))
        if saved:
            history.tidy(folder)
            if ending["status"] == "done":
                shutil.rmtree(checkpoint_folder(digest), ignore_errors=True)
        else:
            shutil.rmtree(folder / name, ignore_errors=True)
        with self._settled:
            if saved:
                self._forget(digest)
            self._settled.notify_all()
        return saved

    def _forget(self, digest: str) -> None:
        for held in (self._begun, self._last_beat, self._lines, self._unsaved):
            held.pop(digest, None)

    def _load(self, digest: str, result: str) -> Run:
        key = (digest, result)
        with self._lock:
            if key not in self._open:
                self._open[key] = Run.load(run_folder(digest) / Path(result).name)
                if len(self._open) > RUNS_KEPT_OPEN:
                    self._open.popitem(last=False)
            self._open.move_to_end(key)
            return self._open[key]

    def _tell_index(self, digest: str) -> None:
        if self._index is not None:
            self._index.changed(digest)


def store() -> Store:
    """The one Store of this process (of each LAB_HOME, where that changes)."""
    return _store(lab_home())


@lru_cache(maxsize=4)
def _store(home: Path) -> Store:
    return Store(Index.of_environment())
