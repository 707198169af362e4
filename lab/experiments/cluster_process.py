"""The child process that holds dask's scheduler and keeps the worker processes alive: `python -m` this file.

It prints how to reach the scheduler on its standard output, as a line of JSON, and starts the worker for what is
quick. A line on its standard input has it start the workers for trainings: one for each GPU, or one if there is none.
It lives as long as its standard input is open. The server holds the other end, so however the server dies, nothing is
left behind.

Whoever can talk to a dask scheduler can have it run anything. So ours listens on the loopback alone, and asks for a
key that only the server and its workers have: on a shared machine, other users reach the loopback too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from typing import IO, Any

from lab.core.device import visible_gpus
from lab.core.threads import thread_environment, usable_cores

HOST = "127.0.0.1"
SETTINGS = {
    "distributed.worker.memory.target": False,  # results go out at once; nothing is worth spilling to disk
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.scheduler.worker-ttl": None,  # a long call into C is not a dead worker
    "distributed.admin.tick.limit": "1h",
}


def main(module: str) -> None:
    """Serve until standard input closes; `module` is the one whose `compute` the worker loads ahead."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints goes to the server's log, never into the pipe
    with asyncio.Runner() as runner:
        training = asyncio.Event()
        listening = (runner.get_loop(), training)
        threading.Thread(target=_listen_to_the_server, args=listening, daemon=True).start()
        runner.run(_serve(module, answer, training))


async def _serve(module: str, answer: IO[str], training: asyncio.Event) -> None:
    import dask.config  # seconds; by now a server that is gone has been noticed
    from distributed import Nanny, Scheduler, Security

    dask.config.set(SETTINGS)
    security = Security.temporary()
    local: dict[str, Any] = {"host": HOST, "dashboard": False, "dashboard_address": f"{HOST}:0", "security": security}
    # One worker dying is one failed job, never a second try that would kill the next worker too.
    async with Scheduler(**local, protocol="tls", port=0, allowed_failures=0) as scheduler:
        with answer:
            keys = {"certificate": security.tls_client_cert, "key": security.tls_client_key}
            print(json.dumps({"address": scheduler.address, **keys}), file=answer)
        own: dict[str, Any] = {
            "preload": ["lab.experiments.worker_process"],
            "preload_argv": [module],
            "nthreads": 1,
        } | local
        environment = thread_environment(1) | {"NUMBA_NUM_THREADS": str(usable_cores())}  # numba's is an upper limit
        async with Nanny(scheduler.address, **own, resources={"quick": 1}, memory_limit=0.8, env=environment):
            await training.wait()
            gpus = visible_gpus()
            places = [{"CUDA_VISIBLE_DEVICES": gpu} for gpu in gpus] or [{}]
            own |= {"resources": {"training": 1}, "memory_limit": 0.8 / len(places)}
            async with contextlib.AsyncExitStack() as trainers:
                nannies = [Nanny(scheduler.address, **own, env=environment | place) for place in places]
                await asyncio.gather(*map(trainers.enter_async_context, nannies))
                await scheduler.finished()


def _listen_to_the_server(loop: asyncio.AbstractEventLoop, training: asyncio.Event) -> None:
    for _ in sys.stdin.buffer:
        loop.call_soon_threadsafe(training.set)
    os.killpg(0, signal.SIGKILL)  # this process leads a group of its own; the workers are in it, busy or not


if __name__ == "__main__":
    main(sys.argv[1])
