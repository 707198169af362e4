"""Layers that several families of convolutional nets share. Weights are drawn later: see `draw_weights`."""

from __future__ import annotations

from torch import nn


def conv(n_in: int, n_out: int, side: int = 3, *, stride: int = 1, bias: bool = False, pad: bool = True) -> nn.Conv2d:
    """A side x side convolution; padded, it keeps the size of the map but for its stride."""
    return nn.Conv2d(n_in, n_out, side, stride=stride, padding=side // 2 if pad else 0, bias=bias)


def norm_relu(channels: int) -> tuple[nn.Module, nn.Module]:
    """BatchNorm (eps 1e-5, running mean with weight .1) and ReLU."""
    return nn.BatchNorm2d(channels), nn.ReLU()


def conv_norm_relu(n_in: int, n_out: int, side: int = 3, *, bias: bool = False, pad: bool = True) -> nn.Sequential:
    """Convolution, BatchNorm, ReLU."""
    return nn.Sequential(conv(n_in, n_out, side, bias=bias, pad=pad), *norm_relu(n_out))
