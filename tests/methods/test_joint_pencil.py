"""Joint Optimization and PENCIL: losses by hand, labels that move as the papers say, and the published quirks."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from lab.methods.correction import _two_stages
from lab.methods.joint import JointTargets
from lab.methods.pencil import PencilTargets, label_gradient, reverse_kl
from lab.specs import PENCIL, JointOptimization
from tests.methods.small_correction import ground

GIVEN = torch.tensor([0, 1, 2, 0])
ROWS = torch.arange(4)


def logits(seed: int) -> torch.Tensor:
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(seed))


def test_joint_loss_is_cross_entropy_prior_and_entropy() -> None:
    method = JointOptimization(alpha=1.2, beta=0.8)
    p = torch.tensor([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25]])
    found = JointTargets(torch.tensor([0, 1]), 3, method)(p.log(), torch.tensor([0, 1]))
    mean = p.mean(dim=0)
    prior = -sum(math.log(q) for q in mean.tolist()) / 3
    by_hand = [-math.log(p[i, i]) + 1.2 * prior - 0.8 * sum(q * math.log(q) for q in p[i].tolist()) for i in range(2)]
    torch.testing.assert_close(found, torch.tensor(by_hand))


def test_joint_labels_are_the_mean_of_the_last_epochs_once_they_may_change() -> None:
    targets = JointTargets(GIVEN, 3, JointOptimization(epochs=4, begin=2, window=2, snapshots=2))
    one_hot = F.one_hot(GIVEN, 3).float()
    said = []
    for epoch in range(1, 5):
        said.append(logits(epoch).softmax(dim=1))
        targets(logits(epoch), ROWS)
        targets.after_epoch(epoch)
        expected = one_hot if epoch <= 2 else (said[-1] + said[-2]) / 2
        torch.testing.assert_close(targets.labels, expected)
    assert len(targets.snapshots) == 2
    assert (targets.snapshots[-1] == targets.labels.argmax(dim=1)).all()


def test_a_row_that_an_epoch_left_out_keeps_its_given_label_in_the_mean() -> None:
    targets = JointTargets(GIVEN, 3, JointOptimization(epochs=3, begin=1, window=1, snapshots=1))
    for epoch in (1, 2):
        targets(logits(epoch)[:2], ROWS[:2])
        targets.after_epoch(epoch)
    assert (targets.labels[2:] == F.one_hot(GIVEN[2:], 3)).all()


def test_the_prior_may_be_that_of_the_given_labels() -> None:
    assert JointTargets(GIVEN, 3, JointOptimization(prior="given")).prior.tolist() == [0.5, 0.25, 0.25]


@pytest.mark.parametrize("compatibility", ["equation", "published"])
def test_pencil_labels_move_against_the_gradient_of_the_batch_loss(compatibility: str) -> None:
    """In closed form as torch takes it, and the network's gradient is not disturbed by the move."""
    method = PENCIL(begin=1, step=7.0, compatibility=compatibility)
    targets = PencilTargets(GIVEN, 3, method)
    targets.after_epoch(1)
    targets.scores = logits(0)
    scores, x = targets.scores.clone().requires_grad_(), logits(1).requires_grad_()
    log_p = x.log_softmax(dim=1)
    inner = scores.softmax(dim=1) if compatibility == "published" else scores
    loss = (log_p.exp() * (log_p - scores.log_softmax(dim=1))).mean()
    loss = loss + 0.4 * F.cross_entropy(inner, GIVEN) - 0.1 * (log_p.exp() * log_p).mean()
    by_torch = torch.autograd.grad(loss, [scores, x])
    torch.testing.assert_close(label_gradient(x.detach().softmax(dim=1), logits(0), GIVEN, method), by_torch[0])
    ours = x.detach().clone().requires_grad_()
    said = targets(ours, ROWS).mean()
    torch.testing.assert_close(said, loss)
    torch.testing.assert_close(torch.autograd.grad(said, ours)[0], by_torch[1])
    torch.testing.assert_close(targets.scores, logits(0) - 7.0 * by_torch[0])


def test_pencil_begins_with_cross_entropy_and_a_label_that_is_nearly_sure() -> None:
    targets = PencilTargets(GIVEN, 10, PENCIL())
    assert targets.scores.softmax(dim=1)[0, 0].item() == pytest.approx(0.99959, abs=1e-5)
    wide = torch.randn(4, 10, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(targets(wide, ROWS), F.cross_entropy(wide, GIVEN, reduction="none"))
    assert (targets.scores == 10 * F.one_hot(GIVEN, 10)).all()


def test_reverse_kl_is_a_mean_over_classes_too() -> None:
    p, q = torch.tensor([[0.7, 0.2, 0.1]]), torch.tensor([[0.2, 0.5, 0.3]])
    by_hand = sum(a * math.log(a / b) for a, b in zip(p[0].tolist(), q[0].tolist(), strict=True)) / 3
    assert reverse_kl(p.log(), q.log()).item() == pytest.approx(by_hand)


def test_the_last_rate_falls_by_tenths_or_at_once_as_the_published_whole_number_division(tmp_path) -> None:
    stand = ground(tmp_path)
    for decay, factor in (("tenth", 0.1), ("zero", 1e-4)):
        _, last = _two_stages(stand, PENCIL(final_epochs=30, final_decay=decay))
        assert (last.milestones, last.factor, last.learning_rate) == ((10, 20), factor, 0.2)
    first, _ = _two_stages(stand, JointOptimization())
    assert (first.optimiser, first.decay, first.weight_decay) == ("sgd", "constant", 1e-4)
