"""The papers' backbones: exact parameter counts and feature sizes, named taps, weights from the given generator alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lab.core.rng import torch_rng
from lab.nets.backbone import TAPS, Backbone, Dropout, draw_weights
from lab.nets.mlp import ToyMLP
from lab.nets.preact import PreActBlock
from lab.nets.registry import RULES, build, skeleton
from lab.nets.resnet import ZeroPadShortcut
from lab.specs import backbones as specs
from lab.specs.backbones import BACKBONES

CIFAR, GREY, WIDE = (3, 32, 32), (1, 28, 28), (3, 224, 224)
COUNTS = [  # spec, input shape, classes, parameters, size of the penultimate features: science of the papers, exact
    (BACKBONES["ToyMLP"], (2,), 3, 4_547, 64),
    (BACKBONES["DigitsMLP"], (64,), 10, 100_682, 64),
    (BACKBONES["ResNet20"], CIFAR, 10, 269_722, 64),
    (specs.ResNet20(shortcut="1x1"), CIFAR, 10, 272_474, 64),
    (BACKBONES["CNN-4"], CIFAR, 10, 555_690, 512),
    (BACKBONES["ResNet29v2"], CIFAR, 10, 840_730, 256),
    (specs.ResNet29v2(relu_before_first=False), CIFAR, 10, 840_730, 256),
    (BACKBONES["MNIST-CNN5"], GREY, 10, 65_834, 64),
    (BACKBONES["PreActResNet18"], CIFAR, 10, 11_171_274, 512),
    (BACKBONES["PreActResNet32"], CIFAR, 10, 1_861_162, 128),
    (specs.PreActResNet(depth=32, widths="cifar"), CIFAR, 10, 466_714, 64),
    (BACKBONES["PreActResNet56"], CIFAR, 100, 3_424_644, 128),
    (specs.PreActResNet(depth=56, widths="cifar"), CIFAR, 100, 861_428, 64),
    (BACKBONES["WRN-28-2"], CIFAR, 10, 1_467_610, 128),
    (BACKBONES["WRN-28-10"], CIFAR, 10, 36_479_194, 640),
    (BACKBONES["All-CNN-C"], CIFAR, 10, 1_419_786, 256),
    (BACKBONES["DRO-LeNet"], GREY, 10, 1_329_950, 500),
    (specs.DROLeNet(feature_size=256), GREY, 10, 728_978, 256),
    (specs.DROLeNet(feature_size=256), CIFAR, 10, 921_978, 256),
    (BACKBONES["DenseNet-121"], WIDE, 1000, 7_978_856, 1024),
    (BACKBONES["ResNet50"], WIDE, 14, 23_536_718, 2048),
]
SMALL = [row for row in COUNTS if row[3] < 2_000_000 and row[2] <= 10]


def ids(rows: list[tuple[specs.BackboneSpec, tuple[int, ...], int, int, int]]) -> list[str]:
    return [f"{row[0]}-{row[1]}" for row in rows]


def n_parameters(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize(("spec", "shape", "n_classes", "count", "size"), COUNTS, ids=ids(COUNTS))
def test_every_backbone_has_the_papers_parameters_features_and_taps(
    spec: specs.BackboneSpec, shape: tuple[int, ...], n_classes: int, count: int, size: int
) -> None:
    """On the meta device: shapes are computed, numbers are not."""
    net = skeleton(spec, input_shape=shape, n_classes=n_classes)
    x = torch.empty(2, *shape, device="meta")
    assert n_parameters(net) == count
    last_linear = [layer for layer in net.head.modules() if isinstance(layer, nn.Linear)][-1]
    assert net.penultimate_size == last_linear.in_features == size
    taps = net.taps(x)
    assert tuple(taps) == TAPS
    assert all(tap.shape[0] == 2 and tap.ndim == 2 for tap in taps.values())
    assert taps["logits"].shape == (2, n_classes)


def test_every_spec_can_be_built_and_every_rule_is_tried_here() -> None:
    assert {type(spec) for spec in BACKBONES.values()} == set(RULES) == {type(row[0]) for row in COUNTS}


def test_ieg_counts_its_running_means_too() -> None:
    net = skeleton("ResNet29v2", input_shape=CIFAR, n_classes=10)
    running = sum(b.numel() for name, b in net.named_buffers() if "running" in name)
    assert n_parameters(net) + running == 845_946


@pytest.mark.parametrize("name", [name for name in BACKBONES if name != "WRN-28-10"])
def test_same_generator_same_weights_and_the_global_random_states_stay_put(name: str) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    shape = next(row[1] for row in COUNTS if row[0] == BACKBONES[name])
    shape = (3, 32, 32) if shape == WIDE else shape
    one, two = (build(name, input_shape=shape, n_classes=3, generator=torch_rng(1)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002


@pytest.mark.parametrize("name", ["DigitsMLP", "ResNet20", "CNN-4"])
def test_another_seed_gives_another_weight_everywhere(name: str) -> None:
    nets = (build(name, input_shape=CIFAR, n_classes=3, generator=torch_rng(seed)) for seed in (1, 2))
    one, two = ([p for p in net.parameters() if p.ndim > 1] for net in nets)
    assert not any(torch.equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize(("spec", "shape", "n_classes", "count", "size"), SMALL, ids=ids(SMALL))
def test_training_reaches_every_weight_with_finite_gradients_and_eval_is_pure(
    spec: specs.BackboneSpec, shape: tuple[int, ...], n_classes: int, count: int, size: int
) -> None:
    if sides := RULES[type(spec)].sides:
        shape = (shape[0], *2 * (max(8, sides[0]),))
    net = build(spec, input_shape=shape, n_classes=n_classes, generator=torch_rng(0))
    x = torch.randn(3, *shape, generator=torch_rng(1))
    nn.functional.cross_entropy(net.train()(x), torch.arange(3)).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    net.eval()
    with torch.no_grad():
        features, logits = net.features(x), net(x)
        assert features.shape == (3, size)
        torch.testing.assert_close(net.head(features), logits)
        torch.testing.assert_close(net.taps(x)["logits"], logits)
        torch.testing.assert_close(net(x[1:]), logits[1:], rtol=1e-3, atol=1e-4)  # rows do not see each other
    assert logits.std() > 1e-3  # the signal reaches the end, without BatchNorm too


def test_the_named_toy_network_is_the_toys_own() -> None:
    named = build("ToyMLP", input_shape=(2,), n_classes=3, generator=torch_rng(4))
    own = ToyMLP(2, 64, 3, generator=torch_rng(4))
    assert all(torch.equal(a, b) for a, b in zip(named.parameters(), own.parameters(), strict=True))


def test_where_the_neck_is_a_mean_the_last_conv_tap_is_the_features_and_only_divide_mixs_go_negative() -> None:
    x = torch.randn(2, 3, 8, 8, generator=torch_rng(0))
    for name, negative in (("PreActResNet18", True), ("WRN-28-2", False), ("ResNet20", False)):
        net = build(name, input_shape=(3, 8, 8), n_classes=2, generator=torch_rng(0)).eval()
        with torch.no_grad():
            features = net.features(x)
            torch.testing.assert_close(net.taps(x)["last_conv"], features)
        assert bool((features < 0).any()) == negative, name


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        ("ResNet20", (32, 16, 8)),
        ("CNN-4", (16, 7, 2)),
        ("ResNet29v2", (32, 16, 8)),
        ("MNIST-CNN5", (32, 16, 8)),
        ("PreActResNet18", (32, 16, 4)),
        ("PreActResNet32", (32, 16, 8)),
        ("WRN-28-2", (32, 16, 8)),
        ("All-CNN-C", (16, 8, 8)),
        ("DRO-LeNet", (32, 16, 8)),
        ("DenseNet-121", (8, 4, 1)),
        ("ResNet50", (8, 4, 1)),
    ],
)
def test_maps_shrink_where_the_layer_lists_say(name: str, sides: tuple[int, int, int]) -> None:
    net = skeleton(name, input_shape=CIFAR, n_classes=10)
    early = net.early(torch.empty(2, *CIFAR, device="meta"))
    mid = net.mid(early)
    assert (early.shape[-1], mid.shape[-1], net.last_conv(mid).shape[-1]) == sides


def test_divide_mixs_identity_shortcut_carries_the_activated_input_he_s_the_input_itself() -> None:
    x = torch.randn(2, 4, 3, 3, generator=torch_rng(0))
    for identity, expected in (("x", x), ("a", x.relu())):
        block = PreActBlock(4, 4, 1, project=False, identity=identity).eval()
        nn.init.zeros_(block.body[-1].weight)
        with torch.no_grad():
            torch.testing.assert_close(block(x), expected, rtol=1e-4, atol=1e-5)
    blocks = [m for m in skeleton("PreActResNet18", input_shape=CIFAR, n_classes=2).modules() if hasattr(m, "identity")]
    assert [block.identity for block in blocks] == ["a"] * 8


def test_option_a_keeps_every_second_pixel_and_adds_zero_channels() -> None:
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    out = ZeroPadShortcut(1, 2, 2)(x)
    assert out[0, 0].tolist() == [[0, 2], [8, 10]]
    assert out[0, 1].tolist() == [[0, 0], [0, 0]]


def relus(net: Backbone) -> int:
    return sum(isinstance(module, nn.ReLU) for module in net.modules())


def test_the_published_resnet29v2_lacks_the_first_relu_of_eight_bottlenecks() -> None:
    """The ninth, the very first, has none in either: the stem has just done it."""
    standard, published = (
        skeleton(specs.ResNet29v2(relu_before_first=first), input_shape=CIFAR, n_classes=10) for first in (True, False)
    )
    assert relus(standard) - relus(published) == 8


def test_dropout_masks_are_its_own_and_go_on_after_a_reload() -> None:
    x, layer = torch.ones(1, 10_000), Dropout(0.3)
    layer.seed = 5
    first, state, second = layer(x), layer.state_dict(), layer(x)
    assert not torch.equal(first, second)
    torch.testing.assert_close(first.unique(), torch.tensor([0.0, 1 / 0.7]))
    assert (first == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)
    resumed = Dropout(0.3)
    resumed.load_state_dict(state)
    assert torch.equal(resumed(x), second)
    assert torch.equal(layer.eval()(x), x)


def test_a_layer_without_a_rule_for_its_weights_is_an_error_not_uninitialised_memory() -> None:
    with torch.device("meta"):
        net = nn.Sequential(nn.LayerNorm(3))
    with pytest.raises(TypeError, match="no rule for drawing the weights of LayerNorm"):
        draw_weights(net, torch_rng(0))
