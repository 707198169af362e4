"""Augmentation of a batch on its device: one gather for shift and mirror, and the rest as array arithmetic."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor

from lab.specs.training import Schedule
from lab.train.rows import Rows

PADDING, SIDE_OF_PADDING = 4, 7  # 4 pixels, as everybody pads 28 and 32; a seventh of what is smaller
TURN, SCALE, SHEAR = math.radians(10), 0.1, math.radians(5)  # largest of "full"
BRIGHTNESS, CONTRAST = 0.2, 0.2


class Augmentation:
    """What a schedule asks for, drawn anew for every batch.

    Args:
        generator: on the device of the rows; every draw comes from it.
    Source: KED §4 names crop, flip, affine and colour jitter ("full"). Departs from it: how far is ours, since it does
    not say, and the jitter is of brightness and contrast alone.
    """

    def __init__(self, schedule: Schedule, generator: torch.Generator) -> None:
        self.kind, self.cutout, self.generator = schedule.augmentation, schedule.cutout, generator

    def __call__(self, rows: Rows, raw: Shaped[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        """Augmented rows, ready for a network."""
        if self.kind != "none":
            raw = shift_and_mirror(raw, mirror=self.kind != "crop", generator=self.generator)
        if self.kind == "full":
            raw = jitter(affine(raw.float(), generator=self.generator), generator=self.generator)
        scaled = rows.scale(raw)
        return cut_out(scaled, self.cutout, generator=self.generator) if self.cutout else scaled


def shift_and_mirror(
    x: Shaped[Tensor, "b c h w"], *, mirror: bool, generator: torch.Generator
) -> Shaped[Tensor, "b c h w"]:
    """Pad with zeros by 4 (a seventh of the side, if that is less), crop at random, and mirror every second image."""
    b, _, h, w = x.shape
    pad = min(PADDING, h // SIDE_OF_PADDING, w // SIDE_OF_PADDING)
    across, down = torch.arange(w, device=x.device), torch.arange(h, device=x.device)
    columns = across + _integers(2 * pad + 1, b, x, generator)
    lines = down + _integers(2 * pad + 1, b, x, generator)
    if mirror:
        columns = torch.where(_integers(2, b, x, generator) == 1, columns.flip(1), columns)
    padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, pad, pad, pad, pad))
    image = torch.arange(b, device=x.device)[:, None, None]
    return padded[image, lines[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def affine(x: Float[Tensor, "b c h w"], *, generator: torch.Generator) -> Float[Tensor, "b c h w"]:
    """Turn by up to 10 degrees, scale by up to a tenth, shear by up to 5 degrees; zeros come in at the border."""
    turn, scale, shear = (_symmetric(limit, len(x), x, generator) for limit in (TURN, SCALE, SHEAR))
    cos, sin, zero = turn.cos() / (1 + scale), turn.sin() / (1 + scale), torch.zeros_like(turn)
    first = torch.stack([cos, cos * shear.tan() - sin, zero], dim=1)
    second = torch.stack([sin, sin * shear.tan() + cos, zero], dim=1)
    grid = F.affine_grid(torch.stack([first, second], dim=1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def jitter(x: Float[Tensor, "b c h w"], *, generator: torch.Generator) -> Float[Tensor, "b c h w"]:
    """Brightness and contrast times up to 1 ± 0.2; nothing is clipped."""
    bright, contrast = (
        _symmetric(limit, len(x), x, generator)[:, None, None, None] for limit in (BRIGHTNESS, CONTRAST)
    )
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return ((x - mean) * (1 + contrast) + mean) * (1 + bright)


def cut_out(x: Float[Tensor, "b c h w"], side: int, *, generator: torch.Generator) -> Float[Tensor, "b c h w"]:
    """Zero a square of each image, its centre anywhere in it. Source: DeVries and Taylor 2017. Departs: nothing."""
    b, _, h, w = x.shape
    inside = []
    for length in (h, w):
        start = _integers(length, b, x, generator) - side // 2
        at = torch.arange(length, device=x.device)
        inside.append((at >= start) & (at < start + side))
    return x * ~(inside[0][:, :, None] & inside[1][:, None, :])[:, None]


def _integers(below: int, b: int, like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randint(below, (b, 1), generator=generator, device=like.device)


def _symmetric(limit: float, b: int, like: Tensor, generator: torch.Generator) -> Tensor:
    return limit * (2 * torch.rand(b, generator=generator, device=like.device) - 1)
