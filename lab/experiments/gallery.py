"""Finished runs that ship with the lab, so that every page shows something real on first open."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from lab.core.checks import require
from lab.experiments.results import RUN_FILE, Run

GALLERY = Path(__file__).parents[2] / "assets" / "gallery"


@lru_cache(maxsize=32)
def shipped(digest: str) -> Run | None:
    """The run of a request whose digest is given, if it ships with the lab."""
    folder = GALLERY / digest
    return Run.load(folder) if digest.isalnum() and (folder / RUN_FILE).is_file() else None


def build(requests: Sequence[Any], only: str | None = None) -> None:
    """Compute the requests in this process and keep them in the gallery, in place of all that was there.

    Args:
        only: digest of one of them; then the others stay as they are.
    Raises: ValueError if no request has that digest.
    """
    import shutil

    from lab.experiments.engine import run

    wanted = [request for request in requests if only in (None, request.digest)]
    require(bool(wanted), "only", "one of " + ", ".join(request.digest for request in requests), only)
    shutil.rmtree(GALLERY if only is None else GALLERY / only, ignore_errors=True)
    for request in wanted:
        finished = run(request)
        finished.save(GALLERY / finished.request.digest)
