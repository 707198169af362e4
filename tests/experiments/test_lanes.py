"""A toy never waits behind a training, and whatever becomes of a training, its history is told."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import wait_until
from stub_worker import Task

from lab.experiments import Run, Stopped
from lab.experiments.attempt import STOP_PATIENCE, TRAINING_DIED
from lab.experiments.engine import Engine
from lab.experiments.jobs import JobFailed
from lab.experiments.store import Store

LONG = {"steps": 3000, "pause": 0.01}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(tmp_path_factory.mktemp("home")))
        yield Store()


@pytest.fixture(scope="module")
def engine(stub_path, kept):
    engine = Engine("stub_worker", store=kept)
    engine.start()
    yield engine
    engine.stop()


def training(**settings):
    return Task(lane="training", **settings)


def running(engine, **settings):
    job = engine.submit(training(**settings))
    wait_until(lambda: job.progress.message.startswith("step"), 60)
    return job


def epochs(n):
    return [{"epoch": epoch, "test_accuracy": 0.5} for epoch in range(n)]


def pid_of(log):
    return int(log.read_text().split()[-1])


def test_the_training_worker_comes_with_the_first_training_and_is_kept(engine):
    quick = engine.submit(Task(name="quick")).result(60).metrics
    assert engine.queue.ready == {"quick"}
    first = engine.submit(training(name="first"))
    assert first.status == "starting"
    first = first.result(60).metrics
    assert engine.queue.ready == {"quick", "training"}
    second = engine.submit(training(name="second")).result(60).metrics
    assert first["pid"] == second["pid"] != quick["pid"] == engine.submit(Task(name="more")).result(60).metrics["pid"]
    assert first["nice"] == quick["nice"] == 10


def test_a_toy_never_waits_behind_a_training(engine):
    hours = running(engine, name="hours", **LONG)
    waiting = [engine.submit(training(name=name)) for name in ("next", "the one after")]
    for name in ("toy", "another toy"):
        assert engine.submit(Task(name=name)).result(30).metrics["name"] == name
    assert not hours.finished
    assert [(job.status, job.progress.place) for job in waiting] == [("queued", 1), ("queued", 2)]
    wait_until(lambda: hours.progress.seconds_left is not None)
    assert waiting[0].progress.seconds_left > 10
    for job in (hours, *waiting):
        job.cancel()


def test_a_toy_never_waits_behind_what_is_known_to_be_long(engine, kept):
    job = engine.submit(Task(name="a study of a large file", **LONG), "training")
    wait_until(lambda: job.progress.message.startswith("step"), 60)
    assert engine.submit(Task(name="toy meanwhile")).result(30).metrics["name"] == "toy meanwhile"
    assert not job.finished
    assert kept.record(job.id) is None, "the history has trainings alone"
    job.cancel()


def test_thirty_people_who_train_the_same_get_one_training(engine, kept, tmp_path):
    task = training(name="shared", points=3, log=str(tmp_path / "log"))
    barrier = threading.Barrier(30)

    def ask(_):
        barrier.wait()
        return engine.submit(training(name="shared", points=3, log=task.log))

    with ThreadPoolExecutor(30) as pool:
        jobs = set(pool.map(ask, range(30)))
    assert len(jobs) == 1
    job = jobs.pop()
    job.result(60)
    assert job.points == kept.record(task.digest).points == epochs(3)
    assert len((tmp_path / "log").read_text().splitlines()) == 1


def test_a_stop_of_a_training_is_shown_within_a_second_and_the_next_one_runs(engine, kept):
    job = running(engine, name="stopped", **LONG)
    assert kept.record(job.id).status == "running"
    following = engine.submit(training(name="following"))
    start = time.monotonic()
    job.cancel()
    with pytest.raises(Stopped):
        job.result(5)
    assert time.monotonic() - start < 1
    assert following.result(30).metrics["name"] == "following"
    assert kept.record(job.id).status == "stopped"


def test_a_training_that_fails_says_why_in_one_sentence_and_the_next_one_runs(engine, kept):
    job = engine.submit(training(name="fails", points=2, ending="bug"))
    following = engine.submit(training(name="after the bug"))
    with pytest.raises(JobFailed):
        job.result(30)
    record = kept.record(job.id)
    assert (record.status, record.error, record.points) == ("failed", r"KeyError: 'two\nlines'", epochs(2))
    assert following.result(30).metrics["name"] == "after the bug"


def test_a_killed_training_can_be_resumed_and_the_quick_lane_does_not_notice(engine, kept, tmp_path):
    log = tmp_path / "log"
    job = engine.submit(training(name="killed", points=3, ending="deaf at first", log=str(log)))
    wait_until(lambda: len(job.points) == 3, 60)
    toy = engine.submit(Task(name="while it dies", steps=20, pause=0.02, log=str(tmp_path / "toy")))
    os.kill(pid_of(log), signal.SIGKILL)
    with pytest.raises(JobFailed) as caught:
        job.result(20)
    assert str(caught.value) == TRAINING_DIED == kept.record(job.id).error
    assert toy.result(20).metrics["pid"] == engine.submit(Task(name="toy again")).result(20).metrics["pid"]
    assert len((tmp_path / "toy").read_text().splitlines()) == 1
    again = engine.submit(job.request)
    again.result(60)
    assert again.points == epochs(3), "the resumed run told the last one only"
    assert kept.record(job.id).status == "done"


def test_a_training_in_line_is_in_the_history_and_so_is_its_stop(engine, kept):
    first = running(engine, name="in front", **LONG)
    second = engine.submit(training(name="in line"))
    assert kept.record(second.id).status == "queued"
    second.cancel()
    assert kept.record(second.id).status == "stopped"
    first.cancel()
    wait_until(lambda: first.finished)


def test_a_frozen_training_worker_is_replaced_and_its_stop_shown_before(engine, monkeypatch, tmp_path):
    monkeypatch.setitem(STOP_PATIENCE, "training", 0.7)
    log = tmp_path / "log"
    job = running(engine, name="frozen", log=str(log), **LONG)
    os.kill(pid_of(log), signal.SIGSTOP)
    again = engine.submit(training(name="after the frozen one"))
    start = time.monotonic()
    job.cancel()
    with pytest.raises(Stopped):
        job.result(5)
    assert time.monotonic() - start < 1
    assert again.result(60).metrics["pid"] != pid_of(log)


def test_what_an_earlier_server_trained_is_there_at_once(engine, kept):
    request = training(name="earlier", points=2)
    run = engine.submit(request).result(60)
    assert kept.load(request.digest).metrics == run.metrics
    later = Engine("no_such_module", store=Store())
    job = later.find(request.digest)
    assert (job.status, job.run.metrics) == ("done", run.metrics)
    assert later.submit(request) is job
    assert later._thread is None, "nothing was started"
    assert later.find("0123456789ab") is None


def test_a_deleted_training_is_trained_anew(engine, kept, tmp_path):
    request = training(name="deleted", log=str(tmp_path / "log"))
    job = engine.submit(request)
    job.result(60)
    kept.delete(request.digest)
    assert engine.find(request.digest) is None
    assert engine.submit(request) is not job
    engine.find(request.digest).result(60)
    assert len((tmp_path / "log").read_text().splitlines()) == 2
    assert not kept.record(request.digest).deleted


@pytest.fixture
def elsewhere(monkeypatch, kept):
    """A process of its own, as far as the history can tell."""
    monkeypatch.setattr("lab.experiments.attempt.SECONDS_BETWEEN_LOOKS", 0.02)
    return Store()


def under_way_elsewhere(engine, elsewhere, **settings):
    task = training(**settings)
    elsewhere.begin(task)
    elsewhere.point(task.digest, epochs(1)[0])
    job = engine.submit(task)
    wait_until(lambda: job.progress.message == "another process of the lab is training this")
    assert (job.status, job.points) == ("running", epochs(1))
    return job


def test_what_another_process_trains_is_waited_for_and_taken_over(engine, elsewhere, tmp_path):
    job = under_way_elsewhere(engine, elsewhere, name="elsewhere", log=str(tmp_path / "log"))
    elsewhere.finish(job.id, "done", run=Run(job.request, {"name": "theirs"}, {}, 1.0))
    assert job.result(30).metrics["name"] == "theirs"
    assert not (tmp_path / "log").exists()


def test_what_another_process_gave_up_is_trained_here(engine, elsewhere, kept):
    job = under_way_elsewhere(engine, elsewhere, name="given up")
    job.cancel()
    with pytest.raises(Stopped):
        job.result(5)
    assert kept.record(job.id).status == "running", "a stop here is none there"
    again = engine.submit(job.request)
    elsewhere.finish(job.id, "failed", error="no")
    assert again.result(30).metrics["name"] == "given up"
    assert kept.record(job.id).status == "done"


def test_a_training_is_known_to_be_alive_between_its_epochs(engine, kept, monkeypatch):
    beaten = []
    monkeypatch.setattr(kept, "beat", beaten.append)
    monkeypatch.setattr("lab.experiments.dispatch.SECONDS_BETWEEN_BEATS", 0)
    monkeypatch.setattr("lab.experiments.dispatch.SECONDS_BETWEEN_LOOKS", 0.05)
    job = running(engine, name="long epochs", **LONG)
    wait_until(lambda: beaten.count(job.id) >= 3)
    job.cancel()


class Broken:
    def __getattr__(self, name):
        def fail(*args, **kwargs):
            raise OSError("no space left")

        if name in ("queue", "begin", "point", "beat", "finish", "load", "record", "settle"):
            return fail
        raise AttributeError(name)


def test_trouble_in_the_store_touches_no_training(engine, monkeypatch):
    monkeypatch.setattr(engine._recorder, "_store", Broken())
    monkeypatch.setattr("lab.experiments.dispatch.SECONDS_BETWEEN_BEATS", 0)
    job = engine.submit(training(name="unrecorded", points=2, steps=20))
    assert job.result(30).metrics["name"] == "unrecorded"
    assert job.points == epochs(2)


def test_a_shutdown_leaves_a_training_that_can_go_on_and_no_process(engine, kept):
    job = running(engine, name="interrupted", **LONG)
    engine.stop()
    assert job.status == "failed"
    assert kept.record(job.id).status == "interrupted"
