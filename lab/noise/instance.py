"""Noise that depends on the sample: hard samples are mislabelled as what they look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from lab.core.checks import check_number, check_probabilities, require
from lab.noise.base import Noise, Relabelled, Request, store
from lab.noise.draw import select_exactly

N_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class InstanceDependent(Noise):
    """A sample flips to the class a clean model ranks next, with P(flip) = sigmoid((t - margin) / temperature).

    The margin is P(true class) - P(likeliest other class) under the clean model; t is set so that the mean of P(flip)
    is `rate`. A small temperature flips just the samples of least margin, a large one any sample alike. Needs
    `pred_probs`.
    """

    about: ClassVar[str] = "Samples that a clean model finds hard are labelled as the class it confuses them with."
    source: ClassVar[str] = "the lab's own; none of the five papers has instance-dependent noise"
    rate: float
    temperature: float = 0.1

    def __post_init__(self) -> None:
        temperature = check_number("temperature", self.temperature)
        require(temperature > 0, "temperature", "> 0", temperature)
        store(self, rate=check_number("rate", self.rate, 0, 1), temperature=temperature)

    @property
    def nominal_rate(self) -> float:
        """The fraction of labels changed."""
        return self.rate

    def relabel(self, request: Request) -> Relabelled:
        """Select by margin and luck, then take the runner-up."""
        margin, runner_up = margins(_probabilities(request), request.y)
        luck = np.clip(request.rng.random(request.y.size), np.finfo(float).tiny, None)
        score = margin + self.temperature * (np.log(luck) - np.log1p(-luck))  # below t with the P(flip) above
        if request.mode == "bernoulli":
            selected = score < self._threshold(margin)
        else:
            selected = select_exactly(score, request.y, rate=self.rate, mode=request.mode, n_classes=request.n_classes)
        return Relabelled(np.where(selected, runner_up, request.y), selected)

    def _threshold(self, margin: Float[np.ndarray, " n"]) -> float:
        """The t at which P(flip) has mean `rate`, by bisection; the mean grows with t."""
        low, high = -1 - 40 * self.temperature, 1 + 40 * self.temperature  # margins lie in [-1, 1]
        for _ in range(N_HALVINGS if margin.size else 0):
            t = (low + high) / 2
            p_flip = (1 + np.tanh((t - margin) / (2 * self.temperature))) / 2
            low, high = (t, high) if p_flip.mean() < self.rate else (low, t)
        return (low + high) / 2


def margins(
    pred_probs: Float[np.ndarray, "n c"], y: Int[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """P(true class) - P(likeliest other class) in [-1, 1], and that other class."""
    rows = np.arange(y.size)
    others = pred_probs.astype(np.float64)
    own = others[rows, y]
    others[rows, y] = -np.inf
    runner_up = others.argmax(axis=1)
    return own - others[rows, runner_up], runner_up


def _probabilities(request: Request) -> Float[np.ndarray, "n c"]:
    """The clean model's probabilities, checked."""
    probs = request.pred_probs
    if probs is None:
        raise ValueError("pred_probs must be given for instance-dependent noise, got None")
    return check_probabilities("pred_probs", probs, request.n_classes)
