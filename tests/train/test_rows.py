"""Rows on a device: normalised as asked, the same from memory and from disk, laid out as convolutions want them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lab.core.rng import numpy_rng, torch_rng
from lab.data.images import ImageFiles
from lab.train.rows import Rows, Scaling, autocast, with_channels_last

CPU = torch.device("cpu")


def pixels(n: int = 7, side: int = 6, channels: int = 3) -> np.ndarray:
    return numpy_rng(0, "pixels").integers(0, 256, (n, side, side, channels), dtype=np.uint8)


def test_pixels_stay_bytes_until_they_are_asked_for_and_then_have_mean_0_and_deviation_1() -> None:
    x = pixels(50)
    rows = Rows(x, CPU, scaling=Scaling.of_rows(x))
    assert rows.raw(slice(0, 5)).dtype == torch.uint8
    whole = rows[slice(0, 50)].double()
    assert whole.shape == (50, 3, 6, 6)
    torch.testing.assert_close(whole.mean(dim=(0, 2, 3)), torch.zeros(3).double(), rtol=0, atol=1e-5)
    torch.testing.assert_close(whole.std(dim=(0, 2, 3), correction=0), torch.ones(3).double(), rtol=0, atol=1e-5)


def test_published_constants_are_those_of_pixels_between_0_and_1() -> None:
    x = pixels()
    rows = Rows(x, CPU, scaling=Scaling.of_pixels((0.5, 0.4, 0.3), (0.2, 0.1, 0.3)))
    expected = (x.transpose(0, 3, 1, 2) / 255 - np.array([0.5, 0.4, 0.3])[:, None, None]) / np.array([0.2, 0.1, 0.3])[
        :, None, None
    ]
    np.testing.assert_allclose(rows[torch.tensor([3, 1])], expected[[3, 1]], rtol=1e-5, atol=1e-5)


def test_without_constants_pixels_are_divided_by_255_and_features_are_left_alone() -> None:
    x = pixels()
    np.testing.assert_allclose(Rows(x, CPU)[slice(0, 7)], x.transpose(0, 3, 1, 2) / 255, rtol=1e-6)
    table = numpy_rng(0, "table").normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(Rows(table, CPU)[torch.tensor([4, 0])], table[[4, 0]])


def test_a_constant_feature_is_not_divided_by_nothing() -> None:
    table = np.array([[1, 5], [3, 5], [5, 5]], dtype=np.float32)
    scaled = Rows(table, CPU, scaling=Scaling.of_rows(table))[slice(0, 3)]
    np.testing.assert_allclose(scaled, [[-1.224745, 0], [0, 0], [1.224745, 0]], atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_come_with_channels_last_also_when_there_is_only_one(channels: int) -> None:
    """With one channel both layouts are the same bytes; a convolution looks at the strides."""
    x = Rows(pixels(channels=channels), CPU)[slice(0, 4)]
    assert x.stride() == (36 * channels, 1, 6 * channels, channels)
    contiguous = torch.randn(2, channels, 4, 5, generator=torch_rng(0))
    assert torch.equal(with_channels_last(contiguous), contiguous)


def test_grey_images_get_three_equal_channels_where_a_network_knows_colour_alone() -> None:
    rows = Rows(pixels(channels=1), CPU, colour=True)
    assert rows.shape == (3, 6, 6)
    x = rows[slice(0, 7)]
    assert x.shape == (7, 3, 6, 6)
    assert torch.equal(x[:, 0], x[:, 2])


def test_images_on_disk_are_the_same_as_in_memory(tmp_path: Path) -> None:
    paths = []
    for i, image in enumerate(pixels(5, side=8)):
        paths.append(tmp_path / f"{i}.png")
        Image.fromarray(image).save(paths[-1])
    files = ImageFiles(paths, 8)
    there, here = (Rows(x, CPU, scaling=Scaling.of_rows(x)) for x in (files, files[:]))
    for chosen in (torch.tensor([4, 0, 4]), slice(1, 3)):
        assert torch.equal(there[chosen], here[chosen])


@pytest.mark.parametrize("multiplies", [True, False])
def test_bfloat16_is_for_convolutions_where_the_hardware_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, multiplies: bool
) -> None:
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: multiplies)
    convolution, linear = torch.nn.Conv2d(1, 1, 1), torch.nn.Linear(2, 2)
    with autocast(CPU, torch.nn.Sequential(convolution)), torch.no_grad():
        assert convolution(torch.zeros(1, 1, 2, 2)).dtype == (torch.bfloat16 if multiplies else torch.float32)
    with autocast(CPU, torch.nn.Sequential(linear)), torch.no_grad():
        assert linear(torch.zeros(1, 2)).dtype == torch.float32


def test_inputs_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"x must be a table \(n, d\) or images \(n, h, w, c\), got \(3, 4, 5\)"):
        Rows(np.zeros((3, 4, 5), dtype=np.float32), CPU)
