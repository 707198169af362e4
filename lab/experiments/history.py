"""The record of a training on disk: what was asked for, how it ended, and the numbers of every epoch.

A run's folder holds

    record.json    status, name, times; always replaced whole, so that every change happens at one instant
    epochs.jsonl   one line an epoch, appended
    alive          who computes it, touched while somebody does
    result-.../    the run as `Run.save` wrote it; the one that counts is named in record.json
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lab.core.checks import require
from lab.experiments.epochs import read_points, summarise
from lab.experiments.results import replace_file
from lab.specs import from_json, to_json

RECORD_FILE, ALIVE_FILE = "record.json", "alive"
SECONDS_ALIVE = 30.0  # without a heartbeat for longer, nobody computes it any more
STATUSES = ("queued", "running", "interrupted", "done", "failed", "stopped")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One training in the history.

    Attributes:
        name: as somebody named it, or "".
        status: one of STATUSES; "interrupted" is one that waited or ran in a process that is no more.
        started: seconds since 1970 of its latest start.
        seconds: of computing, so far.
        error: one sentence if it failed.
        summary: best and last test accuracy, the number of epochs, and what else of KEPT_METRICS is known.
        deleted: whether it was deleted; it can be restored.
    """

    digest: str
    name: str
    status: str
    request: Any
    started: float
    seconds: float
    error: str | None
    summary: dict[str, Any]
    deleted: bool
    folder: Path

    @property
    def points(self) -> list[dict[str, Any]]:
        """The numbers of each finished epoch, in order; a value that was not finite is None."""
        return list(read_points(self.folder))

    @property
    def title(self) -> str:
        """Its name; where it has none, what was asked for in a few words."""
        return self.name or title(self.request)


def title(request: Any) -> str:
    """Data, noise, network and loss of an Experiment, or of the one that a study is about, by their names in JSON."""
    if not hasattr(request, "dataset"):
        method = getattr(request, "method", request)
        return f"{title(request.experiment)}, {type(method).__name__}"
    source, noise = request.dataset, request.noise
    data = source.name + (f" (n={source.n})" if source.n else "")
    rate = getattr(noise, "rate", None)
    words = type(noise).__name__ + (f" {rate:g}" if isinstance(rate, (int, float)) else "")
    return f"{data}, {words}, {type(request.backbone).__name__}, {type(request.method).__name__}"


def new_body(request: Any) -> dict[str, Any]:
    """What record.json holds of a training that starts now."""
    plain = json.loads(to_json(request))
    ending: dict[str, Any] = {"seconds": 0.0, "error": None, "result": None, "summary": {}}
    return {"status": "running", "name": "", "deleted": False, "request": plain, "started": time.time(), **ending}


def read_body(folder: Path) -> dict[str, Any] | None:
    """What record.json holds; None if there is none. Raises: ValueError in a sentence if it is damaged."""
    path = folder / RECORD_FILE
    try:
        stat = path.stat()
    except OSError:
        return None
    return _parse_body(path, (stat.st_mtime_ns, stat.st_ino, stat.st_size))[0]


@lru_cache(maxsize=4096)
def _parse_body(path: Path, stamp: tuple[int, ...]) -> tuple[dict[str, Any], Any]:
    """Body and request; `stamp` tells versions of the file apart."""
    rule, kinds = "whole", {"status": str, "name": str, "deleted": bool, "request": dict, "summary": dict}
    try:
        body = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} must be {rule}, got a damaged file") from error
    whole = isinstance(body, dict) and all(isinstance(body.get(name), kind) for name, kind in kinds.items())
    numbers = whole and all(isinstance(body.get(name), (int, float)) for name in ("started", "seconds"))
    require(numbers and body["status"] in STATUSES, str(path), rule, body)
    return body, from_json(json.dumps(body["request"]))


def change_body(folder: Path, changes: Mapping[str, Any], *, fresh: Mapping[str, Any] | None = None) -> None:
    """Replace record.json with one in which some fields are changed.

    Args:
        fresh: to start from where there is none, or a damaged one; None: nothing is done where there is none.
    Raises: OSError, and then the old one is still there; ValueError if it is damaged and `fresh` is None.
    """
    if fresh is not None:
        folder.mkdir(parents=True, exist_ok=True)
    elif not (folder / RECORD_FILE).exists():
        return
    with locked(folder):
        try:
            body = read_body(folder) or fresh
        except ValueError:
            if fresh is None:
                raise
            body = fresh
        text = json.dumps({**(body or {}), **changes}, allow_nan=False)
        replace_file(folder / RECORD_FILE, lambda file: file.write(text.encode()))


def tidy(folder: Path) -> None:
    """Remove results that the record does not name: earlier ones, and those that a kill left half written."""
    body = read_body(folder)
    for result in folder.glob("result-*"):
        if body is not None and result.name != body["result"]:
            shutil.rmtree(result, ignore_errors=True)


def read_record(folder: Path) -> RunRecord | None:
    """The record in a run's folder; None if there is none. Raises: ValueError in a sentence if it is damaged."""
    body = read_body(folder)
    if body is None:
        return None
    stat = (folder / RECORD_FILE).stat()
    request = _parse_body(folder / RECORD_FILE, (stat.st_mtime_ns, stat.st_ino, stat.st_size))[1]
    status, seconds, summary = body["status"], body["seconds"], body["summary"]
    if status == "queued" and not owner_lives(folder):
        status = "interrupted"
    if status == "running":
        status = "running" if is_alive(folder) else "interrupted"
        seconds = max(0.0, _last_beat(folder) - body["started"])
        summary = summarise(read_points(folder))
    return RunRecord(
        digest=folder.name,
        name=body["name"],
        status=status,
        request=request,
        started=body["started"],
        seconds=seconds,
        error=body.get("error"),
        summary=summary,
        deleted=body["deleted"],
        folder=folder,
    )


def mark_alive(folder: Path) -> None:
    """This process computes it now, or has it in its line."""
    path = folder / ALIVE_FILE
    who = json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode()
    replace_file(path, lambda file: file.write(who))


def beat(folder: Path) -> None:
    """It is still being computed; takes no room on the disk."""
    os.utime(folder / ALIVE_FILE)


def is_alive(folder: Path) -> bool:
    """Whether somebody computes it: a heartbeat of late, from a process that is not known to be dead."""
    return time.time() - _last_beat(folder) <= SECONDS_ALIVE and owner_lives(folder)


def owner_lives(folder: Path) -> bool:
    """Whether the process that has it is not known to be dead; of another machine's nothing is known."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        who = json.loads((folder / ALIVE_FILE).read_bytes())
        if who["host"] == socket.gethostname():
            try:
                os.kill(who["pid"], 0)
            except ProcessLookupError:
                return False
    return True


def _last_beat(folder: Path) -> float:
    try:
        return (folder / ALIVE_FILE).stat().st_mtime
    except OSError:
        return 0.0


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Alone among all processes of this machine in changing what the folder holds."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
