"""The pools of the numeric libraries obey one place."""

from __future__ import annotations

import os
import subprocess
import sys

import faiss
import pytest
import torch
from threadpoolctl import threadpool_info

from lab.core.threads import POOL_VARIABLES, thread_environment, threads, usable_cores


@pytest.fixture
def two_threads():
    before = torch.get_num_threads(), faiss.omp_get_max_threads()
    torch.set_num_threads(2)
    faiss.omp_set_num_threads(2)
    yield
    torch.set_num_threads(before[0])
    faiss.omp_set_num_threads(before[1])


def pools() -> tuple[int, int]:
    return torch.get_num_threads(), faiss.omp_get_max_threads()


@pytest.mark.usefixtures("two_threads")
def test_a_block_limits_the_pools_and_gives_them_back() -> None:
    with threads(1):
        assert pools() == (1, 1)
    assert pools() == (2, 2)


@pytest.mark.usefixtures("two_threads")
def test_the_pools_come_back_after_an_error_too() -> None:
    with pytest.raises(KeyError), threads(1):
        raise KeyError
    assert pools() == (2, 2)


def test_the_first_start_of_numbas_pool_leaves_torchs_size_alone() -> None:
    code = """if True:
        import numba, torch
        from lab.core.threads import threads
        def sizes():
            lines = torch.__config__.parallel_info().splitlines()
            return [line.split(":")[-1].strip() for line in lines if "get_num_threads" in line or "mkl_get_max" in line]
        torch.set_num_threads(1)
        before = sizes()
        with threads(1):
            pass
        assert sizes() == before, (before, sizes())"""
    environment = {name: value for name, value in os.environ.items() if name not in POOL_VARIABLES}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_blas_obeys_too() -> None:
    with threads(1):
        assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} <= {1}


def test_limiting_imports_nothing() -> None:
    code = "import sys; from lab.core.threads import threads\nwith threads(1): pass\n"
    code += "print(sorted({'torch', 'faiss', 'numba', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_child_process_gets_small_pools() -> None:
    environment = thread_environment(1)
    assert set(environment) == set(POOL_VARIABLES)
    assert set(environment.values()) == {"1"}
    code = "import torch; print(torch.get_num_threads())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no call to pin a process here")
def test_usable_cores_are_those_the_process_may_run_on() -> None:
    code = "import os; from lab.core.threads import usable_cores\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nprint(usable_cores())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
