"""A forecast: the accuracy that a vote of K neighbours can be expected to have, at every noise level at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from lab.core.checks import check_choice, check_integer, check_number, require
from lab.noise import Concentrated, MatrixNoise, Noise, Uniform
from lab.specs.codec import Asked
from lab.specs.datasets import DATASETS
from lab.specs.experiment import Experiment
from lab.specs.labels import DataSource
from lab.specs.no_data import NoData

TIES = ("wrong", "random", "lowest", "optimistic")  # as in `lab.analysis.plurality`
CLEAN_FROM = ("neighbours", "onehot", "softmax")
LARGEST_K, MOST_KS, MOST_LEVELS, MOST_DRAWS = 1001, 7, 101, 50


def even_levels(highest: float) -> tuple[float, ...]:
    """Noise levels from 0 to `highest`, 0.1 apart, or 0.05 where there is little way to go."""
    hundredths = round(100 * highest)
    step = 10 if hundredths > 60 else 5
    return tuple(level / 100 for level in (*range(0, hundredths, step), hundredths))


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast(Asked):
    """Data, a kind of noise and some K. Its digest is the identity of the curves and of what is measured beside them.

    Attributes:
        dataset: its training rows carry the noise, its test rows are asked about. Where it has no test rows, training
            rows are asked about, each without its own vote. `NoData` leaves theory alone, for any number of classes.
        noise: a `MatrixNoise` or `Concentrated`, at rate 1; a level takes the place of the rate.
        ks: numbers of neighbours, ascending.
        ties: what a tie counts, in the theory and in the real votes: "wrong" as in the paper, "random", "lowest" (class
            index) or "optimistic".
        clean_from: where C_s, the clean labels around a test row, comes from: "neighbours" takes those of its K nearest
            training rows (DRO §3.3), "onehot" a set that can be learnt perfectly (DRO Eq. 14), "softmax" the answer of
            `network` (DRO §3.3 for networks); where that was trained under noise with a matrix, times its inverse.
            `NoData` says itself what the neighbours are: "neighbours".
        network: a training whose features take the place of the inputs, and whose training rows carry the noise; of its
            last epoch. None looks for neighbours among the inputs.
        levels: noise levels at which real neighbours vote, ascending; the last is where the curves end.
        seeds: one draw of the noise each; none leaves the real votes out.
        n_test: at most so many rows are asked about, in the proportions of the classes.
    Raises: ValueError if a part is out of range or the parts do not fit.
    """

    dataset: DataSource | NoData = field(default_factory=DataSource)
    noise: Noise = field(default_factory=lambda: Uniform(1.0))
    ks: tuple[int, ...] = (1, 5, 11, 21, 51, 101)
    ties: str = "wrong"
    clean_from: str = "neighbours"
    levels: tuple[float, ...] = even_levels(0.9)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    n_test: int = 500
    network: Experiment | None = None

    def __post_init__(self) -> None:
        check_choice("ties", self.ties, TIES)
        check_choice("clean_from", self.clean_from, CLEAN_FROM)
        check_integer("n_test", self.n_test, 2, 100_000)
        for name, most in (("ks", MOST_KS), ("seeds", MOST_DRAWS), ("levels", MOST_LEVELS)):
            object.__setattr__(self, name, _ascending(name, getattr(self, name), most))
        require(len(self.ks) > 0, "ks", "at least one number of neighbours", self.ks)
        require(len(self.levels) > 0, "levels", "at least one level", self.levels)
        for k in self.ks:
            check_integer("K", k, 1, _most_neighbours(self.dataset))
        for seed in self.seeds:
            check_integer("seeds", seed, 0, 2**32 - 1)
        object.__setattr__(self, "levels", tuple(check_number("levels", level, 0, 1) for level in self.levels))
        require(self.highest > 0, "levels", "not 0 alone", self.levels)
        self._check_noise()
        self._check_network()
        self._check_no_data()

    def _check_network(self) -> None:
        if self.network is None:
            require(self.clean_from != "softmax", "network", "given, for C_s from its softmax", None)
            return
        fits = isinstance(self.network, Experiment) and self.network.dataset == self.dataset
        rule = f"a training on {getattr(self.dataset, 'name', 'data')}"
        require(fits, "network", rule, self.network)
        require(self.network.imbalance is None, "network", "a training on all classes", self.network.imbalance)
        fits = isinstance(self.network.noise, MatrixNoise)
        rule = "trained on clean labels, or under noise by class, for C_s from its softmax"
        require(self.clean_from != "softmax" or fits, "network", rule, self.network.noise)

    def _check_no_data(self) -> None:
        if not self.has_data:
            require(self.seeds == (), "seeds", "() where there are no data: nobody can vote", self.seeds)
            rule = "'neighbours' where there are no data, which say themselves what the neighbours are"
            require(self.clean_from == "neighbours", "clean_from", rule, self.clean_from)

    def _check_noise(self) -> None:
        noise, classes = self.noise, self.dataset.classes
        if not isinstance(noise, (MatrixNoise, Concentrated)):
            raise ValueError(f"noise must be noise by class, or Concentrated, got {noise!r}")
        require(noise.rate == 1, "rate of the noise", "1: the level takes its place", noise.rate)
        if classes is not None and isinstance(noise, MatrixNoise):
            noise.transition(len(classes))  # says what does not fit

    @property
    def has_data(self) -> bool:
        """Whether there are neighbours to ask, beside the theory."""
        return isinstance(self.dataset, DataSource)

    @property
    def highest(self) -> float:
        """The level at which the curves end."""
        return self.levels[-1]

    def noise_at(self, level: float) -> Noise:
        """The noise of one level."""
        return replace(self.noise, rate=level)  # type: ignore[type-var]  # every kind with a rate is a dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class BlindForecast(Asked):
    """The forecast of somebody who has the given labels alone, at one level: T is estimated from them, and C_s too."""

    forecast: Forecast = field(default_factory=Forecast)
    level: float = 0.6
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", check_number("level", self.level, 0, self.forecast.highest))
        check_integer("seed", self.seed, 0, 2**32 - 1)
        require(
            self.forecast.has_data, "dataset", "a data set: only labels can be estimated from", self.forecast.dataset
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ForecastCheck(Asked):
    """How exact a forecast is at one noise level: the theory beside simulated and real votes."""

    forecast: Forecast = field(default_factory=Forecast)
    level: float = 0.6

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", check_number("level", self.level, 0, self.forecast.highest))
        fits = self.forecast.has_data or isinstance(self.forecast.noise, MatrixNoise)
        require(fits, "noise", "by class where there are no data: noise with a place needs one", self.forecast.noise)


def _most_neighbours(dataset: DataSource | NoData) -> int:
    if isinstance(dataset, NoData) or dataset.name not in DATASETS:
        return LARGEST_K
    return min(LARGEST_K, dataset.n or DATASETS[dataset.name].n_train)


def _ascending(name: str, values: Any, most: int) -> tuple[Any, ...]:
    values = tuple(values)
    require(len(values) <= most, name, f"at most {most}", len(values))
    require(list(values) == sorted(set(values)), name, "ascending, without repeats", values)
    return values
