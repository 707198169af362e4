"""Small convolutional nets: CNN-4 of KNET and the MNIST net of KED."""

from __future__ import annotations

from torch import nn

from lab.nets.backbone import Backbone, Dropout
from lab.nets.layers import conv_norm_relu


def _pair(n_in: int, n_out: int, *, pad: bool) -> nn.Sequential:
    """Two convolutions of which the first may be unpadded, 2x2 max-pooling, dropout .3."""
    first = conv_norm_relu(n_in, n_out, bias=True, pad=pad)
    return nn.Sequential(first, conv_norm_relu(n_out, n_out, bias=True), nn.MaxPool2d(2), Dropout(0.3))


def _side_after(side: int) -> int:
    """Side of CNN-4's last map."""
    for lost in (0, 2, 2):
        side = (side - lost) // 2
    return side


def cnn4(input_shape: tuple[int, ...], n_classes: int) -> Backbone:
    """Three pairs of 3x3 convolutions (32, 64, 128; bias, BN, ReLU), flatten, FC512-ReLU-dropout, linear.

    The first convolution of the second and third pair is unpadded; a pair ends with 2x2 max-pooling and dropout .3.
    Source: the code KNET cites (tohinz/SVHN-Classifier), which KNET calls "4-depth CNN". Departs from it: other input
    sizes change the size of the flattened map, 2 x 2 x 128 at 32x32.
    """
    channels, height, width = input_shape
    flat = 128 * _side_after(height) * _side_after(width)
    return Backbone(
        _pair(channels, 32, pad=True),
        _pair(32, 64, pad=False),
        _pair(64, 128, pad=False),
        nn.Sequential(Dropout(0.3), nn.Linear(512, n_classes)),
        neck=nn.Sequential(nn.Flatten(), nn.Linear(flat, 512), nn.ReLU()),
        penultimate_size=512,
    )


def mnist_cnn5(channels: int, n_classes: int) -> Backbone:
    """3x3 convolutions 32-32-pool-64-64-pool with BN and ReLU, global mean, linear.

    Source: KED says "4 convolutional layers and 1 fully connected layer"; all else is ours.
    """
    return Backbone(
        conv_norm_relu(channels, 32),
        nn.Sequential(conv_norm_relu(32, 32), nn.MaxPool2d(2)),
        nn.Sequential(conv_norm_relu(32, 64), conv_norm_relu(64, 64), nn.MaxPool2d(2)),
        nn.Linear(64, n_classes),
        penultimate_size=64,
    )
