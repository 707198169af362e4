"""Augmentation: what comes out can come out of the plain definition, and nothing else draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.rng import numpy_rng, torch_rng
from lab.specs import Schedule
from lab.train.augment import Augmentation, affine, cut_out, jitter, shift_and_mirror
from lab.train.rows import Rows, Scaling

CPU = torch.device("cpu")


def images(n: int, side: int, channels: int = 3) -> torch.Tensor:
    return torch.randint(1, 256, (n, channels, side, side), generator=torch_rng(5), dtype=torch.uint8)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**31), side=st.integers(8, 32), mirror=st.booleans())
def test_every_image_is_a_crop_of_itself_with_a_border_of_zeros(seed: int, side: int, mirror: bool) -> None:
    x, pad = images(3, side), min(4, side // 7)
    found = shift_and_mirror(x, mirror=mirror, generator=torch_rng(seed))
    assert found.dtype == torch.uint8
    padded = torch.nn.functional.pad(x, (pad, pad, pad, pad))
    for i in range(3):
        crops = [
            padded[i, :, down : down + side, across : across + side]
            for down in range(2 * pad + 1)
            for across in range(2 * pad + 1)
        ]
        crops += [crop.flip(2) for crop in crops] if mirror else []
        assert any(torch.equal(found[i], crop) for crop in crops)


def test_all_shifts_and_both_sides_come_up_and_not_more_often_than_they_should() -> None:
    x = images(1, 28, 1).expand(4000, -1, -1, -1)
    found = shift_and_mirror(x, mirror=True, generator=torch_rng(0))
    _, counts = torch.unique(found.flatten(1), dim=0, return_counts=True)
    assert len(counts) == 81 * 2
    assert counts.max() < 4000 / 162 + 5 * (4000 / 162) ** 0.5


def test_cutout_erases_a_square_around_any_pixel() -> None:
    x = torch.ones(3000, 2, 9, 7)
    found = cut_out(x, 4, generator=torch_rng(0))
    erased = (found == 0).all(dim=1)
    assert torch.equal(erased, (found == 0).any(dim=1))
    lines, columns = erased.any(dim=2).sum(dim=1), erased.any(dim=1).sum(dim=1)
    assert torch.equal(erased.flatten(1).sum(dim=1), lines * columns)  # a rectangle
    assert (lines.max().item(), columns.max().item()) == (4, 4)
    assert lines.min() >= 2  # half of it is always inside
    assert torch.equal(torch.unique(erased[:, 0, 0]), torch.tensor([False, True]))  # borders too


def test_a_turned_image_keeps_its_middle_and_no_image_turns_like_the_next() -> None:
    x = torch.zeros(50, 1, 15, 15)
    x[:, :, 7, 7] = 1
    found = affine(x, generator=torch_rng(0))
    assert (found[:, 0, 7, 7] > 0.6).all()
    bar = torch.zeros(50, 1, 15, 15)
    bar[:, :, 7] = 1
    assert len(torch.unique(affine(bar, generator=torch_rng(0)).flatten(1), dim=0)) == 50


def test_jitter_keeps_the_order_of_pixels_and_changes_brightness_by_a_fifth_at_most() -> None:
    x = torch.rand(200, 3, 4, 4, generator=torch_rng(1))
    found = jitter(x, generator=torch_rng(2))
    ratio = found.mean(dim=(1, 2, 3)) / x.mean(dim=(1, 2, 3))
    assert ratio.min() >= 0.8 - 1e-5
    assert ratio.max() <= 1.2 + 1e-5
    assert ratio.std() > 0.05
    assert torch.equal(found.flatten(1).argsort(dim=1), x.flatten(1).argsort(dim=1))


@pytest.mark.parametrize("kind", ["none", "crop", "crop_flip", "full"])
@pytest.mark.parametrize("cutout", [0, 4])
def test_the_same_generator_gives_the_same_batch_and_nothing_else_draws(kind: str, cutout: int) -> None:
    x = numpy_rng(0, "x").integers(0, 256, (16, 12, 12, 3), dtype=np.uint8)
    rows = Rows(x, CPU, scaling=Scaling.of_rows(x))
    before = torch.get_rng_state()
    first, second = (
        Augmentation(Schedule(augmentation=kind, cutout=cutout), torch_rng(3))(rows, rows.raw(slice(0, 16)))
        for _ in range(2)
    )
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)
    assert first.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(first, rows[slice(0, 16)]) == (kind == "none" and cutout == 0)
