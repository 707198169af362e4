import numpy as np
from stub_worker import Task

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
