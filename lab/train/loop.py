"""The one training step, and the plainest loop around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lab.specs.training import Schedule
from lab.train.optimiser import make_optimiser
from lab.train.rates import learning_rate as rate_of

SMALLEST_BATCH = 4  # BatchNorm's statistics of fewer rows are noise
SMALL_REST = 32  # where a rest is less than a row in so many, it waits, so that batches keep one shape

BatchLoss = Callable[[Int[Tensor, " b"]], Tensor]
OnEpoch = Callable[[int], bool]


class Step:
    """The one training step: the gradients of a loss, and the optimiser's move at the rate of that step.

    Attributes:
        count: steps taken so far; it decides the learning rate, and is part of what a checkpoint keeps.
    """

    def __init__(self, model: nn.Module, schedule: Schedule, steps_per_epoch: int) -> None:
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimiser = make_optimiser(schedule, self.parameters)
        self.schedule, self.steps_per_epoch = schedule, steps_per_epoch
        self.count = 0

    def __call__(self, loss: Float[Tensor, ""]) -> None:
        """Move the parameters against the gradient of a scalar loss."""
        gradients = torch.autograd.grad(loss, self.parameters)
        aligned = [_laid_out_as(p, g) for p, g in zip(self.parameters, gradients, strict=True)]
        self.optimiser.step(aligned, rate_of(self.schedule, self.count, self.steps_per_epoch))
        self.count += 1


def _laid_out_as(parameter: Tensor, gradient: Tensor) -> Tensor:
    """The fused kernels walk through memory: a weight with channels last needs its gradient so too."""
    return gradient if gradient.stride() == parameter.stride() else torch.empty_like(parameter).copy_(gradient)


def batches(
    n: int,
    batch_size: int,
    *,
    generator: torch.Generator,
    same_shape: bool = False,
    device: torch.device | None = None,
) -> Iterator[Int[Tensor, " b"]]:
    """The rows of one epoch in random order, each once; a rest of fewer than 4 rows waits for another epoch.

    Args:
        generator: on the CPU, so that every device takes the rows in the same order.
        same_shape: a rest of less than one row in 32 waits too, so that all batches have one shape.
        device: where the row numbers are wanted; they go there once an epoch.
    """
    least = _fewest_rows(n, batch_size, same_shape)
    order = torch.randperm(n, generator=generator).to(device)
    return (rows for rows in order.split(batch_size) if len(rows) >= least)


def count_batches(n: int, batch_size: int, *, same_shape: bool = False) -> int:
    """How many `batches` there are in an epoch."""
    whole, rest = divmod(n, batch_size)
    return whole + (rest >= _fewest_rows(n, batch_size, same_shape))


def _fewest_rows(n: int, batch_size: int, same_shape: bool) -> int:
    return batch_size if same_shape and n % batch_size * SMALL_REST <= n else SMALLEST_BATCH


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
    """`train_by` with Adam and a rate that falls in a line to zero."""
    schedule = Schedule(epochs=epochs, batch_size=batch_size, learning_rate=learning_rate)
    return train_by(schedule, model, batch_loss, n, generator=generator, on_epoch=on_epoch)


def train_by(
    schedule: Schedule,
    model: nn.Module,
    batch_loss: BatchLoss,
    n: int,
    *,
    generator: torch.Generator,
    on_epoch: OnEpoch,
) -> int:
    """Train `model` in place.

    Args:
        schedule: epochs, batches, optimiser and rates; what it says of inputs and of stopping is the caller's.
        batch_loss: rows (b,) -> scalar loss; owns data, targets and whatever is drawn per sample.
        n: number of training rows.
        generator: order of the rows.
        on_epoch: called with the number of finished epochs; True ends the training.
    Returns: number of steps taken.
    """
    step = Step(model, schedule, count_batches(n, schedule.batch_size))
    for epoch in range(schedule.epochs):
        model.train()
        for rows in batches(n, schedule.batch_size, generator=generator):
            step(batch_loss(rows))
        if on_epoch(epoch + 1):
            break
    model.eval()
    return step.count
