"""All-CNN-C with a fully connected layer of 256: DRO's net for CIFAR-10."""

from __future__ import annotations

from torch import nn

from lab.nets.backbone import Backbone, GlobalMean
from lab.nets.layers import conv


def all_cnn_c(channels: int, n_classes: int) -> Backbone:
    """3x3 convolutions 96, 96, 96 (stride 2), 192, 192, 192 (stride 2), 192, a 1x1 of 192, global mean, FC256, linear.

    ReLU after every convolution and after FC256; no BatchNorm.
    Source: DRO §4 on Springenberg et al. 2015, model C. Departs from it: FC256 stands after the global mean (DRO does
    not say where); the last 1x1 convolution to L channels becomes the linear layer; no dropout (DRO names none).
    """

    def layer(n_in: int, n_out: int, side: int = 3, stride: int = 1) -> nn.Sequential:
        return nn.Sequential(conv(n_in, n_out, side, stride=stride, bias=True), nn.ReLU())

    return Backbone(
        nn.Sequential(layer(channels, 96), layer(96, 96), layer(96, 96, stride=2)),
        nn.Sequential(layer(96, 192), layer(192, 192), layer(192, 192, stride=2)),
        nn.Sequential(layer(192, 192), layer(192, 192, 1)),
        nn.Linear(256, n_classes),
        neck=nn.Sequential(GlobalMean(), nn.Linear(192, 256), nn.ReLU()),
        penultimate_size=256,
    )
