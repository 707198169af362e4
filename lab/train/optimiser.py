"""Adam and SGD on torch's functional kernels.

torch.optim's classes are the same arithmetic, but the first construction of one imports the whole of torch's compiler
(7 s on a slow core), which a worker that trains nets of a second can not afford.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.sgd import sgd

from lab.specs.training import Schedule


class Adam:
    """Adam with bias correction (betas .9, .999, eps 1e-8), one fused call for all parameters.

    Args:
        weight_decay: L2, added to the gradient (not AdamW).
    """

    def __init__(self, parameters: Iterable[Tensor], *, weight_decay: float = 0.0) -> None:
        self.parameters = list(parameters)
        self.weight_decay = weight_decay
        self.mean = [torch.zeros_like(p) for p in self.parameters]
        self.square = [torch.zeros_like(p) for p in self.parameters]
        self.steps = [torch.zeros((), device=p.device) for p in self.parameters]

    @torch.no_grad()
    def step(self, gradients: Iterable[Tensor], learning_rate: float) -> None:
        """Move the parameters against `gradients`, which are laid out in memory as they are."""
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
            weight_decay=self.weight_decay,
            eps=1e-8,
            maximize=False,
        )

    def state(self) -> list[Tensor]:
        """All that it remembers between steps, to be saved and copied back into place."""
        return [*self.mean, *self.square, *self.steps]


class SGD:
    """Momentum v <- m v + g, then p <- p - lr v (with Nesterov p - lr (g + m v)), one fused call for all parameters.

    Args:
        weight_decay: L2, added to the gradient.
    """

    def __init__(
        self, parameters: Iterable[Tensor], *, momentum: float = 0.9, nesterov: bool = False, weight_decay: float = 0.0
    ) -> None:
        self.parameters = list(parameters)
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        self.velocity = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self, gradients: Iterable[Tensor], learning_rate: float) -> None:
        """Move the parameters against `gradients`, which are laid out in memory as they are."""
        sgd(
            self.parameters,
            list(gradients),
            list(self.velocity) if self.momentum else [None] * len(self.parameters),
            fused=True,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            lr=learning_rate,
            dampening=0.0,
            nesterov=self.nesterov and self.momentum > 0,
            maximize=False,
        )

    def state(self) -> list[Tensor]:
        """All that it remembers between steps, to be saved and copied back into place."""
        return self.velocity


def make_optimiser(schedule: Schedule, parameters: Sequence[Tensor]) -> Adam | SGD:
    """The optimiser that a schedule asks for."""
    if schedule.optimiser == "adam":
        return Adam(parameters, weight_decay=schedule.weight_decay)
    return SGD(parameters, momentum=schedule.momentum, nesterov=schedule.nesterov, weight_decay=schedule.weight_decay)
