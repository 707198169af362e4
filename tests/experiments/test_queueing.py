import time

import numpy as np
import pytest
from stub_worker import Task

from lab.experiments.progress import add_point
from lab.experiments.queueing import JobQueue
from lab.experiments.results import Run


def queue(**bounds):
    return JobQueue(lambda: None, **({"keep_jobs": 3, "keep_bytes": 10_000} | bounds))


def done(jobs, name, size=1):
    job = jobs.submit(Task(name=name))
    assert jobs.take("quick") is job
    jobs.finish(job, "done", run=Run(job.request, {}, {"x": np.zeros(size)}, 0.5))
    return job


def known(jobs, *asked):
    return [job.request.name for job in asked if jobs._jobs.get(job.id) is job]


def test_only_the_latest_finished_jobs_are_kept_and_looking_at_one_renews_it():
    jobs = queue()
    a, b, c = (done(jobs, name) for name in "abc")
    assert jobs.find(a.id) is a
    d = done(jobs, "d")
    assert known(jobs, a, b, c, d) == ["a", "c", "d"]
    assert jobs.submit(b.request) is not b


def test_the_bytes_of_kept_arrays_are_bounded_but_the_latest_run_stays():
    jobs = queue()
    a, b = done(jobs, "a", 600), done(jobs, "b", 600)
    assert known(jobs, a, b) == ["a", "b"]
    c = done(jobs, "c", 600)
    assert known(jobs, a, b, c) == ["b", "c"]
    d = done(jobs, "d", 6000)
    assert known(jobs, a, b, c, d) == ["d"]


def test_unfinished_jobs_are_never_forgotten():
    jobs = queue(keep_jobs=1)
    waiting = [jobs.submit(Task(name=str(i))) for i in range(5)]
    assert known(jobs, *waiting) == list("01234")
    jobs.cancel(waiting[3])
    assert known(jobs, *waiting) == list("01234")
    assert [jobs.take("quick") for _ in range(5)] == [*waiting[:3], waiting[4], None]


def training(name, **fields):
    return Task(name=name, lane="training", **fields)


def test_each_lane_has_a_line_and_places_of_its_own():
    jobs = queue()
    slow, slower = (jobs.submit(training(name)) for name in ("slow", "slower"))
    quick = jobs.submit(Task(name="quick"))
    assert [job.progress.place for job in (slow, slower, quick)] == [1, 2, 1]
    assert jobs.take("quick") is quick
    assert jobs.take("quick") is None
    assert (jobs.waits("quick"), jobs.waits("training")) == (False, True)
    jobs.ready = {"quick"}
    assert slow.status == "starting"


def test_whoever_knows_better_than_the_request_names_the_lane():
    jobs = queue()
    job = jobs.submit(Task(name="long"), "training")
    assert (job.lane, job.request.lane) == ("training", "quick")
    assert jobs.submit(Task(name="long")) is job
    assert (jobs.take("quick"), jobs.take("training")) == (None, job)


def test_the_wait_is_told_once_all_jobs_ahead_in_the_lane_can_be_estimated():
    jobs = queue()
    done(jobs, "quick ones take half a second")
    running, first, second = (jobs.submit(Task(name=name)) for name in ("running", "first", "second"))
    assert jobs.take("quick") is running
    assert first.progress.seconds_left is None, "nobody knows how long the running one takes"
    running.advance(0.0, "", computing=True)
    time.sleep(0.01)
    running.advance(0.5, "", computing=True)
    assert second.progress.seconds_left == pytest.approx(0.5 + first.progress.seconds_left, abs=0.02)
    waiting = jobs.submit(training("nothing is known of trainings"))
    assert waiting.progress.seconds_left is None


def test_a_job_does_not_begin_while_a_worker_is_still_busy_with_an_earlier_one_of_the_same_id():
    jobs = queue()
    again, other = jobs.submit(training("again")), jobs.submit(training("other"))
    assert jobs.take("training", busy={again.id}) is other
    assert jobs.take("training", busy={again.id}) is None
    assert jobs.take("training") is again


def test_a_run_from_the_store_is_a_finished_job_unless_one_is_under_way():
    jobs = queue()
    run = Run(training("stored"), {"epochs": [{"epoch": 0}]}, {}, 0.5)
    job = jobs.adopt(run)
    assert (job.status, job.run, job.points) == ("done", run, [{"epoch": 0}])
    assert jobs.submit(run.request) is job
    jobs.forget(job)
    under_way = jobs.submit(run.request)
    assert jobs.adopt(run) is under_way
    jobs.forget(under_way)
    assert jobs.find(under_way.id) is under_way


def test_an_epoch_that_comes_again_replaces_it_and_all_after_it():
    points = [{"epoch": epoch, "loss": 1.0} for epoch in range(5)]
    add_point(points, {"epoch": 3, "loss": 0.5})
    add_point(points, {"epoch": 4, "loss": 0.25})
    assert [point["loss"] for point in points] == [1, 1, 1, 0.5, 0.25]


def test_a_finished_job_can_not_be_cancelled():
    jobs = queue()
    job = done(jobs, "a")
    job.cancel()
    assert job.status == "done"
    assert jobs.submit(job.request) is job


def test_a_job_starts_only_once_a_worker_is_up():
    jobs = queue()
    job = jobs.submit(Task(name="a"))
    assert job.status == "starting"
    jobs.ready = {"quick"}
    assert job.status == "queued"
    jobs.take("quick")
    assert job.status == "running"
