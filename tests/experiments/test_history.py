"""MLflow as the index of the runs: it follows, it catches up, it tells nobody, and nobody has to wait for it."""

import os
import sqlite3
import sys
import textwrap
import time
import urllib.parse
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import pytest
from conftest import wait_until
from trainings import complete, experiment, finished, points

from lab.experiments.home import run_folder
from lab.experiments.index import Index
from lab.experiments.index_process import EXPERIMENT, SILENT, Follower
from lab.experiments.store import Store
from lab.specs import from_json

EAR = """
    import socket

    def heard(name):
        def call(*arguments, **more):
            with open({log!r}, "a") as file:
                print(name, arguments, file=file)
            raise OSError("no network in this test")
        return call

    socket.getaddrinfo = heard("getaddrinfo")
    socket.socket.connect = heard("connect")
"""
CONTINUOUS_INTEGRATION = ("CI", "PYTEST_CURRENT_TEST", "GITHUB_ACTIONS")  # where MLflow keeps quiet anyhow


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """LAB_HOME with one MLflow for the whole module, which writes down whatever it says to the network."""
    place = tmp_path_factory.mktemp("index")
    (place / "sitecustomize.py").write_text(textwrap.dedent(EAR.format(log=str(place / "heard"))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(place / "home"))
        patch.setenv("HOME", str(place / "user"))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(place), *filter(None, [os.environ.get("PYTHONPATH")])]))
        patch.setenv("_MLFLOW_TESTING_TELEMETRY", "true")  # MLflow's own tests would be heard
        patch.setattr("lab.experiments.index.SECONDS_TO_GATHER", 0.05)
        patch.setattr("lab.experiments.index.SECONDS_BETWEEN_TRIES", 0.2)
        for name in CONTINUOUS_INTEGRATION:
            patch.delenv(name, raising=False)
        yield place


@pytest.fixture(scope="module")
def kept(place):
    kept = Store(Index())
    yield kept
    kept._index._end()


@pytest.fixture(autouse=True)
def _quiet_environment(monkeypatch):
    """pytest sets this anew for every test."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)


def ask(place, query, *values):
    file = urllib.parse.quote(str(place / "home" / "mlflow.db"))
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        return database.execute(query, values).fetchall()


def run_of(place, digest):
    """Id, name, status and life of the one run of a digest."""
    query = "SELECT r.run_uuid, r.name, r.status, r.lifecycle_stage FROM runs r JOIN tags t USING (run_uuid)"
    [row] = ask(place, f"{query} WHERE t.key = 'lab.digest' AND t.value = ?", digest)
    return row


def settled(kept):
    return kept._index.settle(120) or pytest.fail(str(kept.trouble))


def test_mlflow_knows_what_was_asked_for_and_every_epoch(kept, place):
    request = experiment()
    start = time.monotonic()
    complete(kept, request)
    assert time.monotonic() - start < 5, "nobody waits for MLflow"
    settled(kept)
    run, name, status, life = run_of(place, request.digest)
    assert (name, status, life) == ("digits, Uniform 0.3, DigitsMLP, CrossEntropy", "FINISHED", "active")
    query = "SELECT step, value FROM metrics WHERE run_uuid = ? AND key = 'test_accuracy' ORDER BY step"
    assert ask(place, query, run) == [(1, 0.5), (2, 0.51), (3, 0.52)]
    tags = dict(ask(place, "SELECT key, value FROM tags WHERE run_uuid = ?", run))
    assert from_json(tags["lab.experiment"]) == request
    assert tags["lab.status"] == "done"
    parameters = dict(ask(place, "SELECT key, value FROM params WHERE run_uuid = ?", run))
    assert (parameters["noise.kind"], parameters["noise.rate"], parameters["schedule.epochs"]) == (
        "Uniform",
        "0.3",
        "60",
    )
    assert (place / "home" / "mlflow" / run / "artifacts").resolve() == run_folder(request.digest).resolve()
    assert ask(place, "SELECT name FROM experiments WHERE name = ?", EXPERIMENT)


def test_names_deletion_and_its_undoing_follow(kept, place):
    request = experiment()
    kept.rename(request.digest, "first try")
    kept.delete(request.digest)
    settled(kept)
    assert run_of(place, request.digest)[1:] == ("first try", "FINISHED", "deleted")
    kept.restore(request.digest)
    settled(kept)
    assert run_of(place, request.digest)[3] == "active"


def test_how_a_training_ended_follows_and_a_damaged_folder_holds_up_no_other(kept, place):
    failed, stopped, bad = experiment(1), experiment(2), experiment(3)
    for request in (bad, failed, stopped):
        kept.begin(request)
        kept.point(request.digest, points(1)[0])
    (run_folder(bad.digest) / "record.json").write_text("{")
    kept.finish(failed.digest, "failed", error="rate must be in [0, 1], got 7")
    kept.finish(stopped.digest, "stopped")
    settled(kept)
    assert run_of(place, failed.digest)[2] == "FAILED"
    assert run_of(place, stopped.digest)[2] == "KILLED"
    kept.begin(bad)
    settled(kept)
    assert run_of(place, bad.digest)[2] == "RUNNING"


def test_while_its_database_is_locked_trainings_go_on_and_then_it_catches_up(kept, place, monkeypatch):
    monkeypatch.setattr("lab.experiments.index.SECONDS_TO_ANSWER", 0.5)
    request = experiment(4)
    with sqlite3.connect(place / "home" / "mlflow.db", isolation_level=None) as database:
        database.execute("BEGIN EXCLUSIVE")
        start = time.monotonic()
        complete(kept, request)
        assert kept.load(request.digest) is not None
        assert kept.records()[0].digest == request.digest
        assert time.monotonic() - start < 2
        assert not kept._index.settle(1)
        assert kept.trouble.startswith("MLflow, the index of the runs, does not answer; the runs are kept as files")
        database.execute("COMMIT")
    settled(kept)
    assert kept.trouble is None
    assert run_of(place, request.digest)[2] == "FINISHED"


def test_nothing_was_said_to_the_network_and_no_id_was_made(kept, place):
    assert not (place / "heard").exists()
    assert not (place / "user").exists()


class TeamServer:
    """MLflow's client as far as the index uses it; keeps what it was told."""

    said: ClassVar[list] = []

    def __init__(self, uri):
        self.said.append(("open", uri))

    def __getattr__(self, name):
        def call(*arguments, **more):
            self.said.append((name, *arguments))
            info = SimpleNamespace(run_id="r1", experiment_id="7", creation_time=1)
            known = {"get_experiment_by_name": info, "search_runs": [], "create_run": SimpleNamespace(info=info)}
            return known.get(name)

        return call


