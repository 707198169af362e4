"""Asymmetric noise: classes are mistaken for some others, and not the other way round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from jaxtyping import Float, Int

from lab.core.checks import check_choice, check_integer, check_number, require
from lab.core.rng import numpy_rng
from lab.noise.base import store
from lab.noise.models import MatrixNoise, two_alternatives, two_targets
from lab.noise.semantic import MAPS


@dataclass(frozen=True, slots=True)
class RandomAsymmetric(MatrixNoise):
    """Each class is mistaken for two classes drawn once per class, 2/3 and 1/3 of the flips: pi = rate."""

    about: ClassVar[str] = "A fraction `rate` of each class goes to two other classes drawn at random, 2:1."
    source: ClassVar[str] = "KNET §4, random asymmetric noise"
    rate: float
    seed: int = 0  # of the two classes, not of the labels

    def __post_init__(self) -> None:
        store(self, rate=check_number("rate", self.rate, 0, 1), seed=check_integer("seed", self.seed, 0))

    def targets(self, n_classes: int) -> Int[np.ndarray, "c 2"]:
        """The two classes that each class is mistaken for, the likelier first.

        Raises: ValueError if there are fewer than three classes.
        """
        check_integer("n_classes", n_classes, 3)
        rng = numpy_rng(self.seed, "random asymmetric")
        shifts = np.stack([rng.choice(n_classes - 1, size=2, replace=False) + 1 for _ in range(n_classes)])
        return (np.arange(n_classes)[:, None] + shifts) % n_classes

    def corruption_matrix(self, n_classes: int) -> Float[np.ndarray, "c c"]:
        """P_i: 2/3 and 1/3 at the two targets."""
        first, second = self.targets(n_classes).T
        return two_targets(first, second, share=2 / 3)


@dataclass(frozen=True, slots=True)
class ToyAsymmetric(MatrixNoise):
    """The toy's noise: 20 % to the next class, 10 % to the one after, 70 % kept."""

    about: ClassVar[str] = "20 % of each class goes to the next class, 10 % to the one after it."
    source: ClassVar[str] = "KNET §3, toy example (Fig. 2)"
    rate: ClassVar[float] = 0.3  # type: ignore[misc]  # fixed, so no field

    def corruption_matrix(self, n_classes: int) -> Float[np.ndarray, "c c"]:
        """P_i: 2/3 at i+1 and 1/3 at i+2."""
        return two_alternatives(n_classes, share=2 / 3)


@dataclass(frozen=True, slots=True)
class Semantic(MatrixNoise):
    """Classes are mistaken for look-alikes: `rate` of each *source* class; pi = rate * (weight of the source classes).

    `mapping` is {source: target}, pairs, or the name of a known map (`lab.noise.MAPS`). The rate is per source class.
    A sample of another class may be selected but keeps its label, as in DivideMix's code, so that `exact` selects
    floor(rate * n) of all samples. A chain such as 2 -> 7 -> 1 flips once: the clean label decides.
    """

    about: ClassVar[str] = "A fraction `rate` of each source class takes the label of a class that looks alike."
    source: ClassVar[str] = "KNET §4; KED §4.1; INN §4.1 (asymmetric)"
    rate: float
    mapping: Mapping[int, int] | Sequence[Sequence[int]] | str  # kept as sorted pairs

    def __post_init__(self) -> None:
        store(self, rate=check_number("rate", self.rate, 0, 1), mapping=_plain_mapping(self.mapping))

    def corruption_matrix(self, n_classes: int) -> Float[np.ndarray, "c c"]:
        """P_i: all on the target for a source class, all on i otherwise."""
        pairs = cast(tuple[tuple[int, int], ...], self.mapping)
        largest = max(max(pair) for pair in pairs)
        require(largest < n_classes, "mapping", f"between class indices below {n_classes}", largest)
        target = np.arange(n_classes)
        for source, to in pairs:
            target[source] = to
        return np.eye(n_classes)[target]


def _plain_mapping(mapping: Any) -> tuple[tuple[int, int], ...]:
    """Sorted (source, target) pairs of a map, or of a known map's name."""
    if isinstance(mapping, str):
        mapping = MAPS[check_choice("mapping", mapping, MAPS)]
    items = mapping.items() if isinstance(mapping, Mapping) else mapping
    pairs = sorted((check_integer("mapping", i, 0), check_integer("mapping", j, 0)) for i, j in items)
    sources = [i for i, _ in pairs]
    require(len(pairs) > 0, "mapping", "of at least one class", mapping)
    require(len(set(sources)) == len(sources), "mapping", "one target for each source class", pairs)
    fixed = [i for i, j in pairs if i == j]
    require(not fixed, "mapping", "from a class to another", f"{fixed} mapped to themselves")
    return tuple(pairs)
