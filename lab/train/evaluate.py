"""What a network answers: one pass over rows in eval mode, without augmentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lab.train.losses import Labels
from lab.train.rows import Rows, autocast, evaluation_batch

Tick = Callable[[int], None]
"""Called with the number of rows that were asked since the last time."""


class Answers(NamedTuple):
    """Logits in float32 and, where they were asked for, penultimate features in float16."""

    logits: Float[Tensor, "n c"]
    features: Float[Tensor, "n d"] | None

    @property
    def log_p(self) -> Float[Tensor, "n c"]:
        """Logarithms of the softmax."""
        return self.logits.log_softmax(dim=1)


@torch.inference_mode()
def answer(
    model: Any,
    rows: Rows,
    *,
    features: bool = False,
    tick: Tick = lambda rows: None,
    halfway_to: Tensor | None = None,
) -> Answers:
    """What `model`, a `Backbone` on the device of the rows, answers to all of them.

    Args:
        model: in eval mode; `lab.train.fuse.folded` makes a copy that is faster to ask.
        features: keep the penultimate features too; where one is beyond the range of float16 it ends there.
        tick: called after every batch.
        halfway_to: row numbers; ask at the middle of the line from every row to that one, in normalised pixels.
    """
    size, logits, kept = evaluation_batch(rows), [], []
    for start in range(0, len(rows), size):
        part = slice(start, min(start + size, len(rows)))
        x = rows[part] if halfway_to is None else (rows[part] + rows[halfway_to[part]]) / 2
        with autocast(rows.device, model):
            h = model.features(x)
            logits.append(model.head(h).float())
        if features:
            kept.append(h.float().clamp(-65504, 65504).half())
        tick(part.stop - start)
    return Answers(torch.cat(logits), torch.cat(kept) if features else None)


class RowScores(NamedTuple):
    """Of every row the cross-entropy to a label (at most 65,504, the largest float16), and whether it was predicted."""

    loss: Float[Tensor, " n"]
    hit: Bool[Tensor, " n"]


def score(log_p: Float[Tensor, "n c"], predicted: Labels, y: Labels) -> RowScores:
    """How every row's answer fits a label.

    Args:
        log_p: logarithms of probabilities. predicted: where each row has its largest.
    """
    return RowScores(-log_p.gather(1, y[:, None])[:, 0].clamp_min(-65504), predicted == y)
