"""Backbones that can be asked for."""

from __future__ import annotations

from dataclasses import dataclass

from lab.core.checks import check_integer


@dataclass(frozen=True, kw_only=True, slots=True)
class ToyMLP:
    """2-width-width-L with ReLU: the small fully connected network of KNET §3."""

    width: int = 64  # also the size d of its penultimate features

    def __post_init__(self) -> None:
        check_integer("width", self.width, 2, 512)
