"""MNIST's idx files, read without unpacking anything but numbers.

An idx file is a header (two zero bytes, a type, the number of axes, each axis as a big-endian 32-bit integer) and then
the values. Every claim of the header is checked against the size of the file.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy import ndarray

from lab.core.checks import require

UINT8 = 8


def read_idx(path: Path, ndim: int) -> ndarray:
    """The uint8 array of an idx file.

    Args:
        path: the file, not compressed.
        ndim: number of axes it must have: 3 for images, 1 for labels.
    Raises: ValueError with one sentence if it is missing, no such idx file, or cut short.
    """
    require(path.is_file(), path.name, f"an idx file at {path}", "no file")
    head_size = 4 + 4 * ndim
    with path.open("rb") as file:
        head = file.read(head_size)
        require(head[:4] == bytes((0, 0, UINT8, ndim)), str(path), f"an idx file of uint8 with {ndim} axes", head[:4])
        require(len(head) == head_size, str(path), f"at least {head_size} bytes", len(head))
        shape = struct.unpack(f">{ndim}I", head[4:])
        expected, size = head_size + int(np.prod(shape, dtype=object)), path.stat().st_size
        require(size == expected, str(path), f"{expected:,} bytes for its {shape[0]:,} items", f"{size:,} bytes")
        return np.fromfile(file, dtype=np.uint8).reshape(shape)
