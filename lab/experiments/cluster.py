"""Where computations run: our own worker process, or the cluster that LAB_SCHEDULER names."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from typing import Any


class Cluster:
    """A scheduler with workers, started by us unless `LAB_SCHEDULER=tcp://...` says that there is one already."""

    def __init__(self, module: str) -> None:
        self._given = os.environ.get("LAB_SCHEDULER")
        self._process = None if self._given else _start(module)
        self._training = False  # whether its workers were asked for

    def contact(self) -> dict[str, Any]:
        """How dask's Client reaches it; waits until it is up. Raises: ConnectionError if ours does not come up."""
        if self._process is None:
            return {"address": self._given}
        from distributed import Security  # 2-3 s, while our process does the same

        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise ConnectionError("the worker process ended before it was up")
        answer = json.loads(line)
        keys = {"tls_ca_file": answer["certificate"], "tls_client_cert": answer["certificate"]}
        security = Security(require_encryption=True, tls_client_key=answer["key"], **keys)
        return {"address": answer["address"], "security": security}

    @property
    def alive(self) -> bool:
        """Whether our process still runs; always so for a given cluster."""
        return self._process is None or self._process.poll() is None

    def start_training(self) -> None:
        """Have our process start its training workers, unless it has; returns at once. A given cluster has its own."""
        if self._process is None or self._training:
            return
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # it has just ended, which `alive` says
            self._process.stdin.write("training\n")
            self._process.stdin.flush()
        self._training = True

    def close(self) -> None:
        """End our processes; a given cluster is left alone."""
        if self._process is None:
            return
        assert self._process.stdin
        assert self._process.stdout
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()  # the sign to end
        self._process.stdout.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _start(module: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "lab.experiments.cluster_process", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"DASK_LOGGING__DISTRIBUTED": "error", **os.environ},
        process_group=0,  # its own: Ctrl-C is for the server. Not a session: Linux weighs those alike, however nice
    )
