"""SGD, weight decay and the step: their equations written out in float64, and learning rates over time."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from lab.core.rng import torch_rng
from lab.specs import Schedule
from lab.train.loop import Step, batches, count_batches
from lab.train.optimiser import SGD, Adam
from lab.train.rates import learning_rate


def gradients(n: int, size: int) -> list[Tensor]:
    generator = torch_rng(0)
    return [torch.randn(size, generator=generator) for _ in range(n)]


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_sgd_takes_the_steps_of_its_equations(momentum: float, nesterov: bool) -> None:
    start = torch.randn(5, generator=torch_rng(1))
    ours, theirs, velocity = start.clone().requires_grad_(), start.double(), torch.zeros(5).double()
    mine = SGD([ours], momentum=momentum, nesterov=nesterov, weight_decay=0.1)
    for gradient in gradients(20, 5):
        mine.step([gradient], 0.05)
        whole = gradient + 0.1 * theirs
        velocity = momentum * velocity + whole
        theirs = theirs - 0.05 * (whole + momentum * velocity if nesterov else velocity)
    torch.testing.assert_close(ours.detach().double(), theirs, rtol=1e-5, atol=1e-6)


def test_weight_decay_within_adam_is_l2_and_not_decoupled() -> None:
    start = torch.randn(5, generator=torch_rng(1))
    decayed, by_hand = start.clone().requires_grad_(), start.clone().requires_grad_()
    one, other = Adam([decayed], weight_decay=0.3), Adam([by_hand])
    for gradient in gradients(5, 5):
        one.step([gradient], 0.05)
        other.step([gradient + 0.3 * by_hand.detach()], 0.05)
    torch.testing.assert_close(decayed, by_hand, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_the_layout_of_weights_in_memory_changes_no_step(optimiser: str) -> None:
    """The fused kernels walk through memory, so a gradient laid out otherwise than its weight would be misread."""
    nets = [nn.Conv2d(3, 4, 3) for _ in range(2)]
    with torch.no_grad():
        for p, q in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
            p.copy_(torch.randn(p.shape, generator=torch_rng(2)))
            q.copy_(p)
    nets[1].to(memory_format=torch.channels_last)
    weight = torch.randn(4, 3, 3, 3, generator=torch_rng(3))  # the gradient of the loss below, contiguous
    schedule = Schedule(optimiser=optimiser, epochs=2, weight_decay=0.1)
    for net in nets:
        step = Step(net, schedule, steps_per_epoch=3)
        for _ in range(3):
            step((net.weight * weight).sum() + net.bias.sum())
        assert step.count == 3
    torch.testing.assert_close(nets[0].weight, nets[1].weight)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(epochs=2, decay="linear", learning_rate=1.0), [1, 0.75, 0.5, 0.25]),
        (Schedule(epochs=2, decay="constant", learning_rate=1.0), [1, 1, 1, 1]),
        (
            Schedule(epochs=2, decay="cosine", learning_rate=1.0),
            [1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2],
        ),
        (Schedule(epochs=2, decay="steps", milestones=(1,), factor=0.2, learning_rate=1.0), [1, 1, 0.2, 0.2]),
        (Schedule(epochs=4, decay="steps", milestones=(1, 2), factor=0.1, learning_rate=1.0), [1, 1, 0.1, 0.1, 0.01]),
    ],
    ids=lambda value: getattr(value, "decay", ""),
)
def test_learning_rates_by_hand_with_two_steps_an_epoch(schedule: Schedule, expected: list[float]) -> None:
    found = [learning_rate(schedule, step, steps_per_epoch=2) for step in range(len(expected))]
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(("n", "batch_size", "same_shape"), [(1297, 128, True), (200, 128, True), (610, 128, False)])
def test_batches_are_as_many_as_counted_and_keep_one_shape_where_few_rows_wait(
    n: int, batch_size: int, same_shape: bool
) -> None:
    sizes = [len(rows) for rows in batches(n, batch_size, generator=torch_rng(0), same_shape=same_shape)]
    assert len(sizes) == count_batches(n, batch_size, same_shape=same_shape)
    assert sizes == {1297: [128] * 10, 200: [128, 72], 610: [128] * 4 + [98]}[n]
