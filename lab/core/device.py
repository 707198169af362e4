"""The device is chosen once, here, and passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.checks import check_choice

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(wish: str = "auto") -> torch.device:
    """CUDA if there is one, else Apple's MPS, else the CPU; or what was wished for.

    Raises: ValueError if the wished device is unknown or not on this machine.
    """
    import torch

    check_choice("device", wish, DEVICES)
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wish == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if present[name]))
    if not present[wish]:
        have = ", ".join(name for name, here in present.items() if here)
        raise ValueError(f"device must be one that this machine has ({have}), got {wish!r}")
    return torch.device(wish)
