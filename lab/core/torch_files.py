"""Files that `torch.save` wrote, read without running anything that stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def read_torch_file(path: Path, *, also: Sequence[Any] = ()) -> Any:
    """What a file holds, on the CPU, by torch's weights-only reader: tensors and plain containers of them.

    Args:
        also: further types that may be built, as `torch.serialization.safe_globals` takes them.
    Raises: ValueError with what the reader stumbled over, if the file is damaged or holds anything else.
    """
    import torch

    try:
        with torch.serialization.safe_globals(list(also)):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of a dozen kinds, an AssertionError and struct.error among them
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from error
