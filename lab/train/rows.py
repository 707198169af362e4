"""Rows of inputs where a network can reach them: on its device as they came, or on disk and read batch by batch."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from numpy import ndarray
from torch import Tensor

from lab.core.checks import require
from lab.train.fuse import in_place, is_convolutional

ROWS_AT_A_TIME = 4096  # when the constants are computed
MAX_READ = 5000  # images read from disk for the constants


@dataclass(frozen=True)
class Scaling:
    """(x - mean) / std, by channel or feature and in the units of the rows; None leaves them as they are."""

    mean: Float[ndarray, " c"]
    std: Float[ndarray, " c"]

    @classmethod
    def of_rows(cls, x: Any) -> Scaling:
        """Mean and standard deviation over the rows of `x`; over 5,000 of them, evenly spread, where they are on disk.

        A channel that never varies is divided by 1.
        """
        if not isinstance(x, ndarray):
            x = x.take(np.unique(np.linspace(0, len(x) - 1, min(len(x), MAX_READ)).astype(int)))
        total, squares, count = 0.0, 0.0, 0
        for start in range(0, len(x), ROWS_AT_A_TIME):
            values = np.asarray(x[start : start + ROWS_AT_A_TIME]).reshape(-1, x.shape[-1])
            total = total + values.sum(axis=0, dtype=np.float64)
            squares = squares + np.einsum("nc,nc->c", values, values, dtype=np.float64)
            count += len(values)
        mean = np.asarray(total / count)
        std = np.sqrt(np.maximum(squares / count - mean**2, 0))
        return cls(mean.astype(np.float32), np.where(std > 1e-6 * (1 + np.abs(mean)), std, 1).astype(np.float32))

    @classmethod
    def of_pixels(cls, mean: tuple[float, ...], std: tuple[float, ...]) -> Scaling:
        """Published constants of pixels in [0, 1], for pixels from 0 to 255."""
        return cls(np.float32(255) * np.asarray(mean, np.float32), np.float32(255) * np.asarray(std, np.float32))


class Rows:
    """Inputs on a device, handed out as a network takes them.

    Images `(n, h, w, c)` come out as `(b, c, h, w)` with channels last in memory, tables `(n, d)` as they are; both as
    float32. Pixels stay uint8 until then. What is still on disk is read when its batch is asked for.

    Args:
        scaling: None leaves floats as they are and takes pixels to [0, 1].
        colour: grey images get three equal channels.
    """

    def __init__(self, x: Any, device: torch.device, *, scaling: Scaling | None = None, colour: bool = False) -> None:
        require(len(x.shape) in (2, 4), "x", "a table (n, d) or images (n, h, w, c)", x.shape)
        self.device, self.colour = device, colour and x.shape[-1] == 1
        self.is_image = len(x.shape) == 4
        self._x = torch.from_numpy(np.require(x, requirements=["C", "W"])).to(device) if isinstance(x, ndarray) else x
        self._n, self._item = len(x), tuple(x.shape[1:])
        if scaling is None and x.dtype == np.uint8:
            scaling = Scaling.of_pixels((0.0,), (1.0,))
        self._scaling = None if scaling is None else tuple(map(self._by_channel, (scaling.mean, 1 / scaling.std)))

    def _by_channel(self, values: Float[ndarray, " c"]) -> Tensor:
        return torch.from_numpy(values).to(self.device).reshape((-1, 1, 1) if self.is_image else (-1,))

    def __len__(self) -> int:
        return self._n

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row as a network gets it: (c, h, w) or (d,)."""
        if not self.is_image:
            return self._item
        height, width, channels = self._item
        return (3 if self.colour else channels), height, width

    def raw(self, rows: Int[Tensor, " b"] | slice) -> Shaped[Tensor, "b ..."]:
        """These rows as they came, images as `(b, c, h, w)`."""
        if isinstance(self._x, Tensor):
            x = self._x[rows]
        else:
            x = torch.from_numpy(self._x[rows if isinstance(rows, slice) else rows.cpu().numpy()]).to(self.device)
        if not self.is_image:
            return x
        x = x.permute(0, 3, 1, 2)
        return x.expand(-1, 3, -1, -1) if self.colour else x

    def scale(self, raw: Shaped[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        """Raw rows, or what an augmentation made of them, with mean 0 and standard deviation 1."""
        if self._scaling is None:
            scaled = raw.float()
        else:
            mean, factor = self._scaling
            scaled = (raw - mean).mul_(factor)
        return with_channels_last(scaled) if self.is_image else scaled

    def __getitem__(self, rows: Int[Tensor, " b"] | slice) -> Float[Tensor, "b ..."]:
        """These rows, ready for a network."""
        return self.scale(self.raw(rows))


def with_channels_last(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """The same images with channels last in memory.

    With one channel both layouts are the same bytes, and only the strides tell a convolution which one is meant.
    """
    b, c, h, w = x.shape
    return x.contiguous(memory_format=torch.channels_last).as_strided((b, c, h, w), (h * w * c, 1, w * c, c))


def placed(model: torch.nn.Module, device: torch.device) -> torch.nn.Module:
    """A network on a device, its convolutions with channels last and its ReLUs in place."""
    return in_place(model).to(device).to(memory_format=torch.channels_last)


def autocast(device: torch.device, model: torch.nn.Module) -> AbstractContextManager[Any]:
    """bfloat16 for a convolutional network where the hardware multiplies it: CUDA, and CPUs with AVX512-BF16.

    Without that instruction a CPU is slowed down to half its speed (ResNet20: 7.8 against 3.5 ms an image). A fully
    connected network gains nothing worth having, and in float32 its numbers are the same on every CPU.
    """
    multiplies = device.type == "cuda" or (device.type == "cpu" and torch.cpu._is_avx512_bf16_supported())
    return torch.autocast(device.type, torch.bfloat16) if multiplies and is_convolutional(model) else nullcontext()


def evaluation_batch(rows: Rows) -> int:
    """Rows at a time where no gradient is asked for: on the CPU few enough for its cache, else what fills a GPU."""
    numbers = 2**16 if rows.device.type == "cpu" else 2**24
    return max(64, min(len(rows), numbers // math.prod(rows.shape)))
