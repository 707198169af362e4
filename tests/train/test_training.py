"""The one training step: Adam's arithmetic, batches, early stopping."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lab.core.rng import torch_rng
from lab.nets.mlp import ToyMLP
from lab.specs import Schedule
from lab.train.classifier import train_classifier
from lab.train.loop import train
from lab.train.optimiser import Adam


def test_adam_takes_the_steps_of_its_paper() -> None:
    """Kingma and Ba's Algorithm 1 in float64, written out; torch's own class would import its compiler for this."""
    generator = torch_rng(0)
    start = torch.randn(5, generator=generator)
    ours, theirs = start.clone().requires_grad_(), start.double()
    mine, mean, square = Adam([ours]), torch.zeros(5).double(), torch.zeros(5).double()
    for step in range(1, 21):
        gradient = torch.randn(5, generator=generator)
        mine.step([gradient], 0.05)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        theirs = theirs - 0.05 * (mean / (1 - 0.9**step)) / ((square / (1 - 0.999**step)).sqrt() + 1e-8)
    torch.testing.assert_close(ours.detach().double(), theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("n", "batch_size", "expected"), [(100, 25, 4), (101, 25, 4), (110, 25, 5), (10, 64, 1)])
def test_an_epoch_visits_every_row_once_but_for_a_batch_too_small(n: int, batch_size: int, expected: int) -> None:
    model, seen = nn.Linear(1, 1), []

    def batch_loss(rows: torch.Tensor) -> torch.Tensor:
        seen.extend(rows.tolist())
        return model(torch.ones(len(rows), 1)).mean()

    options = {"epochs": 1, "batch_size": batch_size, "learning_rate": 0.1, "generator": torch_rng(0)}
    steps = train(model, batch_loss, n, on_epoch=lambda epoch: False, **options)
    assert steps == expected
    assert len(seen) == len(set(seen)) >= n - 3


def make_problem() -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(200, 2, generator=torch_rng(0))
    return x, (x[:, 0] > 0).long()


def test_without_early_stopping_the_last_epoch_is_kept() -> None:
    x, y = make_problem()
    net = ToyMLP(2, 16, 2, generator=torch_rng(1))
    history = train_classifier(net, x, y, Schedule(epochs=12, batch_size=50), generator=torch_rng(2))
    assert (history.kept_epoch, history.steps, history.validation) == (12, 48, [])
    assert (net(x).argmax(dim=1) == y).float().mean() > 0.95


def test_early_stopping_keeps_the_best_epoch_and_stops_after_patience() -> None:
    """Validation labels that are the reverse of the training labels: the first epoch is the best there will be."""
    x, y = make_problem()
    net = ToyMLP(2, 16, 2, generator=torch_rng(1))
    schedule = Schedule(epochs=50, batch_size=50, early_stopping="noisy", patience=3)
    history = train_classifier(net, x, y, schedule, generator=torch_rng(2), validation=(x, 1 - y))
    best = history.validation.index(max(history.validation)) + 1
    assert history.kept_epoch == best
    assert len(history.validation) == best + 3
    kept = (net(x).argmax(dim=1) == 1 - y).float().mean().item()
    assert kept == pytest.approx(max(history.validation))


def test_same_seeds_same_network() -> None:
    x, y = make_problem()
    nets = [ToyMLP(2, 16, 2, generator=torch_rng(1)) for _ in range(2)]
    for net in nets:
        train_classifier(net, x, y, Schedule(epochs=3), generator=torch_rng(2))
    assert all(torch.equal(a, b) for a, b in zip(nets[0].parameters(), nets[1].parameters(), strict=True))
