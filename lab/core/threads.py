"""One place that decides how many threads the numeric libraries may use.

torch, faiss, numba and BLAS each start a pool of their own. Two pools on two busy cores turned a training of
0.6 s into 21 s, so small work runs on one thread and only large, regular work asks for more.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

POOL_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def thread_environment(n_threads: int) -> dict[str, str]:
    """The environment of a child process whose pools are no larger than `n_threads`."""
    return dict.fromkeys(POOL_VARIABLES, str(n_threads))


def limit_threads(n_threads: int) -> None:
    """Limit the pools of the libraries that are already imported in this process."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(n_threads)
    if faiss := sys.modules.get("faiss"):
        faiss.omp_set_num_threads(n_threads)
    if numba := sys.modules.get("numba"):
        numba.set_num_threads(min(n_threads, numba.config.NUMBA_NUM_THREADS))


@contextmanager
def threads(n_threads: int) -> Iterator[None]:
    """Limit the pools inside a block, and give them back afterwards."""
    torch, faiss, numba = (sys.modules.get(name) for name in ("torch", "faiss", "numba"))
    before = (
        torch.get_num_threads() if torch else None,
        faiss.omp_get_max_threads() if faiss else None,
        numba.get_num_threads() if numba else None,
    )
    limit_threads(n_threads)
    try:
        yield
    finally:
        if torch and before[0]:
            torch.set_num_threads(before[0])
        if faiss and before[1]:
            faiss.omp_set_num_threads(before[1])
        if numba and before[2]:
            numba.set_num_threads(before[2])


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
