"""Small networks trained on noisy digits by INN's schedule, as its figures and the detectors need them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Container
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float32, Int
from numpy import ndarray
from torch import Tensor

from lab.core.rng import torch_rng
from lab.data import Part
from lab.nets.backbone import Backbone
from lab.nets.registry import build
from lab.noise.imbalance import keep_fractions
from lab.specs.recipes import RECIPES
from lab.specs.training import Schedule
from lab.train.loop import train_by
from lab.train.losses import cross_entropy, cross_entropy_with_negative_entropy
from lab.train.objectives import batch_loss, objective_of

LOSSES = {"ce": cross_entropy, "ce_ne": cross_entropy_with_negative_entropy, "mixup": cross_entropy}


def digits_schedule(epochs: int) -> Schedule:
    """SGD .02, momentum .9, weight decay 5e-4, batch 128; the rate is divided by 5 at 1/2 and at 3/4 of the training."""
    return replace(RECIPES["Digits, 60 epochs"], epochs=epochs, milestones=(epochs // 2, epochs * 3 // 4))


def train_digits_mlp(
    x: Float32[ndarray, "n d"],
    y_given: Int[ndarray, " n"],
    loss: str,
    *,
    epochs: int,
    seed: int,
    watched: Container[int] = (),
    keep: Callable[[int, Backbone], None] = lambda epoch, net: None,
) -> Backbone:
    """DigitsMLP in eval mode, trained with "ce", "ce_ne" or "mixup".

    Args:
        keep: called after each of the epochs `watched` with its number and a copy of the network in eval mode. It may
            raise to stop.
    """
    rows, y = torch.from_numpy(x), torch.from_numpy(y_given.astype(np.int64))
    n_classes = max(2, int(y.max()) + 1)
    net = build("DigitsMLP", input_shape=x.shape[1:], n_classes=n_classes, generator=torch_rng(seed, f"{loss} init"))
    objective, order = objective_of(LOSSES[loss], y), torch_rng(seed, f"{loss} order")
    alpha = 1.0 if loss == "mixup" else 0.0

    def one_batch(batch: Tensor) -> Tensor:
        return batch_loss(net, rows[batch], batch, objective, alpha=alpha, generator=order)

    def on_epoch(epoch: int) -> bool:
        if epoch in watched:
            keep(epoch, copy.deepcopy(net).eval())
        return False

    train_by(digits_schedule(epochs), net, one_batch, len(x), generator=order, on_epoch=on_epoch)
    return net.eval()


def grouped_digits(data: Part, rng: np.random.Generator) -> tuple[Float32[ndarray, "m d"], Int[ndarray, " m"]]:
    """A large and a small class: all digits 0-4 (class 0), and a tenth of the digits 5-9 (class 1).

    Source: INN §4.4. Departs from it: groups of digits in place of CIFAR-10's pairs of classes.
    """
    y = (np.asarray(data.y_clean) >= 5).astype(np.int64)
    rows = keep_fractions(y, {1: 0.1}, rng=rng)
    return data.x[rows], y[rows]


@torch.inference_mode()
def logits_of(net: Backbone, x: Float32[ndarray, "n d"]) -> Float32[ndarray, "n c"]:
    """What the network answers."""
    return net(torch.from_numpy(x)).numpy()


@torch.inference_mode()
def features_of(net: Backbone, x: Float32[ndarray, "n d"]) -> Float32[ndarray, "n h"]:
    """Its penultimate features."""
    return net.features(torch.from_numpy(x)).numpy()


@torch.inference_mode()
def losses_of(net: Backbone, x: Float32[ndarray, "n d"], y: Int[ndarray, " n"]) -> Float32[ndarray, " n"]:
    """The cross-entropy of every given label."""
    return cross_entropy(net(torch.from_numpy(x)), torch.from_numpy(y.astype(np.int64))).numpy()
