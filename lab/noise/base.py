"""What every noise model is: a frozen description of how labels go wrong, and one method that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int

from lab.noise.regions import Region


@dataclass(frozen=True, eq=False, kw_only=True)
class Request:
    """One call of `corrupt`, checked: what a noise model may look at."""

    y: Int[np.ndarray, " n"]
    n_classes: int
    rng: np.random.Generator
    mode: str
    features: Float[np.ndarray, "n d"] | None = None
    pred_probs: Float[np.ndarray, "n c"] | None = None


@dataclass(frozen=True, eq=False)
class Relabelled:
    """A noise model's answer: new labels, who was drawn for corruption, and where the noise sits if it has a place."""

    y_given: Int[np.ndarray, " n"]
    selected: Bool[np.ndarray, " n"]
    region: Region | None = None


class Noise:
    """A noise model. Subclasses are frozen dataclasses of plain numbers, strings and tuples."""

    __slots__ = ()
    about: ClassVar[str]  # one sentence for a page
    source: ClassVar[str]  # paper and equation

    @property
    def nominal_rate(self) -> float | None:
        """The rate as its paper names it; None where the rate is a result and not an input."""
        return None

    def relabel(self, request: Request) -> Relabelled:
        """Draw the given labels of one request; called by `corrupt`."""
        raise NotImplementedError


def store(model: Noise, **values: object) -> None:
    """Store checked, plain values in a frozen model; for its `__post_init__`."""
    for name, value in values.items():
        object.__setattr__(model, name, value)
