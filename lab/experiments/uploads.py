"""Uploaded files on their way to the workers: kept below LAB_HOME while somebody looks at them, then gone.

Light: the server writes bytes and never reads what is in them. Nothing here follows a name that a user chose: a file
is called by the digest of its bytes.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import io
import logging
import os
import threading
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from lab.core.checks import check_choice, require
from lab.experiments.home import lab_home
from lab.experiments.results import replace_file
from lab.specs.uploads import SUFFIXES, Upload, UploadLimits

GRACE = 30 * 60.0  # seconds that a file outlives the last page that showed it
SECONDS_BETWEEN_SWEEPS = 60.0
NOT_KEPT = "The file is not here any more: it was put away 30 minutes after it was last shown. Please upload it again."

logger = logging.getLogger(__name__)
Forget = Callable[[str], None]
_lock = threading.RLock()
_names: dict[str, str] = {}  # digest -> the name it was uploaded by; also: what this server has kept
_forgetters: list[Forget] = []
_sweeper: list[threading.Thread] = []


def limits() -> UploadLimits:
    """The limits that whoever runs the server has set. Raises: ValueError naming a variable that is no whole number."""
    return UploadLimits.of(os.environ)


def uploads_folder() -> Path:
    """Where uploaded files lie. It need not exist yet."""
    return lab_home() / "uploads"


def digest_of(data: bytes | memoryview) -> str:
    """What an `Upload` is identified by: 32 hex digits of the SHA-256 of the bytes."""
    return hashlib.sha256(data).hexdigest()[:32]


def identify(path: str | Path) -> Upload:
    """The `Upload` of a file where it lies; nothing is copied. Raises: ValueError for a type that nothing reads."""
    path = Path(path)
    suffix = suffix_of(path.name)
    require(path.is_file(), "file", "an existing file", str(path))
    with path.open("rb") as file:
        return Upload(digest=hashlib.file_digest(file, "sha256").hexdigest()[:32], suffix=suffix)


def suffix_of(name: str) -> str:
    """The suffix by which a file is read. Raises: ValueError for a type that nothing reads."""
    suffix = PurePosixPath(name).suffix.lower()
    return str(check_choice("file type", suffix, SUFFIXES))


def keep(data: bytes | memoryview, name: str) -> Upload:
    """Put uploaded bytes where the workers find them.

    Args:
        data: the whole file. name: as the user calls it; only its suffix is used.
    Returns: the same `Upload` for the same bytes.
    Raises: ValueError in one sentence: a type that nothing reads, no bytes, too many, or no room on the disk.
    """
    allowed = limits()
    suffix, size = suffix_of(name), len(data)
    require(size > 0, "file", "one with something in it", "0 bytes")
    require(size <= allowed.file_mb * 10**6, "file", f"at most {allowed.file_mb:,} MB", f"{size / 10**6:,.1f} MB")
    upload = Upload(digest=digest_of(data), suffix=suffix)
    sweep()
    with _lock:
        path = path_of(upload)
        if not path.is_file():
            _check_room(size, allowed)
            _write(path, data)
        touch(upload.digest)
        _names[upload.digest] = name
    _start_sweeping()
    return upload


def keep_files(files: Iterable[tuple[str, bytes]], name: str = "folder.zip") -> Upload:
    """A folder, as browsers upload it file by file, as one ZIP; the same files are the same bytes.

    Raises: ValueError as `keep` does, or if a name leads out of the folder.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for inner, data in sorted(files):
            leads_out = inner.startswith(("/", "\\")) or ".." in PurePosixPath(inner.replace("\\", "/")).parts
            require(not leads_out, "name of a file", "one below its folder", inner)
            archive.writestr(zipfile.ZipInfo(inner), data)  # no time, so that the digest is that of the files
    return keep(packed.getbuffer(), name)


def path_of(upload: Upload) -> Path:
    """Where the bytes lie, if they are kept."""
    return uploads_folder() / f"{upload.digest}{upload.suffix}"


def kept(digest: str) -> Upload | None:
    """The upload of these bytes while they are kept, else None. The digest may come from an address bar."""
    for suffix in SUFFIXES:
        with contextlib.suppress(ValueError):
            upload = Upload(digest=digest, suffix=suffix)
            if path_of(upload).is_file():
                return upload
    return None


def name_of(digest: str) -> str:
    """What the user calls the file; "upload" and its suffix after a restart of the server."""
    upload = kept(digest)
    return _names.get(digest) or f"upload{upload.suffix if upload else ''}"


def touch(digest: str) -> bool:
    """A page shows this file: it stays for another 30 minutes. Returns: whether it is still here."""
    upload = kept(digest)
    if upload is None:
        return False
    with contextlib.suppress(OSError):
        os.utime(path_of(upload))
    return True


def when_forgotten(forget: Forget) -> None:
    """Have `forget(digest)` called whenever a file is put away, for whatever is kept of it elsewhere."""
    with _lock:
        if forget not in _forgetters:
            _forgetters.append(forget)


def forget(digest: str) -> None:
    """Put a file away, and tell whoever keeps something of it."""
    upload = kept(digest)
    with _lock:
        _names.pop(digest, None)
        if upload is not None:
            path_of(upload).unlink(missing_ok=True)
        forgetters = list(_forgetters)
    for tell in forgetters:
        try:
            tell(digest)
        except Exception:
            logger.exception("Something of a forgotten upload may be left")


def sweep(now: float | None = None) -> list[str]:
    """Put away every file that no page has shown for 30 minutes, also one that an earlier server left. Returns: which."""
    now = time.time() if now is None else now
    stale = [path for path in _files() if now - _touched(path) > GRACE]
    old = [path.stem for path in stale if path.suffix in SUFFIXES]
    for path in stale:
        if path.suffix not in SUFFIXES:  # half written by a server that was killed
            path.unlink(missing_ok=True)
    gone = [digest for digest in list(_names) if digest not in old and kept(digest) is None]
    for digest in (*old, *gone):
        forget(digest)
    return old


def end() -> None:
    """Put away everything that this server keeps."""
    for digest in list(_names):
        forget(digest)


def _write(path: Path, data: bytes | memoryview) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(path, lambda file: file.write(data))
    except OSError as error:
        raise ValueError(f"file must be kept in {path.parent}, got: {error.strerror}") from error


def _check_room(size: int, allowed: UploadLimits) -> None:
    held = sum(_size(path) for path in _files())
    rule = f"at most {allowed.spool_mb:,} MB together with those that others look at (try again in half an hour)"
    require(held + size <= allowed.spool_mb * 10**6, "uploaded files", rule, f"{(held + size) / 10**6:,.0f} MB")


def _files() -> list[Path]:
    folder = uploads_folder()
    return list(folder.iterdir()) if folder.is_dir() else []


def _touched(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another server has put it away
        return float("inf")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _start_sweeping() -> None:
    with _lock:
        if not _sweeper:
            thread = threading.Thread(target=_sweep_for_ever, name="lab-uploads", daemon=True)
            _sweeper.append(thread)
            thread.start()
            atexit.register(end)


def _sweep_for_ever() -> None:
    while True:
        time.sleep(SECONDS_BETWEEN_SWEEPS)
        try:
            sweep()
        except Exception:
            logger.exception("Uploaded files could not be swept")
