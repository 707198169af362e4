"""PENCIL: label distributions that are learned by gradient together with the network (Yi and Wu 2019)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from lab.methods.joint import stacked
from lab.specs.correction_methods import PENCIL, snapshot_epochs
from lab.train.losses import Labels, Logits, Losses, cross_entropy

FIRST_SCORE = 10.0  # of the given label: a softmax of 0.99959 among ten


class PencilTargets:
    """The loss of the first two stages, and the labels that the second one learns.

    Stage 1 is cross-entropy to the given label. In stage 2 a row's loss is (1/L) Σ p (log p - log y) + α ℓ_o - (β/L) Σ p
    log p with y = softmax(scores); after it is computed, the scores of the batch's rows move by -λ times its gradient,
    which is known in closed form.

    Attributes:
        scores: a row's label distribution is their softmax.
        snapshots: the largest of each row, after each of `snapshot_epochs`.
    Source: Yi and Wu 2019 and their code, as science.md §3.6 tells it. Departs from it: the compatibility loss ℓ_o is the
        equation's -log y_given, where the published code takes the softmax twice (an option, A49); no rows are held out.
    """

    def __init__(self, y_given: Labels, n_classes: int, method: PENCIL) -> None:
        self.method, self.y_given = method, y_given
        self.scores = FIRST_SCORE * F.one_hot(y_given, n_classes).float()
        self.snapshots: list[Int[Tensor, " n"]] = []
        self.epoch = 0

    def __call__(self, logits: Logits, rows: Int[Tensor, " b"]) -> Losses:
        y = self.y_given[rows]
        if self.epoch < self.method.begin:
            return cross_entropy(logits, y)
        scores, log_p = self.scores[rows], logits.log_softmax(dim=1)
        entropy = -(log_p.exp() * log_p).mean(dim=1)
        losses = (
            reverse_kl(logits, scores) + self.method.alpha * self._compatibility(scores, y) + self.method.beta * entropy
        )
        gradient = label_gradient(log_p.detach().exp(), scores, y, self.method)
        self.scores[rows] = scores - self.method.step * gradient
        return losses

    def _compatibility(self, scores: Float[Tensor, "b c"], y: Labels) -> Losses:
        distribution = scores.softmax(dim=1) if self.method.compatibility == "published" else scores
        return cross_entropy(distribution, y)

    def after_epoch(self, epoch: int) -> None:
        """Write the labels down where that is due."""
        self.epoch = epoch
        if epoch in snapshot_epochs(self.method):
            self.snapshots.append(self.scores.argmax(dim=1))

    def state(self) -> dict[str, Tensor]:
        """For a checkpoint."""
        snapshots = stacked(self.snapshots, len(self.scores))
        return {"scores": self.scores, "epoch": torch.tensor(self.epoch), "snapshots": snapshots}

    def load(self, state: dict[str, Tensor]) -> None:
        """From a checkpoint."""
        device = self.scores.device
        self.scores = state["scores"].to(device)
        self.epoch, self.snapshots = int(state["epoch"]), list(state["snapshots"].to(device))


def reverse_kl(logits: Logits, scores: Float[Tensor, "b c"]) -> Losses:
    """(1/L) Σ p (log p - log softmax(scores)): the mean over classes too, as published; alone the loss of stage 3."""
    log_p = logits.log_softmax(dim=1)
    return (log_p.exp() * (log_p - scores.log_softmax(dim=1))).mean(dim=1)


def label_gradient(
    p: Float[Tensor, "b c"], scores: Float[Tensor, "b c"], y: Labels, method: PENCIL
) -> Float[Tensor, "b c"]:
    """The gradient of a batch's mean loss with respect to the label scores: [(y^d - p) / L + α g_o] / B.

    g_o is y^d - e_given for the equation's compatibility loss; for the published one it passes through a second softmax.
    """
    size, n_classes = p.shape
    distribution, given = scores.softmax(dim=1), F.one_hot(y, n_classes)
    if method.compatibility == "equation":
        compatibility = distribution - given
    else:
        outer = distribution.softmax(dim=1) - given
        compatibility = distribution * (outer - (outer * distribution).sum(dim=1, keepdim=True))
    return ((distribution - p) / n_classes + method.alpha * compatibility) / size
