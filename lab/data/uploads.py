"""One way in to every uploaded file: `read_upload`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lab.core.checks import require
from lab.data.upload_arrays import read_arrays
from lab.data.upload_pictures import read_pictures
from lab.data.upload_tables import read_table_upload
from lab.data.uploaded import UploadedData
from lab.specs.uploads import Upload, UploadLimits

Report = Callable[[float, str], None]  # share done in [0, 1] and a word on it; may raise to stop
NOT_THERE = "The file is not here any more: it was put away 30 minutes after it was last shown. Please upload it again."


def quiet(fraction: float, message: str) -> None:
    """A report to nobody."""


def read_upload(path: Path, upload: Upload, limits: UploadLimits, report: Report = quiet) -> UploadedData:
    """Read a file of one's own. Nothing in it is run, and nothing outside it is read.

    Args:
        path: where its bytes lie. upload: which column is the label, which are features.
        limits: how large it may be. report: called as pictures are decoded.
    Raises: ValueError in one sentence: what is wrong, where, and what to do.
    """
    if not path.is_file():
        raise ValueError(NOT_THERE)
    size = path.stat().st_size
    require(size > 0, "file", "one with something in it", "0 bytes")
    require(size <= limits.file_mb * 10**6, "file", f"at most {limits.file_mb:,} MB", f"{size / 10**6:,.0f} MB")
    try:
        if upload.suffix == ".npz":
            return read_arrays(path, upload, limits)
        if upload.suffix == ".zip":
            return read_pictures(path, upload, limits, report)
        return read_table_upload(path, upload, limits)
    except MemoryError as error:
        raise ValueError("file must be one that fits the memory, got more numbers than that") from error
    except ValueError as error:
        raise ValueError(str(error).replace(path.name, "file")) from error  # it is called by its digest there
