"""Train a backbone on given labels with cross-entropy, with or without early stopping."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lab.specs.training import Schedule
from lab.train.loop import train_by
from lab.train.losses import cross_entropy
from lab.train.objectives import batch_loss, objective_of


@dataclass
class History:
    """Accuracy after each epoch, and which epoch's weights were kept."""

    validation: list[float] = field(default_factory=list)
    kept_epoch: int = 0
    steps: int = 0


def accuracy(model: nn.Module, x: Float[Tensor, "n ..."], y: Int[Tensor, " n"]) -> float:
    """Share of rows whose largest logit is at `y`."""
    with torch.inference_mode():
        return (model.eval()(x).argmax(dim=1) == y).float().mean().item()


def train_classifier(
    model: nn.Module,
    x: Float[Tensor, "n ..."],
    y_given: Int[Tensor, " n"],
    schedule: Schedule,
    *,
    generator: torch.Generator,
    validation: tuple[Float[Tensor, "v ..."], Int[Tensor, " v"]] | None = None,
    report: Callable[[int, int], None] = lambda epoch, epochs: None,
) -> History:
    """Minimise the cross-entropy to `y_given`; `model` ends with the weights of the epoch that is kept.

    Args:
        validation: rows and labels that decide when to stop (needed unless early stopping is off); the best epoch's
            weights are kept. Without early stopping the last epoch's are.
        report: called with (finished epochs, epochs) after every epoch.
    """
    history, best, best_state = History(), -1.0, None

    def on_epoch(epoch: int) -> bool:
        nonlocal best, best_state
        report(epoch, schedule.epochs)
        history.kept_epoch = epoch if validation is None else history.kept_epoch
        if validation is None:
            return False
        history.validation.append(accuracy(model, *validation))
        if history.validation[-1] > best:
            best, history.kept_epoch = history.validation[-1], epoch
            best_state = copy.deepcopy(model.state_dict())
        return epoch - history.kept_epoch >= schedule.patience

    objective = objective_of(cross_entropy, y_given)
    history.steps = train_by(
        schedule,
        model,
        lambda rows: batch_loss(model, x[rows], rows, objective, alpha=schedule.mixup, generator=generator),
        len(x),
        generator=generator,
        on_epoch=on_epoch,
    )
    if best_state is not None:
        model.load_state_dict(best_state)
    return history
