"""Pre-activation residual nets (He et al. 2016b): PreActResNet18, PreActResNet32/56, and the blocks of wide ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from lab.nets.backbone import Backbone
from lab.nets.layers import conv, conv_norm_relu, norm_relu

WIDTHS = {"tanaka": (32, 32, 64, 128), "cifar": (16, 16, 32, 64)}  # of the stem and the three stages


class PreActBlock(nn.Module):
    """a = relu(BN(x)); shortcut + conv(relu(BN(conv(a)))).

    Args:
        project: the shortcut is a 1x1 convolution of a; needed where the shape changes.
        identity: what a shortcut without projection carries on: "x" (He et al.) or "a" (the code of DivideMix).
    """

    def __init__(self, n_in: int, n_out: int, stride: int, *, project: bool, identity: str = "x") -> None:
        super().__init__()
        self.activate = nn.Sequential(*norm_relu(n_in))
        self.body = nn.Sequential(conv(n_in, n_out, stride=stride), *norm_relu(n_out), conv(n_out, n_out))
        self.projection = conv(n_in, n_out, 1, stride=stride) if project else None
        self.identity = identity

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c2 h2 w2"]:
        a = self.activate(x)
        if self.projection is not None:
            return self.body(a) + self.projection(a)
        return self.body(a) + (a if self.identity == "a" else x)


def stages(widths: Sequence[int], n: int, *, always_project: bool = False, identity: str = "x") -> list[nn.Sequential]:
    """Stages of n blocks from widths[0] channels to each of the others; all but the first halve the map.

    Args:
        always_project: the first stage opens with a projection even where its shape does not change.
    """
    built = []
    for number, (n_in, n_out) in enumerate(pairwise(widths)):
        stride = 1 if number == 0 else 2
        project = always_project or n_in != n_out
        opening = PreActBlock(n_in, n_out, stride, project=project, identity=identity)
        rest = (PreActBlock(n_out, n_out, 1, project=False, identity=identity) for _ in range(n - 1))
        built.append(nn.Sequential(opening, *rest))
    return built


def preact_resnet18(channels: int, n_classes: int) -> Backbone:
    """conv64-BN-ReLU, four stages of two blocks (64, 128, 256, 512), global mean, linear.

    No BN-ReLU follows the last block, so features may be negative.
    Source: the code of DivideMix, `ResNet18`. Departs from it: the final 4x4 pooling is global, the same at 32x32.
    """
    one, two, three, four = stages((64, 64, 128, 256, 512), 2, identity="a")
    early = nn.Sequential(conv_norm_relu(channels, 64), one)
    return Backbone(early, two, nn.Sequential(three, four), nn.Linear(512, n_classes), penultimate_size=512)


def three_stage(channels: int, n_classes: int, widths: Sequence[int], n: int, *, always_project: bool) -> Backbone:
    """conv, three stages of n pre-activation blocks, BN-ReLU, global mean, linear."""
    one, two, three = stages(widths, n, always_project=always_project)
    last = nn.Sequential(three, *norm_relu(widths[-1]))
    head = nn.Linear(widths[-1], n_classes)
    return Backbone(nn.Sequential(conv(channels, widths[0]), one), two, last, head, penultimate_size=widths[-1])


def preact_resnet(channels: int, n_classes: int, *, depth: int, widths: str) -> Backbone:
    """PreActResNet32 (n = 5) and 56 (n = 9).

    Args:
        widths: "tanaka" (stem 32; 32, 64, 128) or "cifar" (stem 16; 16, 32, 64).
    Source: KED, which leaves the widths open and says baselines follow their open code; "tanaka" is that of Joint
    Optimization, which projects in the first stage too.
    """
    n = (depth - 2) // 6
    return three_stage(channels, n_classes, WIDTHS[widths], n, always_project=widths == "tanaka")
