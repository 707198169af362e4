"""DRO's LeNet-like net for MNIST (and, in its appendix, CIFAR-10)."""

from __future__ import annotations

from torch import nn

from lab.nets.backbone import Backbone
from lab.nets.layers import conv_norm_relu


def dro_lenet(input_shape: tuple[int, ...], n_classes: int, *, feature_size: int) -> Backbone:
    """5x5 convolutions 20-20-pool-50-50-pool (zero-padded), flatten, FC(feature_size), FC(L).

    BatchNorm after every convolution and every fully connected layer, the last one included; ReLU after all but the
    last; 2x2 max-pooling.
    Args:
        feature_size: FS of the paper: 500 for uniform noise on MNIST, 256 for flip noise.
    Source: DRO §4 and App. A. Departs from it: nothing.
    """
    channels, height, width = input_shape
    flat = 50 * (height // 4) * (width // 4)
    fully = nn.Linear(flat, feature_size), nn.BatchNorm1d(feature_size), nn.ReLU()
    return Backbone(
        conv_norm_relu(channels, 20, 5, bias=True),
        nn.Sequential(conv_norm_relu(20, 20, 5, bias=True), nn.MaxPool2d(2)),
        nn.Sequential(conv_norm_relu(20, 50, 5, bias=True), conv_norm_relu(50, 50, 5, bias=True), nn.MaxPool2d(2)),
        nn.Sequential(nn.Linear(feature_size, n_classes), nn.BatchNorm1d(n_classes)),
        neck=nn.Sequential(nn.Flatten(), *fully),
        penultimate_size=feature_size,
    )
