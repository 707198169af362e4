"""A sweep: one experiment in many versions, each on several seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

from lab.core.checks import check_integer, require
from lab.specs.codec import Asked, digest, from_plain, to_plain
from lab.specs.experiment import Experiment
from lab.specs.labels import DataSource
from lab.specs.training import Seeds

MOST_RUNS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """The values that one field takes.

    Attributes:
        field: dotted path in the Experiment, such as "noise.rate", "method", "schedule.epochs" or "seeds.init".
        values: what it is replaced by: a number, a string, or a whole spec such as CrossEntropy().
    """

    field: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        require(isinstance(self.field, str) and self.field != "", "field", "a dotted path", self.field)
        rule = "a list of at least one value, without repeats"
        require(isinstance(self.values, tuple) and len(self.values) > 0, "values", rule, self.values)
        require(len(set(map(digest, self.values))) == len(self.values), "values", rule, self.values)


@dataclass(frozen=True, slots=True)
class Cell:
    """One version of the experiment: the value of each axis, and one experiment a seed."""

    settings: tuple[tuple[str, Any], ...]
    experiments: tuple[Experiment, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep(Asked):
    """Every combination of the axes' values, on every seed.

    Attributes:
        base: what all runs have in common; the training of a network, not the toy.
        axes: applied in this order, so that "noise" comes before "noise.rate".
        seeds: each is the seed of noise, weights and batches alike; empty leaves the base's own.
    Raises: ValueError if one of the experiments can not be, naming the combination.
    """

    base: Experiment
    axes: tuple[Axis, ...] = ()
    seeds: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        is_training = isinstance(self.base, Experiment) and isinstance(self.base.dataset, DataSource)
        require(is_training, "base", "an Experiment on a DataSource", self.base)
        require(all(isinstance(axis, Axis) for axis in self.axes), "axes", "a list of Axis", self.axes)
        fields = [axis.field for axis in self.axes]
        require(len(set(fields)) == len(fields), "axes", "of a field each", fields)
        for seed in self.seeds:
            check_integer("seeds", seed, 0, 2**32 - 1)
        require(len(set(self.seeds)) == len(self.seeds), "seeds", "without repeats", self.seeds)
        count = max(1, len(self.seeds))
        for axis in self.axes:
            count *= len(axis.values)
        require(count <= MOST_RUNS, "runs of a sweep", f"at most {MOST_RUNS:,}", count)
        self.cells  # noqa: B018  (every experiment's own checks)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every combination of the axes' values, the last axis running fastest."""
        names = [axis.field for axis in self.axes]
        return tuple(
            self._cell(tuple(zip(names, values, strict=True)))
            for values in product(*(axis.values for axis in self.axes))
        )

    def _cell(self, settings: tuple[tuple[str, Any], ...]) -> Cell:
        try:
            experiment = replaced(self.base, settings)
        except ValueError as error:
            where = ", ".join(f"{path} = {words(value)}" for path, value in settings)
            raise ValueError(f"at {where}: {error}") from error
        seeds = [Seeds(noise=seed, init=seed, batch=seed) for seed in self.seeds] or [experiment.seeds]
        return Cell(settings, tuple(dataclasses.replace(experiment, seeds=each) for each in seeds))

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """All of them, cell by cell."""
        return tuple(experiment for cell in self.cells for experiment in cell.experiments)


def replaced(experiment: Experiment, changes: Iterable[tuple[str, Any]]) -> Experiment:
    """A copy in which the fields at dotted paths have other values; it is checked once all of them are set.

    Raises: ValueError if there is no such field, a spec would be replaced by a bare value, or they do not fit together.
    """
    plain = to_plain(experiment)
    for path, value in changes:
        *outer, name = path.split(".")
        place = plain
        for step in outer:
            place = _field(place, step, path)
        old, new = _field(place, name, path), to_plain(value)
        require(not isinstance(old, dict) or isinstance(new, dict), path, 'a spec such as {"kind": ...}', value)
        place[name] = new
    return from_plain(plain)


def _field(place: Any, name: str, path: str) -> Any:
    known = [key for key in place if key != "kind"] if isinstance(place, dict) else []
    rule = f"a path to a field; here are {', '.join(known) or 'none'}"
    require(name in known, "field of an axis", rule, path)
    return place[name]


def words(value: Any) -> str:
    """A value in a few words; of a spec, what differs from its defaults."""
    if not dataclasses.is_dataclass(value):
        return str(value)
    shown = []
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if field.init and item != field.default:
            shown.append(f"{field.name}={words(item)}")
    return type(value).__name__ + (f"({', '.join(shown)})" if shown else "")
