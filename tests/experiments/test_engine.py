import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import wait_until
from stub_worker import Task

from lab.experiments import Stopped
from lab.experiments.attempt import STOP_PATIENCE, WORKER_DIED
from lab.experiments.jobs import JobFailed

LONG = {"steps": 3000, "pause": 0.01}


def running(engine, **settings):
    job = engine.submit(Task(**settings))
    wait_until(lambda: job.progress.message.startswith("step"))
    return job


def test_thirty_threads_that_ask_for_the_same_get_one_computation(engine, tmp_path):
    task = Task(name="shared", log=str(tmp_path / "log"))
    barrier = threading.Barrier(30)

    def ask(_):
        barrier.wait()
        return engine.submit(Task(name="shared", log=task.log))

    with ThreadPoolExecutor(30) as pool:
        jobs = set(pool.map(ask, range(30)))
    assert len(jobs) == 1
    run = jobs.pop().result(60)
    assert run.request == task
    assert engine.submit(task).result(0) is run
    assert len((tmp_path / "log").read_text().splitlines()) == 1


def test_progress_never_goes_back_and_ends_at_one(engine):
    job = engine.submit(Task(name="progress", steps=60, pause=0.01))
    seen = []
    while not job.finished:
        seen.append(job.progress)
        time.sleep(0.002)
    fractions = [progress.fraction for progress in seen]
    assert all(before <= after for before, after in itertools.pairwise(fractions))
    assert len({fraction for fraction in fractions if 0 < fraction < 1}) >= 3
    assert any(progress.seconds_left and 0 < progress.seconds_left < 5 for progress in seen)
    assert job.progress.fraction == 1
    assert job.progress.message == "done"


def test_every_point_arrives_once_and_in_order_however_many_come_at_once(engine):
    job = engine.submit(Task(name="points", steps=0, points=1000))
    job.result(30)
    assert job.points == [{"epoch": epoch, "test_accuracy": 0.5} for epoch in range(1000)]
    assert {type(job.points[0][name]) for name in ("epoch", "test_accuracy")} == {int, float}
    assert job.progress.message == "done"


def test_a_worker_gives_way_to_the_server(engine):
    assert engine.submit(Task(name="nice")).result(30).metrics["nice"] == 10


def test_queued_jobs_know_their_place_and_run_in_order(engine):
    engine.submit(Task(name="first of its type")).result(30)
    blocker = running(engine, name="blocker", **LONG)
    second, third = (engine.submit(Task(name=name)) for name in ("second", "third"))
    assert (second.status, second.progress.place, third.progress.place) == ("queued", 1, 2)
    wait_until(lambda: blocker.progress.seconds_left is not None)
    assert third.progress.seconds_left >= second.progress.seconds_left > 10
    third.cancel()
    assert third.status == "stopped"
    blocker.cancel()
    second.result(20)
    assert third.status == "stopped"


def test_a_running_job_stops_within_a_second_and_the_next_one_runs(engine):
    job = running(engine, name="stopped", **LONG)
    following = engine.submit(Task(name="following"))
    start = time.monotonic()
    job.cancel()
    with pytest.raises(Stopped):
        job.result(5)
    assert time.monotonic() - start < 1
    assert job.status == "stopped"
    assert following.result(20).metrics["name"] == "following"


def test_a_stopped_request_can_be_asked_for_again_at_once(engine, tmp_path):
    settings = {"name": "again", "steps": 100, "pause": 0.01, "log": str(tmp_path / "log")}
    job = running(engine, **settings)
    job.cancel()
    again = engine.submit(Task(**settings))
    assert again is not job
    assert again.id == job.id
    assert again.result(30).metrics["name"] == "again"
    assert job.status == "stopped"
    assert len((tmp_path / "log").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [("value", "rate must be in [0, 1], got 7"), ("bug", r"KeyError: 'two\nlines'"), ("killed", WORKER_DIED)],
)
def test_a_failed_job_says_why_in_one_line_and_the_next_one_runs(engine, ending, sentence, tmp_path):
    job = engine.submit(Task(name="fails", ending=ending, log=str(tmp_path / "log")))
    following = engine.submit(Task(name=f"after {ending}"))
    with pytest.raises(JobFailed) as caught:
        job.result(20)
    assert (job.status, job.error, str(caught.value)) == ("failed", sentence, sentence)
    assert following.result(30).metrics["name"] == f"after {ending}"
    assert len((tmp_path / "log").read_text().splitlines()) == 1, "a job that fails is not tried again"
    assert engine.queue.find(job.id) is job
    assert engine.submit(job.request) is not job


def test_a_worker_that_does_not_answer_a_stop_is_replaced(engine, monkeypatch):
    monkeypatch.setitem(STOP_PATIENCE, "quick", 0.3)
    job = running(engine, name="deaf", ending="deaf", steps=1)
    following = engine.submit(Task(name="after the deaf one"))
    job.cancel()
    with pytest.raises(Stopped):
        job.result(5)
    assert following.result(20).metrics["name"] == "after the deaf one"


def test_a_worker_that_reports_nothing_for_too_long_is_replaced(engine, monkeypatch):
    monkeypatch.setattr("lab.experiments.attempt.SILENCE", 1.0)
    job = engine.submit(Task(name="hanging", ending="deaf"))
    with pytest.raises(JobFailed, match="has reported nothing"):
        job.result(30)
    assert engine.submit(Task(name="after the hanging one")).result(60)


def test_a_large_result_arrives_whole_and_read_only(engine):
    run = engine.submit(Task(name="large", ending="large")).result(30)
    assert run.nbytes == 8_000_000
    with pytest.raises(ValueError, match="read-only"):
        run.arrays["x"][0] = 1
