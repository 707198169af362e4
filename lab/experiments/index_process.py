"""MLflow kept in step with the files of the runs; the process that `lab.experiments.index` starts.

It reads lines from stdin, each a JSON list of digests, and answers each with null or with what went wrong. At the end
of stdin it looks through all runs once more, so that MLflow is complete however the server ended.

MLFLOW_TRACKING_URI names a team's server; without it the index is a SQLite file in LAB_HOME. MLflow's telemetry is off.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lab.experiments.epochs import POINTS_FILE
from lab.experiments.history import RECORD_FILE, RunRecord, read_body, read_record
from lab.experiments.home import lab_home, run_folder, runs_folder
from lab.experiments.results import replace_file
from lab.specs.codec import flatten, to_json, to_plain

EXPERIMENT = "noisy-label-lab"
STATE_FILE = "index.json"  # in a run's folder: what MLflow knows of it
STATUS = {
    "queued": "SCHEDULED",
    "running": "RUNNING",
    "done": "FINISHED",
    "failed": "FAILED",
    "stopped": "KILLED",
    "interrupted": "KILLED",
}
SILENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "_MLFLOW_TESTING_TELEMETRY": "false",  # true would overrule both
}
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}  # of seven and 120 s
LONGEST_TEXT = 5000  # MLflow takes 6,000 characters of a parameter, 8,000 of a tag
BATCH = 100  # parameters at a time; of metrics MLflow takes 1,000
NICENESS = 10

logger = logging.getLogger(__name__)


class Mirror:
    """MLflow's runs, one for each run's folder."""

    def __init__(self) -> None:
        os.environ.update(SILENT)  # before the import, which looks
        for name, value in PATIENCE.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        home = lab_home()
        uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home / 'mlflow.db'}"
        # Beside SQLite the artifacts are the run's own folder, by a link; a server is sent a copy.
        self._artifacts = home / "mlflow" if uri.startswith("sqlite:") else None
        self._client = MlflowClient(uri)
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is None:
            location = self._artifacts.as_uri() if self._artifacts else None
            found = self._client.get_experiment(self._client.create_experiment(EXPERIMENT, artifact_location=location))
        self._experiment = found.experiment_id
        place = f"{uri} {found.experiment_id} {found.creation_time}"  # another one if the database is a new one
        self._place = hashlib.sha256(place.encode()).hexdigest()[:12]

    def follow(self, folder: Path) -> None:
        """Bring MLflow up to date with one folder; quick if it is. A damaged record is left alone: a page tells of it."""
        record = None
        with suppress(ValueError):
            record = read_record(folder)
        if record is None:
            return
        state = self._read_state(folder)
        lines = (folder / POINTS_FILE).read_bytes() if (folder / POINTS_FILE).exists() else b""
        end = lines.rfind(b"\n") + 1
        seen = [record.status, hashlib.sha256((folder / RECORD_FILE).read_bytes()).hexdigest()]
        if (state.get("seen") == seen and state["offset"] >= end) or (record.deleted and state.get("deleted")):
            return
        run = state.get("run") or self._find(record) or self._create(record)
        if state.get("deleted"):
            self._client.restore_run(run)
        self._log_points(run, lines[state.get("offset", 0) : end])
        if state.get("seen") != seen:
            self._log_state(run, record)
        if record.deleted:
            self._client.delete_run(run)
        state = {"place": self._place, "run": run, "offset": end, "seen": seen, "deleted": record.deleted}
        replace_file(folder / STATE_FILE, lambda file: file.write(json.dumps(state).encode()))

    def _read_state(self, folder: Path) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            state = json.loads((folder / STATE_FILE).read_bytes())
            if state["place"] == self._place:
                return state
        return {}

    def _find(self, record: RunRecord) -> str | None:
        """The run that a process created which was killed before it could note so."""
        from mlflow.entities import ViewType

        which = f"tags.`lab.folder` = '{_address(record)}'"
        found = self._client.search_runs([self._experiment], which, run_view_type=ViewType.ALL, max_results=1)
        return found[0].info.run_id if found else None

    def _create(self, record: RunRecord) -> str:
        from mlflow.entities import Param

        request = to_json(record.request)
        tags = {"lab.digest": record.digest, "lab.folder": _address(record), "lab.experiment": request[:LONGEST_TEXT]}
        start = int(record.started * 1000)
        run = self._client.create_run(self._experiment, start_time=start, tags=tags, run_name=record.title)
        settings = flatten(to_plain(record.request))
        params = [Param(name, str(value)[:LONGEST_TEXT]) for name, value in settings]
        for i in range(0, len(params), BATCH):
            self._client.log_batch(run.info.run_id, params=params[i : i + BATCH])
        if self._artifacts:
            link = self._artifacts / run.info.run_id / "artifacts"
            link.parent.mkdir(parents=True)
            link.symlink_to(record.folder)
        return run.info.run_id

    def _log_points(self, run: str, lines: bytes) -> None:
        for line in lines.splitlines():
            with suppress(ValueError):
                point = json.loads(line)
                self._log_metrics(run, point, step=int(point.get("epoch", 0)))

    def _log_state(self, run: str, record: RunRecord) -> None:
        self._client.update_run(run, status="RUNNING", name=record.title)
        self._client.set_tag(run, "lab.status", record.status)
        if record.error:
            self._client.set_tag(run, "lab.error", record.error[:LONGEST_TEXT])
        if record.status == "running":
            return
        self._log_metrics(run, record.summary | {"seconds": record.seconds}, step=0)
        if record.status == "done" and self._artifacts is None:
            self._client.log_artifacts(run, str(record.folder / str((read_body(record.folder) or {})["result"])))
        end = int((record.started + record.seconds) * 1000)
        self._client.set_terminated(run, STATUS[record.status], end_time=end)

    def _log_metrics(self, run: str, values: dict[str, Any], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        numbers = {name: value for name, value in values.items() if type(value) in (int, float)}
        self._client.log_batch(run, [Metric(name, float(value), now, step) for name, value in numbers.items()])


def _address(record: RunRecord) -> str:
    return f"{socket.gethostname()}:{record.folder}".replace("'", "_")


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time, so that no run gets two in MLflow."""
    with open(lab_home() / "index.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Follower:
    """A mirror that comes up when it can."""

    def __init__(self) -> None:
        self._mirror: Mirror | None = None

    def follow(self, digests: list[str] | None = None) -> str | None:
        """Bring MLflow up to date with some runs, or with all. Returns: what went wrong."""
        problem = None
        try:
            with _alone():
                if self._mirror is None:
                    self._mirror, digests = Mirror(), None  # it may be behind by more than it is told
                for folder in runs_folder().iterdir() if digests is None else map(run_folder, digests):
                    problem = self._follow(self._mirror, folder) or problem
        except Exception as error:
            logger.exception("MLflow can not be opened")
            problem = _words(error)
        return problem

    def _follow(self, mirror: Mirror, folder: Path) -> str | None:
        try:
            mirror.follow(folder)
        except Exception as error:  # a damaged folder, a locked database, a server that is away: the others go on
            logger.exception("MLflow does not follow %s", folder)
            return _words(error)
        return None


def _words(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"can not be written ({lines[0][:160]})"


def main() -> None:
    """Follow what stdin says until it ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints goes to the log
    os.nice(NICENESS)
    follower = Follower()
    for line in sys.stdin:
        problem = follower.follow(json.loads(line))
        with suppress(OSError):  # the server is gone; its last line was this one
            print(json.dumps(problem), file=answers, flush=True)
    follower.follow()


if __name__ == "__main__":
    main()
