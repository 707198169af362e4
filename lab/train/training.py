"""A training that can be interrupted after any epoch and gone on with to the same end."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lab.core.checks import require
from lab.specs.training import Schedule
from lab.train.augment import Augmentation
from lab.train.checkpoint import Checkpoint, Saved
from lab.train.evaluate import Tick
from lab.train.loop import Step, batches, count_batches
from lab.train.objectives import Objective, batch_loss
from lab.train.rates import learning_rate
from lab.train.record import Recorder
from lab.train.rows import Rows, autocast

STEP_COST = 3  # of a row in a training step, in units of a row that is only asked
Say = Callable[..., None]
"""(fraction of the whole, point=numbers of an epoch): called after every batch; may raise to stop."""


@runtime_checkable
class Targets(Protocol):
    """What an objective learns beside the network, such as labels that change while it trains."""

    def after_epoch(self, epoch: int) -> None:
        """An epoch, counted from 1, has passed."""

    def state(self) -> dict[str, Tensor]:
        """All that it remembers."""

    def load(self, state: dict[str, Tensor]) -> None:
        """Become what was saved."""


class Training:
    """A network on its way.

    Args:
        model: on the device of the rows, its convolutions with channels last; trained in place.
        objective: logits and row numbers to a loss per row.
        recorder: asks the network after every epoch, and knows the epochs so far.
        order: on the CPU; the order of the rows and MixUp's draws. augmentation: on the device.
        targets: what the objective learns; told of every epoch, and kept in checkpoints.
    Attributes:
        best: weights of the best epoch.
        seconds: what earlier attempts took until the checkpoint that was gone on from.
    """

    def __init__(
        self,
        model: nn.Module,
        rows: Rows,
        objective: Objective,
        schedule: Schedule,
        recorder: Recorder,
        *,
        order: torch.Generator,
        augmentation: torch.Generator,
        targets: Targets | None = None,
    ) -> None:
        self.targets = targets
        self.model, self.rows, self.objective, self.schedule, self.recorder = model, rows, objective, schedule, recorder
        self.generators = {"order": order, "augmentation": augmentation}
        self.augment = Augmentation(schedule, augmentation)
        self.steps_per_epoch = count_batches(len(rows), schedule.batch_size, same_shape=True)
        self.step = Step(model, schedule, self.steps_per_epoch)
        self.best = copy.deepcopy(model.state_dict())
        self.seconds, self._started = 0.0, monotonic()

    @property
    def epoch(self) -> int:
        """Finished epochs."""
        return len(self.recorder.points)

    @property
    def best_epoch(self) -> int:
        """The earliest epoch of the highest validation accuracy, by the labels that `early_stopping` names.

        Without validation rows it is the one of the highest test accuracy, and without test rows the last.
        """
        points = self.recorder.points
        judges = ("val_clean_accuracy" if self.schedule.early_stopping == "clean" else "val_accuracy", "test_accuracy")
        judge = next((name for name in judges if points and name in points[0]), "epoch")
        return max(range(len(points)), key=lambda i: points[i][judge], default=-1) + 1

    @property
    def finished(self) -> bool:
        """Whether all epochs have passed, or too many since the best one."""
        patience = math.inf if self.schedule.early_stopping == "off" else self.schedule.patience
        return self.epoch >= self.schedule.epochs or self.epoch - self.best_epoch >= patience

    def run(self, checkpoint: Checkpoint, say: Say) -> None:
        """Train to the end, from the checkpoint if there is one; the point of its last epoch is said again.

        Raises: ValueError if the loss does not stay finite; whatever `say` raises.
        """
        if saved := checkpoint.load():
            self.load(saved)
            say(self.epoch / self.schedule.epochs, point=self.recorder.points[-1])
        while not self.finished:
            point = self.run_epoch(say)
            checkpoint.save_if_due(self.state)
            say(self.epoch / self.schedule.epochs, point=point)

    def batch_loss(self, rows: Int[Tensor, " b"]) -> Float[Tensor, ""]:
        """The loss of a batch of these rows, augmented and mixed as the schedule says."""
        x = self.augment(self.rows, self.rows.raw(rows))
        with autocast(self.rows.device, self.model):
            return batch_loss(
                self.model, x, rows, self.objective, alpha=self.schedule.mixup, generator=self.generators["order"]
            )

    def train_epoch(self, tick: Tick) -> Float[Tensor, ""]:
        """One step on every batch of an epoch, and no waiting for the device; returns the sum of the losses."""
        self.model.train()
        total = torch.zeros((), device=self.rows.device)
        size, order, device = self.schedule.batch_size, self.generators["order"], self.rows.device
        for batch in batches(len(self.rows), size, generator=order, same_shape=True, device=device):
            loss = self.batch_loss(batch)
            self.step(loss)
            total += loss.detach()
            tick(STEP_COST * len(batch))
        return total

    def run_epoch(self, say: Say) -> dict[str, float]:
        """One epoch, and its point."""
        epoch, done = self.epoch, 0
        work = STEP_COST * len(self.rows) + self.recorder.rows_asked

        def tick(rows: int) -> None:
            nonlocal done
            done += rows
            say((epoch + min(done / work, 1)) / self.schedule.epochs)

        total = self.train_epoch(tick)
        self._check_finite(epoch + 1, total)
        if self.targets is not None:
            self.targets.after_epoch(epoch + 1)
        point = self.recorder.after_epoch(self.model, {"objective": total / self.steps_per_epoch}, tick)
        self._check_finite(epoch + 1, *point.values())
        point["learning_rate"] = learning_rate(self.schedule, self.step.count - 1, self.steps_per_epoch)
        if self.best_epoch == self.epoch:
            self.best = copy.deepcopy(self.model.state_dict())
        return point

    def _check_finite(self, epoch: int, *numbers: float | Tensor) -> None:
        rule = f"low enough for the loss to stay finite, which it did not in epoch {epoch}"
        require(all(map(math.isfinite, numbers)), "learning_rate", rule, self.schedule.learning_rate)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that the next step depends on, and what was recorded."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        tensors |= {f"optimiser.{i}": tensor for i, tensor in enumerate(self.step.optimiser.state())}
        tensors |= {f"generator.{name}": generator.get_state() for name, generator in self.generators.items()}
        tensors |= {f"record.{name}": torch.from_numpy(array) for name, array in self.recorder.state().items()}
        if self.targets is not None:
            tensors |= {f"targets.{name}": tensor for name, tensor in self.targets.state().items()}
        return tensors, {
            "points": self.recorder.points,
            "steps": self.step.count,
            "seconds": self.seconds + monotonic() - self._started,
        }

    def load(self, saved: Saved) -> None:
        """Become what was saved."""
        parts: dict[str, dict[str, Tensor]] = {}
        for key, tensor in saved.tensors.items():
            part, _, name = key.partition(".")
            parts.setdefault(part, {})[name] = tensor
        self.model.load_state_dict(parts["model"])
        self.best = {name: tensor.to(self.rows.device) for name, tensor in parts["best"].items()}
        for i, tensor in enumerate(self.step.optimiser.state()):
            tensor.copy_(parts["optimiser"][str(i)])
        for name, generator in self.generators.items():
            generator.set_state(parts["generator"][name])
        self.recorder.load(saved.plain["points"], {name: t.numpy() for name, t in parts.get("record", {}).items()})
        if self.targets is not None:
            self.targets.load(parts["targets"])
        self.step.count, self.seconds = saved.plain["steps"], saved.plain["seconds"]
