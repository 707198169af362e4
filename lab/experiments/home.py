"""Where the lab keeps what must survive it: finished runs, checkpoints, and the index over them."""

from __future__ import annotations

import os
from pathlib import Path

from lab.core.checks import require


def lab_home() -> Path:
    """The folder that LAB_HOME names, else `.lab` below the current one. It need not exist yet."""
    return Path(os.environ.get("LAB_HOME") or ".lab").expanduser().absolute()


def runs_folder() -> Path:
    """Where every run has a folder of its own."""
    return lab_home() / "runs"


def run_folder(digest: str) -> Path:
    """Where the arrays, metrics and points of a request's run are kept. Raises: ValueError if it is no digest."""
    return runs_folder() / _plain(digest)


def checkpoint_folder(digest: str) -> Path:
    """Where a computation keeps what it needs to go on after an interruption. Raises: ValueError as above."""
    return lab_home() / "checkpoints" / _plain(digest)


def _plain(digest: str) -> str:
    """It may come from an address bar, and must not lead out of its folder."""
    require(digest.isascii() and digest.isalnum(), "digest", "letters and digits alone", digest)
    return digest
