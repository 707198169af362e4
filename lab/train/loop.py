"""The one training loop: batches without replacement, one step each, learning rate falling linearly to zero."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Int
from torch import Tensor, nn

from lab.train.optimiser import Adam

SMALLEST_BATCH = 4  # BatchNorm's statistics of fewer rows are noise

BatchLoss = Callable[[Int[Tensor, " b"]], Tensor]
OnEpoch = Callable[[int], bool]


def train(
    model: nn.Module,
    batch_loss: BatchLoss,
    n: int,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    generator: torch.Generator,
    on_epoch: OnEpoch,
) -> int:
    """Train `model` in place.

    Args:
        batch_loss: rows (b,) -> scalar loss; owns data, targets and whatever is drawn per sample.
        n: number of training rows.
        generator: order of the rows.
        on_epoch: called with the number of finished epochs; True ends the training.
    Returns: number of steps taken.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = Adam(parameters)
    per_epoch = sum(len(rows) >= SMALLEST_BATCH for rows in torch.arange(n).split(batch_size))
    total, step = epochs * per_epoch, 0
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(n, generator=generator).split(batch_size):
            if len(rows) < SMALLEST_BATCH:
                continue
            gradients = torch.autograd.grad(batch_loss(rows), parameters)
            optimiser.step(gradients, learning_rate * (1 - step / total))
            step += 1
        if on_epoch(epoch + 1):
            break
    model.eval()
    return step
