"""A finished run: numbers and arrays, in memory and on disk."""

from __future__ import annotations

import json
import math
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from lab.core.checks import require
from lab.specs import from_json, to_json

RUN_FILE, ARRAYS_FILE = "run.json", "arrays.npz"
ARRAY_NAME = re.compile(r"\w{1,80}", re.ASCII)


@dataclass(frozen=True, eq=False)
class Run:
    """What a request led to.

    Attributes:
        request: the frozen dataclass that was asked for.
        metrics: named results as JSON: numbers, strings, lists and dicts of them.
        arrays: named arrays, read-only, because one run is shared by everybody who looks at it.
        seconds: wall-clock time of the computation.
    """

    request: Any
    metrics: dict[str, Any]
    arrays: dict[str, np.ndarray]
    seconds: float

    def __post_init__(self) -> None:
        require(math.isfinite(self.seconds) and self.seconds >= 0, "seconds", "finite and >= 0", self.seconds)
        object.__setattr__(self, "arrays", {name: _read_only(name, array) for name, array in self.arrays.items()})

    def __reduce__(self) -> tuple[Any, ...]:
        return Run, (self.request, self.metrics, self.arrays, self.seconds)  # unpickled arrays are read-only too

    @property
    def nbytes(self) -> int:
        """Bytes held by the arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    def save(self, folder: str | Path, *, mapped: bool = False) -> None:
        """Write `run.json` and the arrays; a reader sees a whole file or none, and `run.json` comes last.

        Args:
            mapped: one .npy an array, which `load` maps into memory instead of reading; else one `arrays.npz`.
        Raises: ValueError if the metrics are not JSON or an array's name is no file name; OSError as the disk has it.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        body = {"request": json.loads(to_json(self.request)), "metrics": self.metrics, "seconds": self.seconds}
        if mapped:
            body["mapped"] = sorted(self.arrays)
        text = json.dumps(body, allow_nan=False, indent=1)
        if mapped:
            for name, array in self.arrays.items():
                replace_file(_mapped_file(folder, name), partial(np.save, arr=array, allow_pickle=False))
        else:
            replace_file(
                folder / ARRAYS_FILE, lambda file: np.savez_compressed(file, allow_pickle=False, **self.arrays)
            )
        replace_file(folder / RUN_FILE, lambda file: file.write(text.encode()))

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Read what `save` wrote.

        Raises: ValueError in one sentence if a file is missing, damaged or of another form.
        """
        folder = Path(folder)
        body = _read_body(folder / RUN_FILE)
        mapped = body.get("mapped")
        arrays = _read_arrays(folder / ARRAYS_FILE) if mapped is None else _map_arrays(folder, mapped)
        request = from_json(json.dumps(body["request"]))
        return cls(request=request, metrics=body["metrics"], arrays=arrays, seconds=body["seconds"])


def _read_only(name: str, array: np.ndarray) -> np.ndarray:
    require(isinstance(array, np.ndarray) and array.dtype != object, f"array {name!r}", "a numeric array", type(array))
    view = array.view()
    view.flags.writeable = False
    return view


def replace_file(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Put a file in place whole, or leave what was there; once this returns, a power cut does not undo it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_body(path: Path) -> dict[str, Any]:
    require(path.is_file(), "folder", f"one that holds {path.name}", str(path.parent))
    try:
        body = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} must be JSON, got a damaged file ({error})") from error
    kinds: dict[str, Any] = {"request": dict, "metrics": dict, "seconds": (int, float)}
    whole = isinstance(body, dict) and all(isinstance(body.get(name), kind) for name, kind in kinds.items())
    whole = whole and isinstance(body.get("mapped", []), list)
    require(whole, str(path), "an object with request, metrics and seconds", sorted(body) if whole else body)
    return body


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    require(path.is_file(), "folder", f"one that holds {path.name}", str(path.parent))
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} must be an .npz of plain arrays, got a damaged file ({error})") from error


def _mapped_file(folder: Path, name: str) -> Path:
    require(isinstance(name, str) and bool(ARRAY_NAME.fullmatch(name)), "array name", "letters, digits and _", name)
    return folder / f"{name}.npy"


def _map_arrays(folder: Path, names: list[str]) -> dict[str, np.ndarray]:
    arrays = {}
    for name in names:
        path = _mapped_file(folder, name)
        require(path.is_file(), "folder", f"one that holds {path.name}", str(folder))
        try:
            arrays[name] = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        except (ValueError, OSError, EOFError) as error:
            raise ValueError(f"{path} must be an .npy of plain numbers, got a damaged file ({error})") from error
    return arrays
