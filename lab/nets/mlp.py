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
        self.body = nn.Sequential(nn.Linear(n_inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.head = nn.Linear(width, n_classes)
        initialise(self, generator)

    def features(self, x: Float[Tensor, "n i"]) -> Float[Tensor, "n d"]:
        """The penultimate features h(x): what the last linear layer sees."""
        return self.body(x)

    def forward(self, x: Float[Tensor, "n i"]) -> Float[Tensor, "n c"]:
        """Logits."""
        return self.head(self.features(x))


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Draw every linear layer's weights and biases from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), torch's own default,
    but from the given generator."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            bound = layer.in_features**-0.5
            for parameter in (layer.weight, layer.bias):
                nn.init.uniform_(parameter, -bound, bound, generator=generator)
