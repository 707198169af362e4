"""A real server for a benchmark: started on a free port, ended with its worker."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def server(home: str | None = None) -> Iterator[str]:
    """The lab, served; the value is its address, host and port. The server may still be starting: see `wait_until_healthy`.

    Args:
        home: folder of the runs; None for one that goes with the server.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as own:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *options],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT), "LAB_HOME": home or own}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield f"127.0.0.1:{port}"
        except BaseException:
            log.seek(0)
            print(log.read().decode(), file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait()


def wait_until_healthy(address: str, seconds: float = 120) -> None:
    """Raises: TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{address}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"{address} must be healthy within {seconds} s")
