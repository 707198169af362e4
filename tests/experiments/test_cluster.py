"""The processes beside the server: how they come up, who may talk to them, how they end."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from conftest import wait_until
from stub_worker import Task

from lab.core.device import _count_gpus
from lab.experiments import Stopped
from lab.experiments.attempt import NO_WORKERS
from lab.experiments.cluster import Cluster
from lab.experiments.engine import Engine
from lab.experiments.jobs import JobFailed


def alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def our_children():
    return psutil.Process().children(recursive=True)


def test_a_job_is_stopped_at_once_while_the_worker_is_still_loading(stub_path):
    engine = Engine("slow_worker")
    try:
        start = time.monotonic()
        job = engine.submit(Task(name="early"))
        assert time.monotonic() - start < 0.5
        assert job.status == "starting"
        wait_until(lambda: job.progress.message == "loading the libraries")
        start = time.monotonic()
        job.cancel()
        with pytest.raises(Stopped):
            job.result(5)
        assert time.monotonic() - start < 1
        assert engine.submit(job.request).result(20).metrics["name"] == "early"
    finally:
        engine.stop()


def test_the_workers_end_with_a_server_that_is_killed(stub_path):
    code = (
        "import time, psutil, stub_worker\n"
        "from lab.experiments.engine import Engine\n"
        "job = Engine('stub_worker').submit(stub_worker.Task(name='orphan', lane='training', steps=10000))\n"
        "while not job.progress.message.startswith('step'): time.sleep(0.01)\n"
        "print(*[child.pid for child in psutil.Process().children(recursive=True)], flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as server:
        children = [psutil.Process(int(pid)) for pid in server.stdout.readline().split()]
        assert len(children) >= 3
        server.send_signal(signal.SIGKILL)
        server.wait()
        wait_until(lambda: not any(map(alive, children)), 5)


def test_a_cluster_that_is_lost_fails_its_jobs_leaves_nothing_and_is_replaced(stub_path, monkeypatch):
    monkeypatch.setattr("lab.experiments.engine.RETRY_AFTER", 0.1)
    before = set(our_children())
    engine = Engine("stub_worker")
    try:
        jobs = [engine.submit(Task(name=name, steps=3000)) for name in ("running", "waiting")]
        wait_until(lambda: jobs[0].progress.message.startswith("step"))
        lost = set(our_children()) - before
        next(child for child in lost if "cluster_process" in " ".join(child.cmdline())).kill()
        for job in jobs:
            with pytest.raises(JobFailed) as caught:
                job.result(10)
            assert str(caught.value) == NO_WORKERS
        assert engine.submit(Task(name="after")).result(30).metrics["name"] == "after"
        wait_until(lambda: not any(map(alive, lost)), 5)
    finally:
        engine.stop()
    assert not {child for child in our_children() if alive(child)} - before


def test_nobody_without_the_key_can_talk_to_our_scheduler(stub_path):
    from distributed import Client, Security

    async def reach(**contact):
        async with Client(**contact, asynchronous=True, set_as_default=False, timeout=2) as client:
            return await client.nthreads()

    cluster = Cluster("stub_worker")
    try:
        contact = cluster.contact()
        assert contact["address"].startswith("tls://127.0.0.1:")
        in_a_loop_of_its_own(reach(**contact))
        for security in (Security.temporary(), None):
            address = contact["address"] if security else contact["address"].replace("tls", "tcp")
            with pytest.raises(OSError, match=r"TLS certificate does not match|reset by peer"):
                in_a_loop_of_its_own(reach(address=address, security=security))
    finally:
        cluster.close()


def in_a_loop_of_its_own(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Its result; a browser test before this one leaves a loop running in the test's own thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@pytest.fixture
def forgetful() -> Iterator[None]:
    """A process counts its GPUs once: neither an earlier count is used nor this one kept."""
    _count_gpus.cache_clear()
    yield
    _count_gpus.cache_clear()


def test_each_gpu_gets_a_training_worker_that_sees_no_other(stub_path, monkeypatch, tmp_path, forgetful):
    listing = tmp_path / "nvidia-smi"
    listing.write_text("#!/bin/sh\necho 'GPU 0: First (UUID: GPU-1)'\necho 'GPU 1: Second (UUID: GPU-2)'\n")
    listing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("LAB_DEVICE", "auto")
    engine = Engine("stub_worker")
    try:
        jobs = [engine.submit(Task(name=name, lane="training", steps=100)) for name in ("a", "b")]
        quick = engine.submit(Task(name="quick")).result(60)
        assert sorted(job.result(60).metrics["gpu"] for job in jobs) == ["0", "1"]
        assert quick.metrics["gpu"] is None
    finally:
        engine.stop()
