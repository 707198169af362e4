"""The device is chosen once, here, and passed on. `LAB_DEVICE` (cpu, cuda or mps) decides where nobody else does."""

from __future__ import annotations

import itertools
import os
import subprocess
from functools import lru_cache
from typing import TYPE_CHECKING

from lab.core.checks import check_choice

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(wish: str = "auto") -> torch.device:
    """CUDA if there is one, else Apple's MPS, else the CPU; or what was wished for, here or by LAB_DEVICE.

    Raises: ValueError if the wished device is unknown or not on this machine.
    """
    import torch

    wish = os.environ.get("LAB_DEVICE") or "auto" if wish == "auto" else wish
    check_choice("device", wish, DEVICES)
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wish == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if present[name]))
    if not present[wish]:
        have = ", ".join(name for name, here in present.items() if here)
        raise ValueError(f"device must be one that this machine has ({have}), got {wish!r}")
    return torch.device(wish)


def visible_gpus() -> list[str]:
    """The CUDA devices that this process may use, as CUDA_VISIBLE_DEVICES names them. Asks no CUDA library."""
    if os.environ.get("LAB_DEVICE") in ("cpu", "mps"):
        return []
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        names = [name.strip() for name in named.split(",")]
        return list(itertools.takewhile(lambda name: name not in ("", "-1"), names))  # where CUDA stops reading too
    return [str(i) for i in range(_count_gpus())]


def predicted_device() -> str:
    """ "cuda" or "cpu": where a training will run, for those who predict what it costs."""
    return "cuda" if visible_gpus() else "cpu"


@lru_cache(maxsize=1)
def _count_gpus() -> int:
    try:
        listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(line.startswith("GPU ") for line in listing.stdout.splitlines())
