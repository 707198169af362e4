"""A cluster that was there before the server: who serves what, and what is left when the server goes."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from conftest import wait_until
from stub_worker import Task, compute

from lab.experiments import Stopped
from lab.experiments.engine import Engine
from lab.experiments.jobs import LANES, JobFailed
from lab.experiments.progress import unheard


def test_an_existing_scheduler_computes_just_as_well(stub_path, monkeypatch):
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as given:
        monkeypatch.setenv("LAB_SCHEDULER", given.scheduler_address)
        before = psutil.Process().children(recursive=True)
        engine = Engine("stub_worker")
        try:
            assert engine.submit(Task(name="elsewhere")).result(20).metrics["name"] == "elsewhere"
            job = engine.submit(Task(name="stopped", steps=3000))
            wait_until(lambda: job.progress.message.startswith("step"))
            job.cancel()
            with pytest.raises(Stopped):
                job.result(2)
            assert psutil.Process().children(recursive=True) == before
        finally:
            engine.stop()


@pytest.fixture(scope="module")
def by_hand(stub_path):
    """The address of a scheduler with two workers, each started as the README says."""
    from distributed import LocalCluster

    command = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--no-dashboard"]
    preload = ["--preload", "lab.experiments.worker_process", "stub_worker"]
    with (
        LocalCluster(n_workers=0, protocol="tcp", host="127.0.0.1", dashboard_address=None) as given,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("LAB_SCHEDULER", given.scheduler_address)
        workers = [subprocess.Popen([*command, given.scheduler_address, *preload]) for _ in range(2)]
        try:
            given.wait_for_workers(2, timeout=60)
            yield
        finally:
            for worker in workers:
                worker.terminate()
                worker.wait()


@pytest.fixture
def engine_by_hand(by_hand):
    engine = Engine("stub_worker")
    yield engine
    engine.stop()


def test_workers_started_by_hand_serve_both_lanes_with_the_same_numbers_as_here(engine_by_hand):
    tasks = [Task(name="n" * i, lane=lane, pause=0.1) for i in range(1, 4) for lane in LANES]
    runs = [job.result(60) for job in [engine_by_hand.submit(task) for task in tasks]]
    assert len({run.metrics["pid"] for run in runs}) == 2
    for run in runs:
        here = compute(run.request, unheard)
        assert run.metrics["name"] == here.metrics["name"]
        np.testing.assert_array_equal(run.arrays["x"], here.arrays["x"])


def test_a_computation_ends_with_the_server_that_asked_for_it(engine_by_hand):
    job = engine_by_hand.submit(Task(name="left behind", lane="training", steps=100_000))
    wait_until(lambda: job.progress.message.startswith("step"))
    engine_by_hand.stop()
    later = Engine("stub_worker")
    try:
        jobs = [later.submit(Task(name=f"after {i}", steps=150)) for i in range(2)]
        assert len({job.result(30).metrics["pid"] for job in jobs}) == 2, "both workers are free"
    finally:
        later.stop()


def test_a_request_that_kills_a_given_worker_is_not_sent_to_the_next(engine_by_hand, tmp_path):
    log = tmp_path / "log"
    job = engine_by_hand.submit(Task(name="deadly", lane="training", ending="killed", log=str(log)))
    with pytest.raises(JobFailed, match="train it again"):
        job.result(30)
    assert engine_by_hand.submit(Task(name="survivor")).result(30).metrics["name"] == "survivor"
    assert len(log.read_text().splitlines()) == 1


SWEEP = """{"kind": "Sweep", "seeds": [0, 1],
   "base": {"kind": "Experiment", "dataset": {"kind": "DataSource"}, "backbone": {"kind": "DigitsMLP"},
            "noise": {"kind": "Symmetric", "rate": 0.2}, "method": {"kind": "CrossEntropy"},
            "schedule": {"kind": "Schedule", "epochs": 4}},
   "axes": [{"kind": "Axis", "field": "noise.rate", "values": [0.2, 0.4]}]}"""


@pytest.mark.slow
def test_two_workers_started_by_hand_serve_a_sweep_with_the_numbers_of_this_machine(tmp_path):
    from distributed import LocalCluster

    (tmp_path / "sweep.json").write_text(SWEEP)
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--no-dashboard"]
    with LocalCluster(n_workers=0, protocol="tcp", host="127.0.0.1", dashboard_address=None) as given:
        command = [*worker, given.scheduler_address, "--preload", "lab.experiments.worker_process"]
        workers = [subprocess.Popen(command, cwd=tmp_path, env=apart(tmp_path / name)) for name in ("first", "second")]
        try:
            given.wait_for_workers(2, timeout=120)
            by_hand = swept(tmp_path, "hand", LAB_SCHEDULER=given.scheduler_address)
        finally:
            for process in workers:
                process.terminate()
                process.wait()
    here = swept(tmp_path, "here", "--here")
    assert len(by_hand) == 2
    assert by_hand == here
    print("\n" + "\n".join(f"{row['noise.rate']}: last {row['last']} ± {row['last_sd']}" for row in here))


def apart(home: Path) -> dict[str, str]:
    """The environment of a process that keeps its runs there."""
    return os.environ | {"LAB_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])}


def swept(folder: Path, name: str, *options: str, **environment: str) -> list[dict[str, str]]:
    """The table of the sweep, without its times."""
    out = folder / f"{name}.csv"
    command = [
        sys.executable,
        "-c",
        "from lab.cli import main; raise SystemExit(main())",
        "sweep",
        str(folder / "sweep.json"),
        "-o",
        str(out),
        *options,
    ]
    subprocess.run(command, env=apart(folder / name) | environment, check=True, timeout=280)
    with open(out) as table:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(table)]
