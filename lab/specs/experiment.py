"""An experiment: everything that decides a result, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lab.core.checks import check_choice, check_integer, require
from lab.noise import MODES, MatrixNoise, Noise, ToyAsymmetric
from lab.specs.backbones import BackboneSpec, ToyMLP
from lab.specs.codec import Asked
from lab.specs.datasets import DATASETS
from lab.specs.labels import DataSource, LabelStudy, RareClass, RarePair
from lab.specs.methods import KNet, Loss, LossCorrection
from lab.specs.toy import Toy
from lab.specs.training import Record, Schedule, Seeds


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment(Asked):
    """Data, noise, network and method with their seeds. Its digest is the identity of the run.

    With a `Toy` it is what the toy page shows: network, kNN and kNet on decision fields. With a `DataSource` it is the
    training of a backbone with a loss; everything else about it is asked of the finished run.

    Attributes:
        imbalance: rows taken away before the noise; not for a Toy.
        mode: how matrix noise selects, see `lab.noise.corrupt`.
        edits: (row, label) pairs, labels set after the noise, by hand or by a correction; a row is its number in the
            data set.
        grid: side of the decision field drawn for 2-D data; for a Toy alone.
    Raises: ValueError where the parts do not fit together.
    """

    dataset: Toy | DataSource = field(default_factory=Toy)
    imbalance: RareClass | RarePair | None = None
    noise: Noise = field(default_factory=ToyAsymmetric)
    mode: str = "bernoulli"
    edits: tuple[tuple[int, int], ...] = ()
    backbone: BackboneSpec = field(default_factory=ToyMLP)
    schedule: Schedule = field(default_factory=Schedule)
    method: KNet | Loss = field(default_factory=KNet)
    record: Record = field(default_factory=Record)
    seeds: Seeds = field(default_factory=Seeds)
    grid: int = 200

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, MODES)
        check_integer("grid", self.grid, 20, 400)
        if isinstance(self.dataset, Toy):
            self._check_toy(self.dataset)
        else:
            self._check_training(self.dataset)

    def _check_toy(self, toy: Toy) -> None:
        require(isinstance(self.noise, MatrixNoise), "noise", "noise that depends on the class alone", self.noise)
        require(isinstance(self.backbone, ToyMLP), "backbone", "a ToyMLP for the toy", self.backbone)
        require(isinstance(self.method, KNet), "method", "KNet for the toy", self.method)
        require(self.imbalance is None, "imbalance", "None for the toy, which has its own", self.imbalance)
        n = sum(toy.class_counts)
        self._check_edits(n, len(toy.class_names))
        for k in self.knet.fixed_ks:
            require(k < n, "fixed_ks", f"below the number of points, {n}", k)

    def _check_edits(self, n: int | None, n_classes: int | None) -> None:
        for row, label in self.edits:
            check_integer("row of an edit", row, 0, None if n is None else n - 1)
            check_integer("label of an edit", label, 0, None if n_classes is None else n_classes - 1)
        rows = [row for row, _ in self.edits]
        require(rows == sorted(set(rows)), "edits", "sorted by row, one label a row", rows[:8])

    def _check_training(self, source: DataSource) -> None:
        loss, noise = self.method, self.noise
        require(not isinstance(loss, KNet), "method", "a loss; kNet is asked of the finished run", loss)
        classes = self.label_study.classes  # with checks of its own
        self._check_edits(None, None if classes is None else len(classes))
        known = DATASETS.get(source.name)
        if known is not None:
            n = source.n or known.n_train
            require(
                self.schedule.batch_size <= n,
                "batch_size",
                f"at most the {n:,} training rows",
                self.schedule.batch_size,
            )
        rule = "of the kind that has a matrix T, to correct the loss by it"
        require(not isinstance(loss, LossCorrection) or isinstance(noise, MatrixNoise), "noise", rule, noise)

    @property
    def toy(self) -> Toy:
        """The data set, where it is a `Toy`. Raises: ValueError where it is not."""
        require(isinstance(self.dataset, Toy), "dataset", "a Toy", self.dataset)
        assert isinstance(self.dataset, Toy)
        return self.dataset

    @property
    def knet(self) -> KNet:
        """The method, where it is kNet. Raises: ValueError where it is not."""
        require(isinstance(self.method, KNet), "method", "KNet", self.method)
        assert isinstance(self.method, KNet)
        return self.method

    @property
    def label_study(self) -> LabelStudy:
        """The part of it that decides the labels; for a `DataSource`."""
        require(isinstance(self.dataset, DataSource), "dataset", "a DataSource", self.dataset)
        assert isinstance(self.dataset, DataSource)
        return LabelStudy(
            dataset=self.dataset, imbalance=self.imbalance, noise=self.noise, mode=self.mode, seed=self.seeds.noise
        )

    @property
    def lane(self) -> str:
        """ "quick" for what answers in a second, "training" for what may take hours; see `lab.experiments.engine`."""
        return "quick" if isinstance(self.dataset, Toy) else "training"

    @property
    def uses_clean_labels(self) -> bool:
        """Whether it learns from labels, or knows a noise, that nobody has in practice."""
        return self.schedule.early_stopping == "clean" or isinstance(self.method, LossCorrection)


def experiment_on(study: LabelStudy, **parts: Any) -> Experiment:
    """A training on the labels of a study; the other way round, `Experiment.label_study`.

    Args:
        parts: the other fields, seeds with that of the study's noise among them.
    Raises: ValueError where they do not fit together.
    """
    return Experiment(dataset=study.dataset, imbalance=study.imbalance, noise=study.noise, mode=study.mode, **parts)
