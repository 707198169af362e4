"""A study of labels: which data set, which noise, and nothing that is trained."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lab.core.checks import check_choice, check_integer, check_number, require
from lab.noise import MODES, HumanLabels, MatrixNoise, Noise, Semantic
from lab.specs.codec import Asked
from lab.specs.datasets import DATASETS

PLAIN_NAME = re.compile(r"\w[\w .-]{0,79}")  # of a file or folder right below LAB_DATA: no way out of it


@dataclass(frozen=True, kw_only=True, slots=True)
class DataSource:
    """Training rows of a data set.

    Attributes:
        name: one of `lab.specs.datasets.DATASETS`, or the plain name of a file or folder in LAB_DATA.
        n: keep so many rows, stratified by class; None keeps all.
        label: column of the labels, where a table of one's own is named.
    """

    name: str = "digits"
    n: int | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        known = DATASETS.get(self.name)
        rule = "one of " + ", ".join(DATASETS) + ", or the plain name of a file or folder in LAB_DATA"
        require(known is not None or bool(PLAIN_NAME.fullmatch(str(self.name))), "name", rule, self.name)
        require(known is None or self.label is None, "label", f"None for {self.name}", self.label)
        if self.n is not None:
            check_integer("n", self.n, 2 * len(known.classes) if known else 2, known.n_train if known else None)

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Class names; None for data of one's own, which must be opened first."""
        return DATASETS[self.name].classes if self.name in DATASETS else None


@dataclass(frozen=True, kw_only=True, slots=True)
class RareClass:
    """One class keeps only a fraction of its rows. Source: INN §4.4. Departs from it: all other classes stay."""

    class_index: int = 0
    fraction: float = 0.1

    def __post_init__(self) -> None:
        check_integer("class_index", self.class_index, 0)
        check_number("fraction", self.fraction, 0.01, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class RarePair:
    """Two classes alone, all of the first and a fraction of the second. Source: INN §4.4. Departs from it: nothing."""

    majority: int = 0  # class indices, from 0
    minority: int = 1
    fraction: float = 0.1

    def __post_init__(self) -> None:
        check_integer("majority", self.majority, 0)
        check_integer("minority", self.minority, 0)
        require(self.majority != self.minority, "minority", "another class than majority", self.minority)
        check_number("fraction", self.fraction, 0.01, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelStudy(Asked):
    """Data, noise and a seed. Its digest is the identity of the labels that come out.

    Attributes:
        imbalance: rows taken away before the noise; None takes none.
        mode: how matrix noise selects, see `lab.noise.corrupt`.
        seed: of the noise, the rows taken away, and the rows shown.
    Raises: ValueError if the noise does not fit the classes, or people's labels would meet only a part of their rows.
    """

    dataset: DataSource = field(default_factory=DataSource)
    imbalance: RareClass | RarePair | None = None
    noise: Noise = field(default_factory=lambda: Semantic(0.4, "digits"))
    mode: str = "bernoulli"
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, MODES)
        check_integer("seed", self.seed, 0, 2**32 - 1)
        require(isinstance(self.noise, Noise), "noise", "a noise model of lab.noise", self.noise)
        if isinstance(self.noise, HumanLabels):
            path = PurePosixPath(str(self.noise.path))
            inside = not path.is_absolute() and ".." not in path.parts
            require(inside, "path", "a path below LAB_DATA", str(path))
            whole = self.dataset.n is None and self.imbalance is None
            require(whole, "dataset", "whole: labels by people come in the order of all its rows", self.dataset.n)
        all_classes = self.dataset.classes
        if all_classes is not None and self.imbalance is not None:
            for c in self._picked_classes():
                check_integer("class of the imbalance", c, 0, len(all_classes) - 1)
        if self.classes is not None and isinstance(self.noise, MatrixNoise):
            self.noise.transition(len(self.classes))  # says what does not fit

    def _picked_classes(self) -> tuple[int, ...]:
        if isinstance(self.imbalance, RarePair):
            return self.imbalance.majority, self.imbalance.minority
        return (self.imbalance.class_index,) if self.imbalance else ()

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Class names of the rows that are left; None for data of one's own."""
        names = self.dataset.classes
        if names is not None and isinstance(self.imbalance, RarePair):
            return names[self.imbalance.majority], names[self.imbalance.minority]
        return names
