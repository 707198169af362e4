"""Image files as one array-like: read, turned upright, cropped square and scaled only when asked for."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from lab.core.checks import check_integer

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".pgm", ".tif", ".tiff", ".gif")
MAX_PIXELS = 80_000_000  # of one file; a small file can claim to unpack to far more
MIN_SIDE, MAX_SIDE = 8, 1024
DEFAULT_SIDE = 224
IN_MEMORY_BYTES = 256 * 1024**2


class ImageFiles:
    """uint8 images (n, size, size, 3) that stay on disk until indexed.

    `images[3]` is one image, `images[rows]` (a slice or indices) an array of them; `images.take(rows)` reads nothing.
    """

    def __init__(self, paths: Sequence[Path], size: int) -> None:
        check_integer("image_size", size, MIN_SIDE, MAX_SIDE)
        self.paths = list(paths)
        self.size = size

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, size, size, 3)."""
        return len(self.paths), self.size, self.size, 3

    @property
    def dtype(self) -> np.dtype:
        """uint8."""
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, rows: Any) -> ndarray:
        if isinstance(rows, (int, np.integer)):
            return read_image(self.paths[rows], self.size)
        chosen = self.take(rows).paths
        out = np.empty((len(chosen), self.size, self.size, 3), dtype=np.uint8)
        for i, path in enumerate(chosen):
            out[i] = read_image(path, self.size)
        return out

    def take(self, rows: Any) -> ImageFiles:
        """The images of these rows, still unread."""
        chosen = self.paths[rows] if isinstance(rows, slice) else [self.paths[i] for i in np.arange(len(self))[rows]]
        return ImageFiles(chosen, self.size)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """An image file, with every way in which it can be bad told in one sentence."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise OSError(f"it unpacks to {image.width} x {image.height} pixels")
            yield image
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError) as error:
        raise ValueError(f"image must be a readable picture, got {path}: {error}") from error


def read_image(path: Path, size: int) -> UInt8[ndarray, "size size 3"]:
    """One image as RGB: short side scaled to `size`, then the middle square of it.

    Raises: ValueError naming the file if it is no readable image or claims too many pixels.
    """
    from PIL import Image, ImageOps

    with _opened(path) as image:
        image.draft("RGB", (size, size))  # lets a JPEG decode at a fraction of its size
        upright = ImageOps.exif_transpose(image).convert("RGB")
        return np.asarray(ImageOps.fit(upright, (size, size), Image.Resampling.BILINEAR))


def natural_size(path: Path) -> int:
    """The short side of an image, at most 224: the size a folder gets unless told otherwise.

    Raises: ValueError naming the file if it is no readable image.
    """
    with _opened(path) as image:
        return max(MIN_SIDE, min(image.width, image.height, DEFAULT_SIDE))
