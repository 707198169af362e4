"""Fully connected networks: the toy's (KNET §3, panel (e) of Fig. 2) and the digits'."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from lab.nets.backbone import Backbone, draw_linear, draw_weights


def linear(n_in: int, n_out: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer with weights from the given generator."""
    layer = nn.utils.skip_init(nn.Linear, n_in, n_out)
    draw_linear(layer, generator)
    return layer


def hidden(n_in: int, n_out: int, *, batch_norm: bool) -> nn.Sequential:
    """Linear, BatchNorm if asked for, ReLU."""
    norm = [nn.BatchNorm1d(n_out)] if batch_norm else []
    return nn.Sequential(nn.Linear(n_in, n_out), *norm, nn.ReLU())


class MLP(Backbone):
    """n_inputs-widths-L with ReLU; an input of any shape is flattened."""

    def __init__(self, n_inputs: int, widths: Sequence[int], n_classes: int, *, batch_norm: bool = False) -> None:
        first, *others = (
            hidden(n_in, n_out, batch_norm=batch_norm) for n_in, n_out in zip((n_inputs, *widths), widths, strict=False)
        )
        super().__init__(
            nn.Sequential(nn.Flatten(), *first),
            nn.Sequential(*others[:-1]),
            others[-1],
            nn.Linear(widths[-1], n_classes),
            penultimate_size=widths[-1],
        )


class ToyMLP(MLP):
    """n_inputs-width-width-L with ReLU, its weights drawn.

    Source: KNET §3 says "small ... fully connected"; depth and width are ours.
    """

    def __init__(self, n_inputs: int, width: int, n_classes: int, *, generator: torch.Generator) -> None:
        with torch.device("meta"):
            super().__init__(n_inputs, (width, width), n_classes)
        draw_weights(self, generator)
