"""Which inputs a backbone takes, and what it says to the others."""

from __future__ import annotations

import pytest
import torch

from lab.core.rng import torch_rng
from lab.nets.registry import RULES, build, skeleton
from lab.specs import digest
from lab.specs.backbones import BACKBONES, DROLeNet, PreActResNet, ResNet20, ResNet50

CONVOLUTIONAL = [name for name, spec in BACKBONES.items() if RULES[type(spec)].sides is not None]


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_the_smallest_side_works_beside_an_odd_larger_one(name: str) -> None:
    low, _ = RULES[type(BACKBONES[name])].sides
    shape = (3, low, 2 * low + 5 if low < 32 else 33)
    net = skeleton(name, input_shape=shape, n_classes=4)
    assert net(torch.empty(2, *shape, device="meta")).shape == (2, 4)


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_a_size_below_the_smallest_is_refused_with_the_sizes_that_work(name: str) -> None:
    low, high = RULES[type(BACKBONES[name])].sides
    upto = f"{low} to {high}" if high == 64 else f"{low} or more"
    for shape in [(3, low - 1, low), (64,), (3, 32, 32, 1)]:
        with pytest.raises(ValueError, match=rf"height, width\) with sides of {upto} pixels for \w+, got \("):
            skeleton(name, input_shape=shape, n_classes=4)


def test_nets_that_flatten_their_map_refuse_photographs() -> None:
    with pytest.raises(ValueError, match=r"with sides of 20 to 64 pixels for CNN4, got \(3, 224, 224\)"):
        skeleton("CNN-4", input_shape=(3, 224, 224), n_classes=14)


def test_fully_connected_nets_flatten_whatever_they_get() -> None:
    flat, image = (
        build("DigitsMLP", input_shape=shape, n_classes=10, generator=torch_rng(0)).eval()
        for shape in [(64,), (1, 8, 8)]
    )
    x = torch.rand(2, 1, 8, 8, generator=torch_rng(1))
    torch.testing.assert_close(flat(x.flatten(1)), image(x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backbone": "VGG"}, "backbone must be one of ToyMLP, DigitsMLP, .*, got 'VGG'"),
        ({"n_classes": 1}, "n_classes must be an integer >= 2, got 1"),
        ({"input_shape": ()}, r"input_shape must be whole numbers above 0, got \(\)"),
        ({"input_shape": (3, 0, 8)}, "input_shape must be whole numbers above 0"),
        ({"backbone": "ResNet50", "input_shape": (1, 64, 64)}, r"must be \(3, height, width\) .* for ResNet50"),
    ],
)
def test_what_can_not_be_built_is_one_sentence(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        skeleton(**{"backbone": "ResNet20", "input_shape": (3, 8, 8), "n_classes": 3} | arguments)


def test_every_named_backbone_has_its_own_digest() -> None:
    assert len({digest(spec) for spec in BACKBONES.values()}) == len(BACKBONES) == 15


@pytest.mark.parametrize(
    ("spec", "fields", "message"),
    [
        (ResNet20, {"shortcut": "B"}, "shortcut must be one of 'A', '1x1', got 'B'"),
        (PreActResNet, {"depth": 20}, "depth must be one of 32, 56, got 20"),
        (DROLeNet, {"feature_size": 1}, r"feature_size must be an integer in \[2, 4096\], got 1"),
        (ResNet50, {"weights": "../secret.pth"}, "weights must be the name of a .pt or .pth file without a folder"),
        (ResNet50, {"weights": "resnet50.pkl"}, "weights must be the name of a .pt or .pth file without a folder"),
    ],
)
def test_bad_specs_are_refused(spec: type, fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spec(**fields)
