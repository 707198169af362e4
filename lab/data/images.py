"""Image files as one array-like: read, turned upright, cropped square and scaled only when asked for."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from lab.core.checks import check_integer

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "PPM", "TIFF", "GIF")  # EPS, for one, would start a program
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".pgm", ".tif", ".tiff", ".gif")
MAX_PIXELS = 80_000_000  # of one file; a small file can claim to unpack to far more
MIN_SIDE, MAX_SIDE = 8, 1024
DEFAULT_SIDE = 224
IN_MEMORY_BYTES = 256 * 1024**2


@runtime_checkable
class Source(Protocol):
    """A path, or whatever else opens as a file of bytes and is called something."""

    def open(self, mode: Literal["rb"]) -> Any: ...


class ImageFiles:
    """uint8 images (n, size, size, 3) that stay on disk until indexed.

    `images[3]` is one image, `images[rows]` (a slice or indices) an array of them; `images.take(rows)` reads nothing.
    """

    def __init__(self, paths: Sequence[Source], size: int, max_pixels: int | None = None) -> None:
        check_integer("image_size", size, MIN_SIDE, MAX_SIDE)
        self.paths = list(paths)
        self.size = size
        self.max_pixels = max_pixels

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
            return read_image(self.paths[rows], self.size, self.max_pixels)
        chosen = self.take(rows).paths
        out = np.empty((len(chosen), self.size, self.size, 3), dtype=np.uint8)
        for i, path in enumerate(chosen):
            out[i] = read_image(path, self.size, self.max_pixels)
        return out

    def take(self, rows: Any) -> ImageFiles:
        """The images of these rows, still unread."""
        chosen = self.paths[rows] if isinstance(rows, slice) else [self.paths[i] for i in np.arange(len(self))[rows]]
        return ImageFiles(chosen, self.size, self.max_pixels)


@contextmanager
def _opened(path: Source, max_pixels: int | None = None) -> Iterator[Image.Image]:
    """An image file, with every way in which it can be bad told in one sentence."""
    from PIL import Image

    Image.init()
    bad = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, struct.error)
    worse = (zlib.error, MemoryError, RuntimeError, Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > (max_pixels or MAX_PIXELS):
                raise OSError(f"it unpacks to {image.width} x {image.height} pixels")
            yield image
    except (*bad, *worse) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        if "_io." in reason:  # Pillow's own words name an object of Python
            reason = "it is none that can be read"
        raise ValueError(f"image must be a readable picture, got {path}: {reason}") from error


def read_image(path: Source, size: int, max_pixels: int | None = None) -> UInt8[ndarray, "size size 3"]:
    """One image as RGB: turned upright, short side scaled to `size`, then the middle square of it.

    Of an animation the first picture; what shines through is shown on white; 16 bits become 8.

    Raises: ValueError naming the file if it is no readable image or claims too many pixels.
    """
    from PIL import Image, ImageOps

    with _opened(path, max_pixels) as image:
        image.draft("RGB", (size, size))  # lets a JPEG decode at a fraction of its size
        upright = as_rgb(ImageOps.exif_transpose(image))
        return np.asarray(ImageOps.fit(upright, (size, size), Image.Resampling.BILINEAR))


def as_rgb(image: Image.Image) -> Image.Image:
    """Any picture as red, green and blue of 8 bits."""
    from PIL import Image

    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        largest = 255 if image.mode == "F" and values.max(initial=0) <= 255 else 65_535
        return Image.fromarray(np.uint8(np.clip(values * 255 / largest, 0, 255))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        solid = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", solid.size, "white"), solid).convert("RGB")
    return image.convert("RGB")


def natural_size(path: Source, max_pixels: int | None = None) -> int:
    """The short side of an image, at most 224: the size a folder gets unless told otherwise.

    Raises: ValueError naming the file if it is no readable image.
    """
    with _opened(path, max_pixels) as image:
        return max(MIN_SIDE, min(image.width, image.height, DEFAULT_SIDE))
