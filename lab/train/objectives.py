"""From a loss that can be asked for to a function of logits and given labels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor, nn

from lab.core.checks import require
from lab.specs import methods
from lab.train import losses
from lab.train.losses import Labels, Logits, Losses

RowLoss = Callable[[Logits, Labels], Losses]
Objective = Callable[[Logits, Int[Tensor, " b"]], Losses]
"""(logits, row numbers) -> a loss per row: it looks the targets of these rows up, be they labels or distributions."""


def row_loss(method: methods.Loss, T: Float[ndarray, "c c"] | None, device: torch.device) -> RowLoss:
    """(logits, given labels) -> a loss per row.

    Args:
        T: T[i, j] = P(given = j | clean = i), for the two corrections alone.
    Raises: ValueError if a correction gets no T, or the backward one a T without inverse.
    """
    match method:
        case methods.CrossEntropy():
            return losses.cross_entropy
        case methods.SymmetricCrossEntropy(alpha=alpha, beta=beta):
            return partial(_symmetric, alpha=alpha, beta=beta)
        case methods.GeneralisedCrossEntropy(q=q):
            return partial(losses.generalised_cross_entropy, q=q)
        case methods.NegativeEntropy(weight=weight):
            return partial(losses.cross_entropy_with_negative_entropy, weight=weight)
        case methods.Bootstrapping(form="soft", beta=beta):
            return partial(losses.soft_bootstrapping, beta=beta)
        case methods.Bootstrapping(beta=beta):
            return partial(losses.hard_bootstrapping, beta=beta)
        case methods.LabelSmoothing(smoothing=smoothing):
            return partial(losses.label_smoothing, smoothing=smoothing)
        case methods.LossCorrection(direction=direction):
            return _corrected(direction, T, device)
    raise ValueError(f"method must be a loss of lab.specs.methods, got {method!r}")


def objective_of(loss: RowLoss, y_given: Labels) -> Objective:
    """The loss against each row's given label."""
    return lambda logits, rows: loss(logits, y_given[rows])


def soft_objective(targets: Float[Tensor, "n c"]) -> Objective:
    """Cross-entropy to each row's own distribution; `targets` may be changed between epochs."""
    return lambda logits, rows: losses.soft_cross_entropy(logits, targets[rows])


def batch_loss(
    model: nn.Module,
    x: Float[Tensor, "b ..."],
    rows: Int[Tensor, " b"],
    objective: Objective,
    *,
    alpha: float,
    generator: torch.Generator,
) -> Float[Tensor, ""]:
    """Mean loss of a batch; with `alpha` > 0 of the batch mixed with itself (MixUp), whatever the loss."""
    if not alpha:
        return objective(model(x).float(), rows).mean()
    mixed = losses.mixup(x, alpha=alpha, generator=generator)
    logits = model(mixed.x).float()
    return losses.mixup_loss(objective(logits, rows), objective(logits, rows[mixed.partner]), mixed.lam).mean()


def _symmetric(logits: Logits, y: Labels, *, alpha: float, beta: float) -> Losses:
    one_hot = F.one_hot(y, logits.shape[1]).to(logits.dtype)
    return losses.symmetric_cross_entropy(logits, one_hot, alpha=alpha, beta=beta)


def _corrected(direction: str, T: Float[ndarray, "c c"] | None, device: torch.device) -> RowLoss:
    require(T is not None, "noise", "of the kind that has a matrix T, to correct the loss by it", T)
    matrix = torch.tensor(T, dtype=torch.float32, device=device)
    if direction == "forward":
        return partial(losses.forward_correction, T=matrix)
    return partial(losses.weighted_by_inverse, inverse=losses.inverse_of(matrix))
