"""Joint Optimization: labels become the mean of the network's own recent predictions (Tanaka et al. 2018)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from lab.specs.correction_methods import JointOptimization, snapshot_epochs
from lab.train.losses import Labels, Logits, Losses


class JointTargets:
    """The loss of the first step, and the labels that it moves.

    A row's loss is -Σ s log p - α Σ q log p̄ - β Σ p log p: cross-entropy to its soft label s; the prior q against the
    batch's mean softmax p̄, the same number for each row of a batch; and the entropy, which is made small.

    Attributes:
        labels: s, a distribution for each row.
        snapshots: the largest entry of each row of s, after each of `snapshot_epochs`.
    Source: Tanaka et al. 2018 and their code, as science.md §3.5 tells it. Departs from it: until a row has been seen in
        an epoch its prediction is its given label, so that no average is over zeros.
    """

    def __init__(self, y_given: Labels, n_classes: int, method: JointOptimization) -> None:
        self.method = method
        self.labels = F.one_hot(y_given, n_classes).float()
        self.recent = self.labels.repeat(method.window, 1, 1)
        uniform = method.prior == "uniform"
        self.prior = (
            torch.full((n_classes,), 1 / n_classes, device=y_given.device) if uniform else self.labels.mean(dim=0)
        )
        self.snapshots: list[Int[Tensor, " n"]] = []
        self.epoch = 0

    def __call__(self, logits: Logits, rows: Int[Tensor, " b"]) -> Losses:
        log_p = logits.log_softmax(dim=1)
        p = log_p.exp()
        self.recent[self.epoch % self.method.window, rows] = p.detach()
        to_labels = -(self.labels[rows] * log_p).sum(dim=1)
        to_prior = -(self.prior * p.mean(dim=0).clamp_min(1e-12).log()).sum()
        entropy = -(p * log_p).sum(dim=1)
        return to_labels + self.method.alpha * to_prior + self.method.beta * entropy

    def after_epoch(self, epoch: int) -> None:
        """Once labels may change, they are the mean of the last `window` epochs' predictions."""
        self.epoch = epoch
        if epoch > self.method.begin:
            self.labels = self.recent.mean(dim=0)
        if epoch in snapshot_epochs(self.method):
            self.snapshots.append(self.labels.argmax(dim=1))

    def state(self) -> dict[str, Tensor]:
        """For a checkpoint."""
        return {
            "labels": self.labels,
            "recent": self.recent,
            "epoch": torch.tensor(self.epoch),
            "snapshots": stacked(self.snapshots, len(self.labels)),
        }

    def load(self, state: dict[str, Tensor]) -> None:
        """From a checkpoint."""
        device = self.labels.device
        self.labels, self.recent = state["labels"].to(device), state["recent"].to(device)
        self.epoch, self.snapshots = int(state["epoch"]), list(state["snapshots"].to(device))


def stacked(snapshots: list[Int[Tensor, " n"]], n: int) -> Int[Tensor, "s n"]:
    """Snapshots as one tensor, of no rows while there is none."""
    return torch.stack(snapshots) if snapshots else torch.zeros((0, n), dtype=torch.int64)
