"""An experiment: everything that decides a result, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.core.checks import check_integer, require
from lab.noise import MatrixNoise, Noise, ToyAsymmetric
from lab.specs.backbones import ToyMLP
from lab.specs.codec import digest
from lab.specs.methods import KNet
from lab.specs.toy import Toy
from lab.specs.training import Schedule, Seeds


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """Data, noise, network and method with their seeds. Its digest is the identity of the run."""

    dataset: Toy = field(default_factory=Toy)
    noise: Noise = field(default_factory=ToyAsymmetric)
    edits: tuple[tuple[int, int], ...] = ()  # (row, label): labels set by hand after the noise
    backbone: ToyMLP = field(default_factory=ToyMLP)
    schedule: Schedule = field(default_factory=Schedule)
    method: KNet = field(default_factory=KNet)
    seeds: Seeds = field(default_factory=Seeds)
    grid: int = 200  # side of the decision field drawn for 2-D data

    def __post_init__(self) -> None:
        require(isinstance(self.noise, MatrixNoise), "noise", "noise that depends on the class alone", self.noise)
        n, n_classes = sum(self.dataset.class_counts), len(self.dataset.class_names)
        for row, label in self.edits:
            check_integer("row of an edit", row, 0, n - 1)
            check_integer("label of an edit", label, 0, n_classes - 1)
        rows = [row for row, _ in self.edits]
        require(rows == sorted(set(rows)), "edits", "sorted by row, one label a row", self.edits)
        for k in self.method.fixed_ks:
            require(k < n, "fixed_ks", f"below the number of points, {n}", k)
        check_integer("grid", self.grid, 20, 400)

    @property
    def digest(self) -> str:
        """12 hex digits; the same experiment has the same digest on every machine."""
        return digest(self)
