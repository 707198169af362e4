"""Adam on torch's functional kernel.

torch.optim.Adam is the same arithmetic, but its first construction imports the whole of torch's compiler (7 s on a
slow core), which a worker that trains nets of a second can not afford.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim.adam import adam


class Adam:
    """Adam with bias correction (betas .9, .999, eps 1e-8), one fused call for all parameters."""

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        self.parameters = list(parameters)
        self.mean = [torch.zeros_like(p) for p in self.parameters]
        self.square = [torch.zeros_like(p) for p in self.parameters]
        self.steps = [torch.zeros((), device=p.device) for p in self.parameters]

    @torch.no_grad()
    def step(self, gradients: Iterable[Tensor], learning_rate: float) -> None:
        """Move the parameters against `gradients`."""
        adam(
            self.parameters,
            list(gradients),
            self.mean,
            self.square,
            [],
            self.steps,
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=learning_rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )
