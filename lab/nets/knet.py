"""kNet: the small network that imitates k nearest neighbours (KNET Table 1)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lab.nets.mlp import linear
from lab.specs.methods import K_LIMIT


def kappa_values(kappa: str, k: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The form in which k enters the network. The paper does not say which; raw k dwarfs standardised features."""
    k = k.float()
    if kappa == "scaled":
        return k / K_LIMIT
    if kappa == "log":
        return k.log() / math.log(K_LIMIT)
    if kappa == "inverse_sqrt":
        return k.rsqrt()
    return k


class FoldedKNet(NamedTuple):
    """kNet in eval mode as two affine maps around one ReLU: logits(h, k) = w2 relu(w1 h + b1 + kappa(k) wk) + b2."""

    w1: Float[np.ndarray, "m d"]
    b1: Float[np.ndarray, " m"]
    wk: Float[np.ndarray, " m"]
    w2: Float[np.ndarray, "c m"]
    b2: Float[np.ndarray, " c"]
    kappa: Float[np.ndarray, " k"]  # kappa(1) .. kappa(K_LIMIT)


class KNetModule(nn.Module):
    """[h; kappa(k)] -> Linear(d+1, m) -> ReLU -> BatchNorm -> Linear(m, L).

    Source: KNET Table 1 (BatchNorm comes after the ReLU).
    Departs from it: features are standardised first, with the training set's mean and spread kept in the module.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        mean: Float[Tensor, " d"],
        std: Float[Tensor, " d"],
        width: int,
        n_classes: int,
        *,
        kappa: str,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.kappa = kappa
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.first = linear(len(mean) + 1, width, generator)
        self.norm = nn.BatchNorm1d(width)
        self.last = linear(width, n_classes, generator)

    def standardise(self, features: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        return (features - self.mean) / self.std

    def hidden(self, standardised: Float[Tensor, "n d"], k: Int[Tensor, " n"]) -> Float[Tensor, "n m"]:
        """The layer drawn in KNET Fig. 4: after ReLU and BatchNorm."""
        x = torch.cat([standardised, kappa_values(self.kappa, k)[:, None]], dim=1)
        return self.norm(torch.relu(self.first(x)))

    def forward(self, standardised: Float[Tensor, "n d"], k: Int[Tensor, " n"]) -> Float[Tensor, "n c"]:
        """Logits of the label histogram of the k nearest neighbours."""
        return self.last(self.hidden(standardised, k))

    @torch.no_grad()
    def fold(self) -> FoldedKNet:
        """The same function in eval mode, with standardisation and BatchNorm folded into the linear layers."""
        scale = self.norm.weight * torch.rsqrt(self.norm.running_var + self.norm.eps)  # type: ignore[operator, arg-type]
        shift = self.norm.bias - self.norm.running_mean * scale  # type: ignore[operator]
        w1 = self.first.weight[:, :-1] / self.std
        k = torch.arange(1, K_LIMIT + 1, device=self.mean.device)
        parts = (
            w1,
            self.first.bias - w1 @ self.mean,
            self.first.weight[:, -1],
            self.last.weight * scale,
            self.last.bias + self.last.weight @ shift,
            kappa_values(self.kappa, k),
        )
        return FoldedKNet(*(part.float().cpu().numpy() for part in parts))
