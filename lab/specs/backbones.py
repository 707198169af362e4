"""Backbones that can be asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.core.checks import check_choice, check_integer, require


@dataclass(frozen=True, kw_only=True, slots=True)
class ToyMLP:
    """Fully connected, two hidden layers with ReLU: the small network of KNET §3."""

    width: int = 64  # also the size d of its penultimate features

    def __post_init__(self) -> None:
        check_integer("width", self.width, 2, 512)


@dataclass(frozen=True, kw_only=True, slots=True)
class DigitsMLP:
    """Fully connected, 256-256-64 with BatchNorm and ReLU: the lab's own net for scikit-learn's digits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResNet20:
    """The residual net of CIFAR with 0.27 M parameters (KNET)."""

    shortcut: str = "A"  # sub-sampled with zero channels, or "1x1": a projection

    def __post_init__(self) -> None:
        check_choice("shortcut", self.shortcut, ("A", "1x1"))


@dataclass(frozen=True, kw_only=True, slots=True)
class CNN4:
    """Six convolutions and two dense layers, 0.56 M parameters; KNET calls it "4-depth CNN"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResNet29v2:
    """The pre-activation bottleneck net of IEG, 0.84 M parameters (KNET's "Zhang et al.")."""

    relu_before_first: bool = True  # False is the published code, whose bottlenecks lack their first ReLU

    def __post_init__(self) -> None:
        check_choice("relu_before_first", self.relu_before_first, (True, False))


@dataclass(frozen=True, kw_only=True, slots=True)
class MNISTCNN5:
    """Four convolutions and a linear layer, 66 k parameters (KED on MNIST)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreActResNet18:
    """DivideMix's net, 11.2 M parameters; no BN-ReLU before the pooling, so features may be negative."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreActResNet:
    """PreActResNet32 (KED on CIFAR-10) and 56 (CIFAR-100). KED prints no widths."""

    depth: int = 32
    widths: str = "tanaka"  # 32/64/128 of Joint Optimization's code, or "cifar": 16/32/64

    def __post_init__(self) -> None:
        check_choice("depth", self.depth, (32, 56))
        check_choice("widths", self.widths, ("tanaka", "cifar"))


@dataclass(frozen=True, kw_only=True, slots=True)
class WideResNet28:
    """WRN-28-2 (INN App. B) and WRN-28-10 (IEG's default)."""

    widen: int = 2

    def __post_init__(self) -> None:
        check_choice("widen", self.widen, (2, 10))


@dataclass(frozen=True, kw_only=True, slots=True)
class AllCNNC:
    """All-CNN-C with a fully connected layer of 256, 1.4 M parameters (DRO on CIFAR-10)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DROLeNet:
    """DRO's net for MNIST: 1.3 M parameters at 500 features, 0.7 M at 256."""

    feature_size: int = 500  # 500 for uniform noise, 256 for flip noise

    def __post_init__(self) -> None:
        check_integer("feature_size", self.feature_size, 2, 4096)


@dataclass(frozen=True, kw_only=True, slots=True)
class DenseNet121:
    """torchvision's DenseNet-121 (DRO on ImageNet); 1,024 features, where the paper says 2,048."""

    weights: str = ""  # file in the folder `weights` of LAB_DATA, as torchvision publishes it; "" = random

    def __post_init__(self) -> None:
        check_weights_name(self.weights)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResNet50:
    """torchvision's ResNet50 (KED and INN on Clothing1M, from ImageNet's weights)."""

    weights: str = ""  # as above

    def __post_init__(self) -> None:
        check_weights_name(self.weights)


def check_weights_name(name: str) -> None:
    """A bare file name, because it may come from an address bar and must not reach outside its folder."""
    is_file = isinstance(name, str) and re.fullmatch(r"[\w.-]+\.pth?", name, re.ASCII)
    require(name == "" or bool(is_file), "weights", "the name of a .pt or .pth file without a folder", name)


BackboneSpec = (
    ToyMLP
    | DigitsMLP
    | ResNet20
    | CNN4
    | ResNet29v2
    | MNISTCNN5
    | PreActResNet18
    | PreActResNet
    | WideResNet28
    | AllCNNC
    | DROLeNet
    | DenseNet121
    | ResNet50
)

BACKBONES: dict[str, BackboneSpec] = {
    "ToyMLP": ToyMLP(),
    "DigitsMLP": DigitsMLP(),
    "ResNet20": ResNet20(),
    "CNN-4": CNN4(),
    "ResNet29v2": ResNet29v2(),
    "MNIST-CNN5": MNISTCNN5(),
    "PreActResNet18": PreActResNet18(),
    "PreActResNet32": PreActResNet(depth=32),
    "PreActResNet56": PreActResNet(depth=56),
    "WRN-28-2": WideResNet28(widen=2),
    "WRN-28-10": WideResNet28(widen=10),
    "All-CNN-C": AllCNNC(),
    "DRO-LeNet": DROLeNet(),
    "DenseNet-121": DenseNet121(),
    "ResNet50": ResNet50(),
}
