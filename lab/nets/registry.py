"""`build(name or spec, ...)`: one way to every backbone, at every input size that it can take."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from lab.core.checks import check_integer, require
from lab.data.vision import data_root
from lab.nets.allcnn import all_cnn_c
from lab.nets.backbone import Backbone, draw_weights
from lab.nets.lenet import dro_lenet
from lab.nets.mlp import MLP
from lab.nets.preact import preact_resnet, preact_resnet18
from lab.nets.resnet import resnet20
from lab.nets.resnet29v2 import resnet29v2
from lab.nets.small_cnn import cnn4, mnist_cnn5
from lab.nets.torchvision_nets import densenet121, load_weights, resnet50
from lab.nets.wide import wide_resnet28
from lab.specs import backbones as specs

Shape = tuple[int, ...]


class Rule(NamedTuple):
    """How a kind of backbone is made, and the sides of the images that it takes.

    make: (spec, input shape, number of classes) -> network.
    sides: None for fully connected nets, which flatten whatever they get. The smallest side leaves the last map at
        least one pixel; nets with global average pooling take any larger one, nets that flatten their last map stop at
        64, because their first dense layer grows with the square of the side.
    """

    sides: tuple[int, float] | None
    make: Callable[[Any, Shape, int], Backbone]


RULES: dict[type, Rule] = {
    specs.ToyMLP: Rule(None, lambda s, x, n: MLP(math.prod(x), (s.width, s.width), n)),
    specs.DigitsMLP: Rule(None, lambda s, x, n: MLP(math.prod(x), (256, 256, 64), n, batch_norm=True)),
    specs.ResNet20: Rule((4, math.inf), lambda s, x, n: resnet20(x[0], n, shortcut=s.shortcut)),
    specs.CNN4: Rule((20, 64), lambda s, x, n: cnn4(x, n)),
    specs.ResNet29v2: Rule((4, math.inf), lambda s, x, n: resnet29v2(x[0], n, relu_before_first=s.relu_before_first)),
    specs.MNISTCNN5: Rule((4, math.inf), lambda s, x, n: mnist_cnn5(x[0], n)),
    specs.PreActResNet18: Rule((8, math.inf), lambda s, x, n: preact_resnet18(x[0], n)),
    specs.PreActResNet: Rule((4, math.inf), lambda s, x, n: preact_resnet(x[0], n, depth=s.depth, widths=s.widths)),
    specs.WideResNet28: Rule((4, math.inf), lambda s, x, n: wide_resnet28(x[0], n, widen=s.widen)),
    specs.AllCNNC: Rule((4, math.inf), lambda s, x, n: all_cnn_c(x[0], n)),
    specs.DROLeNet: Rule((4, 64), lambda s, x, n: dro_lenet(x, n, feature_size=s.feature_size)),
    specs.DenseNet121: Rule((32, math.inf), lambda s, x, n: densenet121(n)),
    specs.ResNet50: Rule((32, math.inf), lambda s, x, n: resnet50(n)),
}
COLOUR_ONLY = (specs.DenseNet121, specs.ResNet50)


def build(
    backbone: str | specs.BackboneSpec, *, input_shape: Shape, n_classes: int, generator: torch.Generator
) -> Backbone:
    """A backbone with its weights drawn (see `draw_weights`) on the generator's device, or read from a local file.

    Args:
        backbone: a name of `lab.specs.backbones.BACKBONES`, or a spec.
        input_shape: of one row: (channels, height, width), or any shape for fully connected nets.
        n_classes: L >= 2.
        generator: the same state gives the same weights; the global random state is neither read nor moved.
    Raises: ValueError for an unknown name, or a shape that this network can not take, with the shapes that it can.
    """
    spec = named(backbone)
    net = skeleton(spec, input_shape=input_shape, n_classes=n_classes)
    draw_weights(net, generator)
    if weights := getattr(spec, "weights", ""):
        load_weights(net, type(spec).__name__, data_root() / "weights" / weights)
    return net


def skeleton(backbone: str | specs.BackboneSpec, *, input_shape: Shape, n_classes: int) -> Backbone:
    """The same network on the meta device: parameters and shapes to count, but neither memory nor weights."""
    spec = named(backbone)
    check_shape(spec, input_shape)
    check_integer("n_classes", n_classes, 2)
    with torch.device("meta"):
        return RULES[type(spec)].make(spec, input_shape, n_classes)


def named(backbone: str | specs.BackboneSpec) -> specs.BackboneSpec:
    """The spec behind a name."""
    if not isinstance(backbone, str):
        return backbone
    require(backbone in specs.BACKBONES, "backbone", "one of " + ", ".join(specs.BACKBONES), backbone)
    return specs.BACKBONES[backbone]


def check_shape(spec: specs.BackboneSpec, input_shape: Shape) -> None:
    """Raises: ValueError that names the shapes which work."""
    kind, sides = type(spec), RULES[type(spec)].sides
    sizes = all(isinstance(n, int) and n > 0 for n in input_shape)
    require(sizes and len(input_shape) > 0, "input_shape", "whole numbers above 0", input_shape)
    if sides is None:
        return
    low, high = sides
    rule = "(3, height, width)" if kind in COLOUR_ONLY else "(channels, height, width)"
    rule += f" with sides of {low}" + (f" to {high}" if math.isfinite(high) else " or more") + " pixels"
    fits = len(input_shape) == 3 and all(low <= side <= high for side in input_shape[1:])
    fits = fits and (input_shape[0] == 3 or kind not in COLOUR_ONLY)
    require(fits, "input_shape", f"{rule} for {kind.__name__}", input_shape)
