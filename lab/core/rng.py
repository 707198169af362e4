"""Seeds. Randomness is an argument: nothing here or elsewhere touches a global random state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def numpy_rng(seed: int, stream: str = "") -> np.random.Generator:
    """A generator for one purpose; different `stream` names of one seed are independent."""
    return np.random.default_rng([seed, *stream.encode()])


def torch_rng(seed: int, stream: str = "", device: str = "cpu") -> torch.Generator:
    """The same for torch."""
    import torch

    generator = torch.Generator(device=device)
    generator.manual_seed(int(numpy_rng(seed, stream).integers(2**63 - 1)))
    return generator
