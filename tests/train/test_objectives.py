"""From a loss that can be asked for to numbers: all of them, with soft targets and MixUp."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lab.core.rng import torch_rng
from lab.specs import LOSSES, CrossEntropy, LossCorrection
from lab.specs.methods import Loss
from lab.train import losses
from lab.train.objectives import batch_loss, objective_of, row_loss, soft_objective

CPU = torch.device("cpu")
T = np.array([[0.9, 0.1, 0.0], [0.0, 0.5, 0.5], [0.2, 0.0, 0.8]])  # not symmetric
Z = torch.randn(6, 3, generator=torch_rng(0))
Y = torch.tensor([0, 1, 2, 2, 1, 0])
ONE_HOT = torch.nn.functional.one_hot(Y, 3).float()
MATRIX = torch.tensor(T, dtype=torch.float32)

BY_HAND = {
    "Cross-entropy": losses.cross_entropy(Z, Y),
    "Symmetric cross-entropy (SL)": losses.symmetric_cross_entropy(Z, ONE_HOT, alpha=0.1, beta=1.0),
    "Generalised cross-entropy (GCE)": losses.generalised_cross_entropy(Z, Y, q=0.7),
    "Cross-entropy + negative entropy": losses.cross_entropy_with_negative_entropy(Z, Y, weight=1.0),
    "Bootstrapping, soft": losses.soft_bootstrapping(Z, Y, beta=0.95),
    "Bootstrapping, hard": losses.hard_bootstrapping(Z, Y, beta=0.8),
    "Forward correction": losses.forward_correction(Z, Y, MATRIX),
    "Backward correction": losses.backward_correction(Z, Y, MATRIX),
    "Label smoothing": losses.label_smoothing(Z, Y, smoothing=0.1),
}


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_that_can_be_asked_for_is_the_one_of_its_name(name: str) -> None:
    torch.testing.assert_close(row_loss(LOSSES[name], T, CPU)(Z, Y), BY_HAND[name])


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_mixup_works_with_every_loss_and_mixes_it_between_both_labels(loss: Loss) -> None:
    model, x = nn.Linear(4, 3), torch.randn(6, 4, generator=torch_rng(1))
    objective = objective_of(row_loss(loss, T, CPU), Y.flip(0))
    rows = torch.arange(6).flip(0)  # so that these rows have the labels Y
    mixed = losses.mixup(x, alpha=2.0, generator=torch_rng(7))
    logits, of = model(mixed.x), row_loss(loss, T, CPU)
    expected = mixed.lam * of(logits, Y) + (1 - mixed.lam) * of(logits, Y[mixed.partner])
    found = batch_loss(model, x, rows, objective, alpha=2.0, generator=torch_rng(7))
    torch.testing.assert_close(found, expected.mean())


def test_soft_targets_are_looked_up_by_row_and_may_change_between_epochs() -> None:
    targets = torch.eye(3)[Y.flip(0)]
    objective = soft_objective(targets)
    rows = torch.arange(6).flip(0)
    torch.testing.assert_close(objective(Z, rows), losses.cross_entropy(Z, Y))
    targets[:] = 1 / 3
    torch.testing.assert_close(objective(Z, rows), -Z.log_softmax(dim=1).mean(dim=1))


def test_without_mixup_nothing_is_drawn() -> None:
    generator = torch_rng(0)
    before = generator.get_state()
    objective = objective_of(row_loss(CrossEntropy(), None, CPU), Y)
    batch_loss(nn.Linear(4, 3), torch.zeros(6, 4), torch.arange(6), objective, alpha=0.0, generator=generator)
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_correction_without_a_matrix_is_refused(direction: str) -> None:
    with pytest.raises(ValueError, match="noise must be of the kind that has a matrix T"):
        row_loss(LossCorrection(direction=direction), None, CPU)


def test_a_matrix_without_inverse_is_refused_before_the_first_step() -> None:
    with pytest.raises(ValueError, match="T must be a matrix with an inverse"):
        row_loss(LossCorrection(direction="backward"), np.full((3, 3), 1 / 3), CPU)
