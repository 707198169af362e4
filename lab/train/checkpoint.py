"""A training on disk, to be gone on with: one safetensors file, never a pickle, whole or not there at all."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lab import __version__

FILE = "training.safetensors"
FORMAT = f"1 of {__version__}"  # another version of the lab might go on otherwise: it starts anew
SECONDS_BETWEEN = 10.0
SHARE = 0.05  # of the time may go into writing: a large network is written less often


class Saved(NamedTuple):
    """tensors: by name, on the CPU. plain: what JSON holds."""

    tensors: dict[str, Tensor]
    plain: dict[str, Any]


class Checkpoint:
    """The checkpoint of one training in a folder of its own.

    Attributes:
        trouble: why the last one could not be written, in words; None while all is well. The training goes on.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written, self._pause = time.monotonic(), SECONDS_BETWEEN
        self.trouble: str | None = None

    def load(self) -> Saved | None:
        """What was saved last; None if there is nothing, or nothing that can be read."""
        try:
            with safe_open(self._folder / FILE, framework="pt") as file:
                about = file.metadata() or {}
                if about.get("format") != FORMAT:
                    return None
                return Saved({name: file.get_tensor(name) for name in file.keys()}, json.loads(about["plain"]))  # noqa: SIM118
        except (OSError, SafetensorError, ValueError, KeyError):
            return None

    def save_if_due(self, state: Callable[[], tuple[Mapping[str, Tensor], Mapping[str, Any]]]) -> None:
        """Save, unless that was done less than 10 s ago or would take more than a twentieth of the time."""
        if time.monotonic() - self._written >= self._pause:
            self.save(*state())

    def save(self, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None:
        """Save now. A full disk leaves the last one as it was."""
        start = time.monotonic()
        temporary = self._folder / f".{FILE}.{os.getpid()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
            save_file(whole, temporary, {"format": FORMAT, "plain": json.dumps(plain)})
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            os.replace(temporary, self._folder / FILE)
            self.trouble = None
        except (OSError, SafetensorError) as error:
            self.trouble = f"no checkpoint could be written ({error})"
            temporary.unlink(missing_ok=True)
        self._written = time.monotonic()
        self._pause = max(SECONDS_BETWEEN, (self._written - start) / SHARE)

    def remove(self) -> None:
        """The training is done."""
        shutil.rmtree(self._folder, ignore_errors=True)
