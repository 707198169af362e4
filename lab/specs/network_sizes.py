"""How large each backbone is, without building it: what a cost card can say before anything heavy is imported.

Convolutional nets were counted at 3 x 32 x 32 pixels and 10 classes; a test holds the table against the nets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

from lab.core.checks import require
from lab.specs.backbones import (
    CNN4,
    MNISTCNN5,
    AllCNNC,
    BackboneSpec,
    DenseNet121,
    DigitsMLP,
    DROLeNet,
    PreActResNet,
    PreActResNet18,
    ResNet20,
    ResNet29v2,
    ResNet50,
    ToyMLP,
    WideResNet28,
)

COUNTED_PIXELS, COUNTED_CLASSES = 32 * 32, 10


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """Attributes:
    parameters: trainable numbers.
    penultimate: d, length of the penultimate features.
    mflop: million multiplications and additions of one row's forward pass.
    outputs: thousand numbers that its convolutions and linear layers put out for one row; they cost memory traffic.
    layers: modules without parts, each some microseconds of Python a step.
    growing: those of the parameters that grow with the number of pixels.
    """

    parameters: int
    penultimate: int
    mflop: float
    outputs: float
    layers: int
    growing: int = 0


CONVOLUTIONAL: dict[BackboneSpec, NetworkSize] = {
    ResNet20(): NetworkSize(269_722, 64, 81.1, 188.4, 59),
    ResNet20(shortcut="1x1"): NetworkSize(272_474, 64, 81.6, 200.7, 61),
    CNN4(): NetworkSize(555_690, 512, 53.9, 97.5, 29, growing=512 * 512),
    ResNet29v2(): NetworkSize(840_730, 256, 195.9, 720.9, 95),
    MNISTCNN5(): NetworkSize(66_410, 64, 49.0, 98.3, 16),
    PreActResNet18(): NetworkSize(11_171_274, 512, 1110.8, 614.4, 56),
    PreActResNet(depth=32): NetworkSize(1_861_162, 128, 553.3, 663.6, 98),
    PreActResNet(depth=56): NetworkSize(3_413_034, 128, 1006.3, 1122.3, 170),
    PreActResNet(depth=32, widths="cifar"): NetworkSize(466_714, 64, 138.2, 315.4, 97),
    PreActResNet(depth=56, widths="cifar"): NetworkSize(855_578, 64, 251.5, 544.8, 169),
    WideResNet28(): NetworkSize(1_467_610, 128, 428.7, 532.5, 80),
    WideResNet28(widen=10): NetworkSize(36_479_194, 640, 10486.7, 2596.9, 80),
    AllCNNC(): NetworkSize(1_419_786, 256, 562.2, 356.6, 20),
    DenseNet121(): NetworkSize(6_964_106, 1024, 115.7, 140.8, 368),
    ResNet50(): NetworkSize(23_528_522, 2048, 166.9, 226.8, 158),
}


def network_size(spec: BackboneSpec, row: tuple[int, ...], n_classes: int) -> NetworkSize:
    """The size of a backbone for rows of this shape: exact at 32 x 32 pixels and for fully connected nets.

    Args:
        row: shape of one row, (height, width, channels) or (features,).
    Raises: ValueError for a spec that is none of the backbones.
    """
    if isinstance(spec, ToyMLP | DigitsMLP):
        batch_norm = isinstance(spec, DigitsMLP)
        hidden = (256, 256, 64) if isinstance(spec, DigitsMLP) else (spec.width, spec.width)
        return _fully_connected(math.prod(row), hidden, n_classes, batch_norm=batch_norm)
    size = _counted(spec)
    scale = math.prod(row[:-1]) / COUNTED_PIXELS
    return replace(
        size,
        parameters=round(
            size.parameters + size.growing * (scale - 1) + (n_classes - COUNTED_CLASSES) * (size.penultimate + 1)
        ),
        mflop=size.mflop * scale,
        outputs=size.outputs * scale,
    )


def _counted(spec: BackboneSpec) -> NetworkSize:
    if isinstance(spec, DROLeNet):
        dense = 50 * 8 * 8 * spec.feature_size
        others = 99_450 + (1 + 2 + 10) * spec.feature_size  # convolutions; bias, BatchNorm and the last layer
        return NetworkSize(
            others + dense, spec.feature_size, 68.35 + 2e-6 * dense, 66.6 + spec.feature_size / 1e3, 20, dense
        )
    if isinstance(spec, DenseNet121 | ResNet50):
        spec = type(spec)()
    elif isinstance(spec, ResNet29v2):
        spec = ResNet29v2()
    require(spec in CONVOLUTIONAL, "backbone", "one of lab.specs.backbones.BACKBONES", spec)
    return CONVOLUTIONAL[spec]


def _fully_connected(n_inputs: int, hidden: tuple[int, ...], n_classes: int, *, batch_norm: bool) -> NetworkSize:
    widths = (n_inputs, *hidden, n_classes)
    weights = sum(a * b for a, b in pairwise(widths))
    parameters = weights + sum(widths[1:]) + 2 * batch_norm * sum(hidden)
    layers = (2 + batch_norm) * len(hidden) + 2
    return NetworkSize(parameters, hidden[-1], 2e-6 * weights, sum(widths[1:]) / 1e3, layers)
