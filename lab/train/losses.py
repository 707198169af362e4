"""The papers' losses, each from logits to one number per row; the mean over a batch is the caller's.

Nothing here keeps state or reads a setting. p = softmax(logits); t is the target distribution, one-hot unless said.
Gradients stay finite at any finite logits, because probabilities are only ever taken as logarithms.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from scipy.special import betaincinv
from torch import Tensor

from lab.core.checks import check_number, require

Logits = Float[Tensor, "b c"]
Labels = Int[Tensor, " b"]
Losses = Float[Tensor, " b"]

SMALLEST_P = 1e-7  # the clip of the published SL code's cross-entropy
SMALLEST_T = 1e-4  # what its reversed one takes for a target of 0
LOG_IMPOSSIBLE = -1e4  # log of a transition probability of 0, so that a label which T forbids costs much, not infinity


def cross_entropy(logits: Logits, y: Labels) -> Losses:
    """-log p_y."""
    return F.cross_entropy(logits, y, reduction="none")


def soft_cross_entropy(logits: Logits, targets: Float[Tensor, "b c"]) -> Losses:
    """-Σ_c t_c log p_c, for targets whose rows sum to 1."""
    return -(targets * logits.log_softmax(dim=1)).sum(dim=1)


def reverse_cross_entropy(logits: Logits, targets: Float[Tensor, "b c"]) -> Losses:
    """-Σ_c p_c log max(t_c, 1e-4): for one-hot targets 9.21034 (1 - p_y)."""
    return -(logits.softmax(dim=1) * targets.clamp(SMALLEST_T, 1).log()).sum(dim=1)


def symmetric_cross_entropy(
    logits: Logits, targets: Float[Tensor, "b c"], *, alpha: float = 0.1, beta: float = 1.0
) -> Losses:
    """SL: α CE + β RCE, with p >= 1e-7 in the first.

    Args:
        targets: rows sum to 1. The loss is not affine in them: a mixture of two labels is not the mixture of two losses.
        alpha, beta: the published code's .1 and 1 for CIFAR-10; .01 and 1 for MNIST; 6 and .1 for CIFAR-100.
    Source: Wang et al. 2019, their code; a baseline and the training loss of KED, which prints no α and β (A13).
    Departs from it: nothing. Below p = 1e-7 the first term has no gradient, as theirs.
    """
    clipped = logits.log_softmax(dim=1).clamp_min(math.log(SMALLEST_P))
    return -alpha * (targets * clipped).sum(dim=1) + beta * reverse_cross_entropy(logits, targets)


def generalised_cross_entropy(logits: Logits, y: Labels, *, q: float = 0.7) -> Losses:
    """GCE: (1 - p_y^q) / q, between cross-entropy (q -> 0) and the mean absolute error (q = 1).

    Raises: ValueError unless q is in (0, 1].
    Source: Zhang and Sabuncu 2018. Departs from it: no truncation.
    """
    check_number("q", q, 0, 1)
    require(q > 0, "q", "> 0 (0 is cross-entropy)", q)
    return -torch.expm1(-q * cross_entropy(logits, y)) / q


def cross_entropy_with_negative_entropy(logits: Logits, y: Labels, *, weight: float = 1.0) -> Losses:
    """CE+NE: -log p_y + λ Σ_c p_c log p_c, which punishes confidence.

    Source: INN's baseline; the penalty of DivideMix's warm-up for asymmetric noise. Departs from it: nothing.
    """
    log_p = logits.log_softmax(dim=1)
    return cross_entropy(logits, y) + weight * (log_p.exp() * log_p).sum(dim=1)


def soft_bootstrapping(logits: Logits, y: Labels, *, beta: float = 0.95) -> Losses:
    """-Σ_c (β t_c + (1 - β) p_c) log p_c, the gradient taken through both p.

    Source: Reed et al. 2015. Departs from it: nothing.
    """
    log_p = logits.log_softmax(dim=1)
    return beta * cross_entropy(logits, y) - (1 - beta) * (log_p.exp() * log_p).sum(dim=1)


def hard_bootstrapping(logits: Logits, y: Labels, *, beta: float = 0.8) -> Losses:
    """β (-log p_y) + (1 - β) (-log max_c p_c): the second label is the network's own.

    Source: Reed et al. 2015. Departs from it: nothing.
    """
    return beta * cross_entropy(logits, y) + (1 - beta) * cross_entropy(logits, logits.argmax(dim=1))


def forward_correction(logits: Logits, y: Labels, T: Float[Tensor, "c c"]) -> Losses:
    """-log (p T)_y: the likelihood of the given label when p is the distribution of the clean one.

    Args:
        T: T[i, j] = P(given = j | clean = i).
    Source: Patrini et al. 2017. Departs from it: where T forbids a label, the loss is about 1e4, not infinite.
    """
    log_T = T.log().clamp_min(LOG_IMPOSSIBLE)
    return -(logits.log_softmax(dim=1) + log_T.T[y]).logsumexp(dim=1)


def backward_correction(logits: Logits, y: Labels, T: Float[Tensor, "c c"]) -> Losses:
    """Σ_c (T^-1)_yc (-log p_c): its mean over given labels is the cross-entropy to the clean label. May be negative.

    Args:
        T: T[i, j] = P(given = j | clean = i).
    Raises: ValueError if T has no inverse.
    Source: Patrini et al. 2017. Departs from it: nothing.
    """
    return weighted_by_inverse(logits, y, inverse_of(T))


def inverse_of(T: Float[Tensor, "c c"]) -> Float[Tensor, "c c"]:
    """T^-1. Raises: ValueError if there is none."""
    inverse, info = torch.linalg.inv_ex(T)
    require(not info.any(), "T", "a matrix with an inverse", "a singular one")
    return inverse


def weighted_by_inverse(logits: Logits, y: Labels, inverse: Float[Tensor, "c c"]) -> Losses:
    """The backward correction with T^-1 computed beforehand, so that no step waits for the device."""
    return -(inverse[y] * logits.log_softmax(dim=1)).sum(dim=1)


def label_smoothing(logits: Logits, y: Labels, *, smoothing: float = 0.1) -> Losses:
    """Cross-entropy to (1 - ε) t + ε / L. Source: Szegedy et al. 2016. Departs from it: nothing."""
    return F.cross_entropy(logits, y, reduction="none", label_smoothing=smoothing)


class Mixed(NamedTuple):
    """A batch mixed with itself: x = λ x_i + (1 - λ) x_partner[i]."""

    x: Float[Tensor, "b ..."]
    partner: Int[Tensor, " b"]
    lam: float


def mixup(x: Float[Tensor, "b ..."], *, alpha: float = 1.0, generator: torch.Generator) -> Mixed:
    """Mix every row with another of its batch, one λ ~ Beta(α, α) for the batch.

    Args:
        alpha: > 0; INN prints none (1 is ours), DivideMix has 4, M-correction 32.
        generator: on the CPU; draws λ and the partners.
    Source: Zhang et al. 2018. Departs from it: nothing; λ is the quantile of a uniform number, because torch's own Beta
    draws from the global state. DivideMix's max(λ, 1 - λ) is the method's.
    """
    check_number("alpha", alpha, 1e-3, 1e3)
    uniform = torch.rand((), generator=generator, dtype=torch.float64).item()
    lam = float(betaincinv(alpha, alpha, uniform))
    partner = torch.randperm(len(x), generator=generator).to(x.device, non_blocking=True)
    return Mixed(lam * x + (1 - lam) * x[partner], partner, lam)


def mixup_loss(losses: Losses, partner_losses: Losses, lam: float) -> Losses:
    """λ ℓ(y) + (1 - λ) ℓ(y[partner]), for any of the losses above on the logits of the mixed rows."""
    return lam * losses + (1 - lam) * partner_losses
