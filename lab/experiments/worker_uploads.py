"""The uploaded file that a worker has read last, kept open for the next question about it."""

from __future__ import annotations

import threading
from typing import Any

from lab.data.images import ImageFiles
from lab.data.uploaded import UploadedData
from lab.data.uploads import read_upload
from lab.experiments.progress import PlainReport, unheard
from lab.experiments.uploads import GRACE, limits, path_of
from lab.specs.uploads import Upload, UploadLimits

Key = tuple[str, Upload, UploadLimits]
_lock = threading.Lock()
_latest: dict[Key, UploadedData] = {}
_clearing: list[threading.Timer] = []


def open_upload(upload: Upload, report: PlainReport = unheard) -> UploadedData:
    """What is in an uploaded file. The latest one stays in memory for at most half an hour, and only while it is kept.

    Raises: ValueError in one sentence if it is not there any more or can not be read.
    """
    path, allowed = path_of(upload), limits()
    key = (str(path), upload, allowed)
    with _lock:
        found = _latest.get(key) if path.is_file() else None
        if found is None:
            _latest.clear()
    if found is None:
        found = read_upload(path, upload, allowed, report)
    with _lock:
        _latest.clear()
        _latest[key] = found
        _clear_later()
    return found


def clear() -> None:
    """Keep nothing."""
    with _lock:
        _latest.clear()


def _clear_later() -> None:
    for timer in _clearing:
        timer.cancel()
    timer = threading.Timer(GRACE, clear)
    timer.daemon = True
    _clearing[:] = [timer]
    timer.start()


def pictures_of(data: UploadedData, rows: Any, side: int) -> Any:
    """Pictures of some rows, uint8 (n, h, w, 3 or 1): at most `side` high where the file has larger ones."""
    pictures = data.pictures
    if isinstance(pictures, ImageFiles):
        return ImageFiles(pictures.take(rows).paths, min(side, pictures.size), pictures.max_pixels)[:]
    return None if pictures is None else pictures[rows]
