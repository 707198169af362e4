"""Networks at several noise levels: what is drawn over the curves of a forecast."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lab.core.checks import check_integer, require
from lab.noise import Noise, Uniform
from lab.specs.codec import Asked
from lab.specs.experiment import Experiment
from lab.specs.labels import DataSource
from lab.specs.training import Record, Seeds

MOST_TRAININGS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkCurve(Asked):
    """The same training under several noises, each on several seeds; of each only its accuracy by epoch is kept.

    Attributes:
        base: what they have in common; its noise and seeds are replaced, and of samples nothing is recorded.
        noises: one a point of the curve.
        seeds: each is the seed of noise, weights and batches alike.
    Raises: ValueError if one of the trainings can not be.
    """

    base: Experiment
    noises: tuple[Noise, ...] = field(default_factory=lambda: (Uniform(0.4),))
    seeds: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        is_training = isinstance(self.base, Experiment) and isinstance(self.base.dataset, DataSource)
        require(is_training, "base", "an Experiment on a DataSource", self.base)
        require(len(self.noises) > 0, "noises", "at least one", self.noises)
        require(len(self.seeds) > 0, "seeds", "at least one", self.seeds)
        for seed in self.seeds:
            check_integer("seeds", seed, 0, 2**32 - 1)
        count = len(self.noises) * len(self.seeds)
        require(count <= MOST_TRAININGS, "trainings", f"at most {MOST_TRAININGS}", count)
        self.experiments  # noqa: B018  (their own checks)

    @property
    def experiments(self) -> tuple[tuple[Experiment, ...], ...]:
        """A row a noise, one a seed in it."""
        base = replace(self.base, record=Record(samples=False))
        return tuple(
            tuple(replace(base, noise=noise, seeds=Seeds(noise=s, init=s, batch=s)) for s in self.seeds)
            for noise in self.noises
        )
