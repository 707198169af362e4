"""kNet: a network that learns to answer as k nearest neighbours would (KNET, arXiv 2107.09735).

On the toy (1,500 points, 30 % of the labels wrong) a training takes about 0.3 s on one slow core.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from lab.core.checks import require
from lab.nets.knet import KNetModule
from lab.specs.methods import KNet, hidden_width
from lab.train.loop import train


def fit_knet(
    features: Float[Tensor, "n d"],
    votes: UInt8[np.ndarray, "n k c"],
    config: KNet,
    *,
    fixed_k: int | None = None,
    init: torch.Generator,
    order: torch.Generator,
    report: Callable[[int, int], None] = lambda epoch, epochs: None,
) -> KNetModule:
    """Train kNet on the label histograms of every row's neighbours.

    Args:
        features: penultimate features of the training rows, from the frozen backbone in eval mode.
        votes: cumulative counts of the *given* labels: votes[i, k-1, c] of row i's k nearest have label c.
        fixed_k: train for this k alone ("fixed kNet"); None draws k uniformly from 1..K, for every sample anew.
        init: where the weights start. order: order of the rows and the draws of k.
        report: called with (finished epochs, epochs).
    Returns: the module in eval mode.
    Raises: ValueError if there are fewer than 4 rows or `fixed_k` is larger than K.
    Source: KNET §3. Departs from it: standardised features; optimiser, epochs and batch are ours (the paper is silent).
    """
    n, k_max, n_classes = votes.shape
    require(n >= 4, "number of training rows", ">= 4", n)
    require(fixed_k is None or 1 <= fixed_k <= k_max, "fixed_k", f"in [1, {k_max}]", fixed_k)
    counts = torch.from_numpy(votes).to(features.device)
    mean, std = features.mean(dim=0), features.std(dim=0).clamp_min(1e-6)
    width = hidden_width(config.hidden, features.shape[1])
    model = KNetModule(mean, std, width, n_classes, kappa=config.kappa, generator=init).to(features.device)
    standardised = model.standardise(features)

    def batch_loss(rows: Tensor) -> Tensor:
        if fixed_k is None:
            k = torch.randint(1, k_max + 1, (len(rows),), generator=order)
        else:
            k = torch.full((len(rows),), fixed_k)
        target = counts[rows, k - 1] / k[:, None]
        log_probs = F.log_softmax(model(standardised[rows], k), dim=1)
        if config.loss == "kl":
            return F.kl_div(log_probs, target, reduction="batchmean")
        return -(target * log_probs).sum(dim=1).mean()

    def on_epoch(epoch: int) -> bool:
        report(epoch, config.epochs)
        return False

    train(
        model,
        batch_loss,
        n,
        epochs=config.epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        generator=order,
        on_epoch=on_epoch,
    )
    return model.requires_grad_(False)
