"""kNet: a network that learns to answer as k nearest neighbours would (KNET, arXiv 2107.09735).

`KNetClassifier` is the scikit-learn estimator, `fit_knet` the training that stands behind it. On the toy (1,500 points,
30 % of the labels wrong) a training takes about 0.3 s on one slow core.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from lab.core.checks import require
from lab.methods.knet_targets import Targets, shares_on, sizes_of
from lab.nets.knet import KNetModule
from lab.specs.methods import KNet, hidden_width
from lab.train.loop import SMALLEST_BATCH, train

if TYPE_CHECKING:
    from lab.methods.knet_classifier import KNetClassifier

__all__ = ["KNetClassifier", "fit_knet"]


def __getattr__(name: str) -> Any:  # lazy: a worker that only trains needs no scikit-learn
    if name != "KNetClassifier":
        raise AttributeError(f"module 'lab.methods.knet' has no attribute {name!r}")
    from lab.methods import knet_classifier

    return knet_classifier.KNetClassifier


def fit_knet(
    features: Float[Tensor, "n d"],
    targets: Targets,
    config: KNet,
    *,
    fixed_k: int | None = None,
    init: torch.Generator,
    order: torch.Generator,
    device: torch.device | None = None,
    report: Callable[[int, int], None] = lambda epoch, epochs: None,
) -> KNetModule:
    """Train kNet on the label histograms of every row's neighbours.

    Args:
        features: penultimate features of the training rows, from the frozen backbone in eval mode; or raw inputs.
        targets: cumulative counts of the *given* labels, `(n, K, c)`: targets[i, k-1, c] of row i's k nearest have
            label c; or, where that is too large, the neighbours' labels themselves.
        fixed_k: train for this k alone ("fixed kNet"); None draws k uniformly from 1..K, for every sample anew.
        init: where the weights start. order: order of the rows and the draws of k. Both on the CPU, so that every
            device takes the same steps.
        device: where to train; None is where the features are.
        report: called with (finished epochs, epochs).
    Returns: the module in eval mode, on that device.
    Raises: ValueError if there are fewer than 4 rows or `fixed_k` is larger than K.
    Source: KNET §3. Departs from it: standardised features; optimiser, epochs and batch are ours (the paper is silent).
    """
    n, k_max, n_classes = sizes_of(targets)
    require(n >= SMALLEST_BATCH, "number of training rows", f">= {SMALLEST_BATCH}", n)
    require(fixed_k is None or 1 <= fixed_k <= k_max, "fixed_k", f"in [1, {k_max}]", fixed_k)
    device = features.device if device is None else device
    shares = shares_on(targets, device)
    width = hidden_width(config.hidden, features.shape[1])
    model = KNetModule(*mean_and_spread(features), width, n_classes, kappa=config.kappa, generator=init)
    standardised = model.standardise(features).float().to(device)  # in the features' own precision before it is cut
    model = model.to(device)

    def batch_loss(rows: Tensor) -> Tensor:
        if fixed_k is None:
            k = torch.randint(1, k_max + 1, (len(rows),), generator=order).to(device)
        else:
            k = torch.full((len(rows),), fixed_k, device=device)
        rows = rows.to(device)
        target = shares(rows, k)
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


def mean_and_spread(features: Float[Tensor, "n d"]) -> tuple[Float[Tensor, " d"], Float[Tensor, " d"]]:
    """Mean and standard deviation of every feature, in float32; the spread of a constant one counts as 1.

    In units of the power of two next to each feature's largest value, which changes no digit, so that squares neither
    overflow nor vanish.
    """
    exponent = torch.frexp(features.abs().amax(dim=0)).exponent
    unit = torch.exp2((exponent - 1).clamp(-126, 127).to(features.dtype))
    scaled = features / unit
    spread = (scaled.std(dim=0) * unit).float()
    varies = (features.amax(dim=0) > features.amin(dim=0)) & (spread > 0)
    return (scaled.mean(dim=0) * unit).float(), torch.where(varies, spread, 1.0)
