"""Losses: golden values by hand, the identities that tie them together, and gradients that stay finite."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta as beta_distribution
from scipy.stats import kstest

from lab.core.rng import torch_rng
from lab.train import losses

LOGITS = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], dtype=torch.float64).log() + torch.tensor([[5.0], [-3.0]])
Y = torch.tensor([0, 1])
ONE_HOT = torch.nn.functional.one_hot(Y, 3).double()
LN = {p: -math.log(p) for p in (0.7, 0.2, 0.1, 0.8)}
T = torch.tensor([[0.9, 0.1, 0.0], [0.0, 0.5, 0.5], [0.2, 0.0, 0.8]], dtype=torch.float64)  # not symmetric
ENTROPY = [0.7 * LN[0.7] + 0.2 * LN[0.2] + 0.1 * LN[0.1], 0.2 * LN[0.1] + 0.8 * LN[0.8]]

# T^-1 by hand: determinant .9(.5 .8) - .1(0 .8 - .5 .2) = .37
INVERSE_ROWS = [[0.40 / 0.37, -0.08 / 0.37, 0.05 / 0.37], [0.10 / 0.37, 0.72 / 0.37, -0.45 / 0.37]]

GOLDEN = {  # p = (.7, .2, .1) given 0 and p = (.1, .1, .8) given 1
    "cross_entropy": (lambda z: losses.cross_entropy(z, Y), [LN[0.7], LN[0.1]]),
    "reverse": (lambda z: losses.reverse_cross_entropy(z, ONE_HOT.to(z)), [2.7631, 8.2893]),
    "symmetric": (
        lambda z: losses.symmetric_cross_entropy(z, ONE_HOT.to(z), alpha=6.0, beta=0.1),
        [6 * 0.356675 + 0.27631, 6 * 2.302585 + 0.82893],
    ),
    "generalised": (
        lambda z: losses.generalised_cross_entropy(z, Y),
        [(1 - 0.7**0.7) / 0.7, (1 - 0.1**0.7) / 0.7],
    ),
    "negative entropy": (
        lambda z: losses.cross_entropy_with_negative_entropy(z, Y, weight=2.0),
        [LN[0.7] - 2 * ENTROPY[0], LN[0.1] - 2 * ENTROPY[1]],
    ),
    "soft bootstrapping": (
        lambda z: losses.soft_bootstrapping(z, Y),
        [0.95 * LN[0.7] + 0.05 * ENTROPY[0], 0.95 * LN[0.1] + 0.05 * ENTROPY[1]],
    ),
    "hard bootstrapping": (
        lambda z: losses.hard_bootstrapping(z, Y),
        [LN[0.7], 0.8 * LN[0.1] + 0.2 * LN[0.8]],
    ),
    "forward": (  # (pT)_0 = .7 .9 + .1 .2, (pT)_1 = .1 .1 + .1 .5
        lambda z: losses.forward_correction(z, Y, T.to(z)),
        [-math.log(0.65), -math.log(0.06)],
    ),
    "backward": (
        lambda z: losses.backward_correction(z, Y, T.to(z)),
        [
            np.dot(INVERSE_ROWS[0], [LN[0.7], LN[0.2], LN[0.1]]),
            np.dot(INVERSE_ROWS[1], [LN[0.1], LN[0.1], LN[0.8]]),
        ],
    ),
    "smoothing": (  # targets (.9 + .1 / 3, .1 / 3, .1 / 3)
        lambda z: losses.label_smoothing(z, Y),
        [
            0.9 * LN[0.7] + (LN[0.7] + LN[0.2] + LN[0.1]) / 30,
            0.9 * LN[0.1] + (LN[0.1] + LN[0.1] + LN[0.8]) / 30,
        ],
    ),
    "soft": (
        lambda z: losses.soft_cross_entropy(z, torch.tensor([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]]).to(z)),
        [LN[0.7] / 2 + LN[0.2] / 4 + LN[0.1] / 4, LN[0.8]],
    ),
}
Loss = Callable[[torch.Tensor], torch.Tensor]


@pytest.mark.parametrize(("loss", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_golden_values_worked_by_hand(loss: Loss, expected: list[float]) -> None:
    np.testing.assert_allclose(loss(LOGITS), expected, rtol=2e-5)


@pytest.mark.parametrize("loss", [loss for loss, _ in GOLDEN.values()], ids=GOLDEN)
@pytest.mark.parametrize("scale", [1e2, 1e4])
def test_gradients_are_finite_at_extreme_logits(loss: Loss, scale: float) -> None:
    logits = (scale * torch.tensor([[1.0, 0.0, -1.0], [1.0, -1.0, 1.0]])).requires_grad_()
    value = loss(logits)
    value.sum().backward()
    assert value.isfinite().all()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("loss", [loss for loss, _ in GOLDEN.values()], ids=GOLDEN)
def test_gradients_are_those_of_finite_differences(loss: Loss) -> None:
    logits = LOGITS.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(logits).sum(), logits)
    steps = 1e-6 * torch.eye(LOGITS.numel(), dtype=LOGITS.dtype).reshape(-1, *LOGITS.shape)
    numeric = torch.stack([(loss(LOGITS + step) - loss(LOGITS - step)).sum() / 2e-6 for step in steps])
    torch.testing.assert_close(gradient, numeric.reshape(LOGITS.shape), rtol=1e-5, atol=1e-7)


logits_of_four = st.lists(st.lists(st.floats(-30, 30), min_size=4, max_size=4), min_size=1, max_size=5)


@settings(deadline=None)
@given(logits_of_four, st.integers(0, 3))
def test_every_loss_that_can_be_reduced_to_cross_entropy_is(rows: list[list[float]], label: int) -> None:
    z, y = torch.tensor(rows, dtype=torch.float64), torch.full((len(rows),), label)
    one_hot = torch.nn.functional.one_hot(y, 4).double()
    reduced = {
        "soft targets": losses.soft_cross_entropy(z, one_hot),
        "T = identity, forward": losses.forward_correction(z, y, torch.eye(4, dtype=torch.float64)),
        "T = identity, backward": losses.backward_correction(z, y, torch.eye(4, dtype=torch.float64)),
        "λ = 0": losses.cross_entropy_with_negative_entropy(z, y, weight=0.0),
        "β = 1, soft": losses.soft_bootstrapping(z, y, beta=1.0),
        "β = 1, hard": losses.hard_bootstrapping(z, y, beta=1.0),
        "ε = 0": losses.label_smoothing(z, y, smoothing=0.0),
    }
    for name, value in reduced.items():
        torch.testing.assert_close(value, losses.cross_entropy(z, y), msg=name)


@settings(deadline=None)
@given(logits_of_four, st.integers(0, 3))
def test_with_one_label_a_row_the_reversed_loss_is_the_absolute_error_times_9_21034(
    rows: list[list[float]], label: int
) -> None:
    z, y = torch.tensor(rows, dtype=torch.float64), torch.full((len(rows),), label)
    one_hot = torch.nn.functional.one_hot(y, 4).double()
    error = 1 - z.softmax(dim=1)[:, label]
    value = losses.symmetric_cross_entropy(z, one_hot, alpha=0.0)
    np.testing.assert_allclose(value, 9.21034 * error, rtol=1e-6, atol=1e-12)
    torch.testing.assert_close(losses.generalised_cross_entropy(z, y, q=1.0), error)


def test_symmetric_cross_entropy_stops_at_p_of_1e_7() -> None:
    z = torch.tensor([[0.0, 50.0]])
    value = losses.symmetric_cross_entropy(z, torch.tensor([[1.0, 0.0]]), alpha=1.0, beta=0.0)
    assert value.item() == pytest.approx(-math.log(1e-7))


@settings(deadline=None)
@given(logits_of_four)
def test_backward_correction_is_right_on_average(rows: list[list[float]]) -> None:
    """Σ_j T[i, j] ℓ(j) is the cross-entropy to the clean label i; a transposed T would fail."""
    z, T = torch.tensor(rows, dtype=torch.float64), torch.eye(4, dtype=torch.float64) * 0.7
    T[0, 1], T[1, 2], T[2, 3], T[3, 1] = 0.3, 0.3, 0.3, 0.3
    corrected = torch.stack([losses.backward_correction(z, torch.full((len(z),), j), T) for j in range(4)])
    clean = torch.stack([losses.cross_entropy(z, torch.full((len(z),), i)) for i in range(4)])
    torch.testing.assert_close(T @ corrected, clean)


def test_forward_correction_is_lowest_at_the_clean_distribution() -> None:
    """With given labels drawn from T[0], the best p is one-hot at 0."""

    def risk(p: list[float]) -> float:
        z = torch.tensor([p] * 3, dtype=torch.float64).log()
        return float(T[0] @ losses.forward_correction(z, torch.arange(3), T))

    best = risk([1 - 2e-9, 1e-9, 1e-9])
    assert all(best < risk(p) for p in ([0.9, 0.1, 1e-9], [0.9, 1e-9, 0.1], [0.4, 0.3, 0.3]))


def test_a_label_that_T_forbids_costs_much_and_no_gradient_is_lost_to_nan() -> None:
    T = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    z = torch.zeros(1, 2, requires_grad=True)
    value = losses.forward_correction(z, torch.tensor([1]), T)
    value.sum().backward()
    assert value.item() == pytest.approx(1e4, rel=1e-3)
    assert z.grad.isfinite().all()


@pytest.mark.parametrize("q", [0.0, -0.1, 1.1, math.nan])
def test_q_outside_its_range_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="q must be"):
        losses.generalised_cross_entropy(LOGITS, Y, q=q)


def test_a_singular_T_is_refused() -> None:
    with pytest.raises(ValueError, match="T must be a matrix with an inverse, got"):
        losses.backward_correction(LOGITS, Y, torch.full((3, 3), 1 / 3, dtype=torch.float64))


def test_mixup_mixes_rows_with_their_partners_and_the_loss_with_both_labels() -> None:
    x = torch.randn(6, 2, 3, generator=torch_rng(0))
    mixed = losses.mixup(x, alpha=4.0, generator=torch_rng(1))
    assert sorted(mixed.partner.tolist()) == list(range(6))
    torch.testing.assert_close(mixed.x, mixed.lam * x + (1 - mixed.lam) * x[mixed.partner])
    y = torch.arange(6) % 3
    logits = torch.randn(6, 3, generator=torch_rng(2))
    loss = losses.mixup_loss(losses.cross_entropy(logits, y), losses.cross_entropy(logits, y[mixed.partner]), mixed.lam)
    one_hot = torch.eye(3)[y]
    soft = mixed.lam * one_hot + (1 - mixed.lam) * one_hot[mixed.partner]
    torch.testing.assert_close(loss, losses.soft_cross_entropy(logits, soft))
    again = losses.mixup(x, alpha=4.0, generator=torch_rng(1))
    assert again.lam == mixed.lam
    assert torch.equal(again.partner, mixed.partner)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 32.0])
def test_lambda_follows_its_beta_distribution(alpha: float) -> None:
    generator, x = torch_rng(3), torch.zeros(2, 1)
    drawn = [losses.mixup(x, alpha=alpha, generator=generator).lam for _ in range(1000)]
    assert kstest(drawn, beta_distribution(alpha, alpha).cdf).pvalue > 0.01


def test_mixup_leaves_the_global_random_state_alone() -> None:
    before = torch.get_rng_state()
    losses.mixup(torch.zeros(4, 2), generator=torch_rng(0))
    assert torch.equal(torch.get_rng_state(), before)
