"""Wide residual nets of depth 28 (Zagoruyko and Komodakis 2016)."""

from __future__ import annotations

from lab.nets.backbone import Backbone
from lab.nets.preact import three_stage


def wide_resnet28(channels: int, n_classes: int, *, widen: int) -> Backbone:
    """conv16, three stages of four pre-activation blocks (16, 32, 64 times `widen`), BN-ReLU, global mean, linear.

    Source: Zagoruyko and Komodakis 2016, WRN-28-`widen` without dropout; INN App. B (2), IEG's default (10).
    Departs from it: nothing (MixMatch's leaky ReLU is not used).
    """
    return three_stage(channels, n_classes, (16, 16 * widen, 32 * widen, 64 * widen), 4, always_project=False)
