"""One place that decides how many threads the numeric libraries may use.

torch, faiss, numba and BLAS each start a pool of their own. Two pools on two busy cores turned a training of
0.6 s into 21 s, so small work runs on one thread and only large, regular work asks for more.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from threadpoolctl import threadpool_limits

POOL_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def thread_environment(n_threads: int) -> dict[str, str]:
    """The environment of a child process whose pools are no larger than `n_threads`."""
    return dict.fromkeys(POOL_VARIABLES, str(n_threads))


@contextmanager
def threads(n_threads: int) -> Iterator[None]:
    """Limit the pools of the libraries imported so far inside a block, and give them back afterwards."""
    # The first to come and the last to go: on leaving, it gives every pool, not BLAS's alone, the size it found.
    with threadpool_limits(n_threads, user_api="blas"), ExitStack() as undo:
        torch = sys.modules.get("torch")
        torch_threads = torch.get_num_threads() if torch else 0  # read first: numba's pool's first start resets it
        if numba := sys.modules.get("numba"):
            undo.callback(numba.set_num_threads, numba.get_num_threads())
            numba.set_num_threads(min(n_threads, numba.config.NUMBA_NUM_THREADS))
        if torch:
            undo.callback(torch.set_num_threads, torch_threads)
            torch.set_num_threads(n_threads)
        if faiss := sys.modules.get("faiss"):
            undo.callback(faiss.omp_set_num_threads, faiss.omp_get_max_threads())
            faiss.omp_set_num_threads(n_threads)
        yield


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