def test_a_teams_server_is_sent_the_arrays_once_and_its_absence_is_a_sentence(home, monkeypatch):
    mlflow, entities = ModuleType("mlflow"), ModuleType("mlflow.entities")
    mlflow.MlflowClient = TeamServer
    entities.Metric, entities.Param = lambda *parts: parts, lambda *parts: parts
    entities.ViewType = SimpleNamespace(ALL=3)
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://team.example:5000")
    for name in SILENT:
        monkeypatch.setenv(name, "false")
    request = experiment()
    complete(Store(), request)
    assert Follower().follow() is None
    assert TeamServer.said[0] == ("open", "https://team.example:5000")
    assert {name: os.environ[name] for name in SILENT} == SILENT
    [result] = run_folder(request.digest).glob("result-*")
    assert ("log_artifacts", "r1", str(result)) in TeamServer.said
    assert TeamServer.said[-1] == ("set_terminated", "r1", "FINISHED")
    count = len(TeamServer.said)
    assert Follower().follow([request.digest]) is None
    assert len(TeamServer.said) == count + 2, "only opened: nothing has changed"

    def away(uri):
        raise OSError("connection refused\nand more")

    mlflow.MlflowClient = away
    assert Follower().follow() == "can not be written (connection refused)"


@pytest.mark.slow
def test_a_killed_process_and_a_lost_database_are_made_up_for_from_the_files(kept, place):
    complete(kept, experiment(4))
    settled(kept)
    before = sorted(record.digest for record in kept.records())
    kept._index._process.kill()
    kept._index._process.wait()  # from now on, whatever it is told breaks the pipe
    for file in (place / "home").glob("mlflow.db*"):
        file.unlink()
    request = experiment(5)
    kept.begin(request)
    kept.finish(request.digest, "done", run=finished(request))
    wait_until(lambda: "ended, and" in str(kept.trouble))
    settled(kept)
    assert kept.trouble is None
    known = ask(place, "SELECT value FROM tags WHERE key = 'lab.digest'")
    assert sorted(value for (value,) in known) == sorted([*before, request.digest])
