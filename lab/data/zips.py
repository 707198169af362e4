"""ZIP files of strangers: looked at before anything is unpacked, and never unpacked to a disk."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from lab.core.checks import require
from lab.specs.uploads import UploadLimits

DRIVE = re.compile(r"[A-Za-z]:")
END, END64, LOCATOR64 = b"PK\5\6", b"PK\6\6", b"PK\6\7"
END_BYTES = 22 + 65_535  # the last record with the longest comment
BYTES_PER_ENTRY = 400  # of the directory, on average: names of 300 letters are long
ERRORS = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error),
    *(NotImplementedError, RuntimeError, EOFError, OSError, UnicodeDecodeError),
)


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Every way in which a ZIP can be damaged, told in one sentence."""
    try:
        yield
    except ERRORS as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(f"{path.name} must be a whole ZIP file, got: {reason}") from error


def check_zip(path: Path, limits: UploadLimits) -> list[zipfile.ZipInfo]:
    """The files in a ZIP, none of them unpacked.

    Raises: ValueError if it is damaged, has too many entries, would unpack to too much, is locked, or one of its names
        leads out of its folder or is a link.
    """
    with sentences(path):
        directory = _directory_bytes(path)
        rule = f"a ZIP of at most {limits.files:,} files"
        require(directory <= limits.files * BYTES_PER_ENTRY, path.name, rule, "a longer list of names")
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    require(len(entries) <= limits.files, path.name, rule, f"{len(entries):,} entries")
    for entry in entries:
        _check_entry(path, entry)
    files = [entry for entry in entries if not entry.is_dir()]
    names = {entry.filename for entry in files}
    require(
        len(names) == len(files),
        path.name,
        "a ZIP whose files have different names",
        f"{len(files) - len(names)} twice",
    )
    unpacked = sum(entry.file_size for entry in files)
    rule = f"a ZIP that unpacks to at most {limits.unpacked_mb:,} MB"
    require(unpacked <= limits.unpacked_mb * 10**6, path.name, rule, f"{unpacked / 10**6:,.0f} MB")
    return files


def _check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    name = entry.filename.replace("\\", "/")
    inside = not name.startswith("/") and ".." not in PurePosixPath(name).parts and not DRIVE.match(name)
    require(bool(name.strip()), path.name, "a ZIP whose files have names", "one without")
    require(inside, path.name, "a ZIP whose files lie below its own folder", f"{entry.filename[:100]}")
    require(not stat.S_ISLNK(entry.external_attr >> 16), path.name, "a ZIP without links", entry.filename[:100])
    require(not entry.flag_bits & 1, path.name, "a ZIP without a password", entry.filename[:100])
    usual = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    require(usual, path.name, "a ZIP that is stored or deflated, as usual", f"method {entry.compress_type}")


def _directory_bytes(path: Path) -> int:
    """What the end of the file claims that its directory takes: read before Python reads all of it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - END_BYTES))
        tail = file.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("File is not a zip file")
    claimed = int(struct.unpack("<L", tail[at + 12 : at + 16])[0])
    longer = tail[at - 76 : at]  # the record and its locator that files of 65,536 entries have
    if at >= 76 and longer.startswith(END64) and longer[56:].startswith(LOCATOR64):
        claimed = int(struct.unpack("<Q", longer[40:48])[0])
    return min(claimed, size)
