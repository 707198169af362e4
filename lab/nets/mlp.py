"""The toy's small fully connected network (KNET §3, panel (e) of Fig. 2)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class ToyMLP(nn.Module):
    """n_inputs-width-width-L with ReLU.

    Source: KNET §3 says "small ... fully connected"; depth and width are ours.
    """

    def __init__(self, n_inputs: int, width: int, n_classes: int, *, generator: torch.Generator) -> None:
        super().__init__()
        first, second = linear(n_inputs, width, generator), linear(width, width, generator)
        self.body = nn.Sequential(first, nn.ReLU(), second, nn.ReLU())
        self.head = linear(width, n_classes, generator)

    def features(self, x: Float[Tensor, "n i"]) -> Float[Tensor, "n d"]:
        """The penultimate features h(x): what the last linear layer sees."""
        return self.body(x)

    def forward(self, x: Float[Tensor, "n i"]) -> Float[Tensor, "n c"]:
        """Logits."""
        return self.head(self.features(x))


def linear(n_in: int, n_out: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer drawn from U(-1/sqrt(n_in), 1/sqrt(n_in)): torch's own default, but from the given generator."""
    layer = nn.utils.skip_init(nn.Linear, n_in, n_out)
    for parameter in (layer.weight, layer.bias):
        nn.init.uniform_(parameter, -(n_in**-0.5), n_in**-0.5, generator=generator)
    return layer
