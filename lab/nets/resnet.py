"""The residual net of CIFAR (He et al. 2016, §4.2)."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lab.nets.backbone import Backbone
from lab.nets.layers import conv, conv_norm_relu

WIDTHS = (16, 32, 64)


class ZeroPadShortcut(nn.Module):
    """Option A: every second pixel, new channels zero; it has no parameters."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.added, self.stride = n_out - n_in, stride

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c2 h2 w2"]:
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))


class BasicBlock(nn.Module):
    """relu(shortcut(x) + BN(conv(relu(BN(conv(x))))))."""

    def __init__(self, n_in: int, n_out: int, stride: int, shortcut: str) -> None:
        super().__init__()
        self.first = nn.Sequential(conv(n_in, n_out, stride=stride), nn.BatchNorm2d(n_out), nn.ReLU())
        self.second = nn.Sequential(conv(n_out, n_out), nn.BatchNorm2d(n_out))
        if n_in == n_out:
            self.shortcut: nn.Module = nn.Identity()
        elif shortcut == "A":
            self.shortcut = ZeroPadShortcut(n_in, n_out, stride)
        else:
            self.shortcut = nn.Sequential(conv(n_in, n_out, 1, stride=stride), nn.BatchNorm2d(n_out))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c2 h2 w2"]:
        return self.second(self.first(x)).add_(self.shortcut(x)).relu_()  # in place: BatchNorm needs its output no more


def resnet20(channels: int, n_classes: int, *, shortcut: str) -> Backbone:
    """conv16-BN-ReLU, three stages of three basic blocks (16, 32, 64 channels; halved twice), global mean, linear.

    Args:
        shortcut: where the shape changes, "A" is sub-sampling with zeros for the new channels, "1x1" a projection.
    Source: He et al. 2016 §4.2, n = 3; KNET names it "ResNet20 (.27M)". Departs from it: the zeros come after the old
    channels (the paper does not say where).
    """
    early, mid, last = (
        nn.Sequential(
            *(BasicBlock(n_in if i == 0 else n_out, n_out, stride if i == 0 else 1, shortcut) for i in range(3))
        )
        for n_in, n_out, stride in zip((16, *WIDTHS), WIDTHS, (1, 2, 2), strict=False)
    )
    stem = conv_norm_relu(channels, 16)
    return Backbone(nn.Sequential(stem, early), mid, last, nn.Linear(64, n_classes), penultimate_size=64)
