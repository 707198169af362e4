"""ResNet29v2: the pre-activation bottleneck net of "Distilling Effective Supervision" (IEG), KNET's third backbone."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from lab.nets.backbone import Backbone
from lab.nets.layers import conv, norm_relu

STAGES = ((16, 16, 64, 1), (64, 64, 128, 2), (128, 128, 256, 2))  # channels in, inside, out; stride


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1, each after BN-ReLU; a block that opens a stage has a 1x1 projection of its input, without BN."""

    def __init__(
        self, n_in: int, inner: int, n_out: int, stride: int, before: tuple[nn.Module, ...], *, opens: bool
    ) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *before,
            conv(n_in, inner, 1, stride=stride),
            *norm_relu(inner),
            conv(inner, inner),
            *norm_relu(inner),
            conv(inner, n_out, 1),
        )
        self.shortcut = conv(n_in, n_out, 1, stride=stride) if opens else nn.Identity()

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c2 h2 w2"]:
        return self.shortcut(x) + self.body(x)


def resnet29v2(channels: int, n_classes: int, *, relu_before_first: bool) -> Backbone:
    """conv16-BN-ReLU, three stages of three bottlenecks (64, 128, 256 channels), BN-ReLU, global mean, linear.

    Args:
        relu_before_first: whether a ReLU stands before the first 1x1 of a bottleneck. False is the published code,
            which sets `activation` to None for the very first bottleneck and never resets it.
    Source: the code of IEG, `resnet29`. Departs from it: the final 8x8 pooling is global, the same at 32x32.
    """

    def stage(n_in: int, inner: int, n_out: int, stride: int) -> list[nn.Module]:
        blocks: list[nn.Module] = []
        for n, step in ((n_in, stride), (n_out, 1), (n_out, 1)):
            before: tuple[nn.Module, ...] = norm_relu(n) if relu_before_first else (nn.BatchNorm2d(n),)
            if n == 16:  # the very first: the stem has just done its BN-ReLU
                before = ()
            blocks.append(Bottleneck(n, inner, n_out, step, before, opens=not blocks))
        return blocks

    first, second, third = (stage(*sizes) for sizes in STAGES)
    return Backbone(
        nn.Sequential(conv(channels, 16), *norm_relu(16), *first),
        nn.Sequential(*second),
        nn.Sequential(*third, *norm_relu(256)),
        nn.Linear(256, n_classes),
        penultimate_size=256,
    )
