"""The data of a training: the same rows and labels as its label study, cut for validation, on the device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int
from numpy import ndarray

from lab.core.checks import require
from lab.core.memory import usable_memory
from lab.core.rng import numpy_rng
from lab.data.rows import stratified
from lab.data.vision import data_root
from lab.experiments.progress import PlainReport
from lab.experiments.worker_labels import draw_given
from lab.experiments.worker_rows import Rows as LabRows
from lab.experiments.worker_rows import choose_rows, needs_files, open_rows, pick
from lab.nets.registry import COLOUR_ONLY, RULES
from lab.noise import NoisyLabels
from lab.specs import Experiment, RarePair
from lab.specs.budget import VALIDATION_SHARE, DataSize, memory_bytes
from lab.specs.datasets import DATASETS
from lab.train.record import Labelled
from lab.train.rows import Rows, Scaling

PUBLISHED = {  # of pixels in [0, 1]; of SVHN the code that KNET cites only divides by 255
    "cifar10": Scaling.of_pixels((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "cifar100": Scaling.of_pixels((0.507, 0.487, 0.441), (0.267, 0.256, 0.276)),
    "svhn": Scaling.of_pixels((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Attributes:
    parts: "train", "val" and "test", the latter two where there are rows; labels on the device.
    index: row number in the data set of every training row. val_index: of the validation rows.
    labels: what the noise did to training and validation rows together; its T.
    """

    parts: dict[str, Labelled]
    y_given: Int[ndarray, " n"]
    y_clean: Int[ndarray, " n"]
    index: Int[ndarray, " n"]
    val_index: Int[ndarray, " v"]
    test_y: Int[ndarray, " m"]
    labels: NoisyLabels
    classes: tuple[str, ...]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(channels, height, width), or (features,)."""
        return self.parts["train"].rows.shape


def load_training_data(experiment: Experiment, device: torch.device, report: PlainReport) -> TrainingData:
    """Read, choose, corrupt, cut and move the rows of an experiment.

    Raises: ValueError in one sentence if the data is not there, or network or schedule do not fit it.
    """
    report(0.0, "reading the data")
    study = experiment.label_study
    root = str(data_root()) if needs_files(study) else ""
    train = choose_rows(study, open_rows(study.dataset, root))
    labels, _ = draw_given(study, train, lambda fraction, message: report(0.0, message))
    labels = edited(labels, train, experiment.edits)
    test = rows_of_pair(experiment, open_rows(study.dataset, root, "test"), train.classes)
    train, test = (replace(rows, x=as_images(study.dataset.name, rows.x)) for rows in (train, test))
    _check_fit(experiment, train.x)
    _check_memory(experiment, train, len(test.y), device)
    validation = validation_rows(experiment, labels.y_given)
    kept = pick(train, np.flatnonzero(~validation)) if validation.any() else train  # a view where it is all of them
    batch_size = experiment.schedule.batch_size
    require(batch_size <= len(kept.y), "batch_size", f"at most the {len(kept.y):,} rows to train on", batch_size)
    report(0.0, "moving the data to the device")
    scaling = scaling_of(study.dataset.name, kept.x)
    colour = isinstance(experiment.backbone, COLOUR_ONLY)

    def labelled(rows: LabRows, y_given: ndarray, y_clean: ndarray | None) -> Labelled:
        inputs = Rows(rows.x, device, scaling=scaling, colour=colour)
        return Labelled(
            inputs,
            torch.tensor(y_given, device=device),
            None if y_clean is None else torch.tensor(y_clean, device=device),
        )

    parts = {"train": labelled(kept, labels.y_given[~validation], kept.y)}
    if validation.any():
        held_out = pick(train, np.flatnonzero(validation))
        parts["val"] = labelled(held_out, labels.y_given[validation], held_out.y)
    if len(test.y):
        parts["test"] = labelled(test, test.y, None)
    return TrainingData(
        parts=parts,
        y_given=labels.y_given[~validation],
        y_clean=kept.y,
        index=kept.index,
        val_index=train.index[validation],
        test_y=test.y,
        labels=labels,
        classes=train.classes,
    )


def edited(labels: NoisyLabels, train: LabRows, edits: tuple[tuple[int, int], ...]) -> NoisyLabels:
    """The labels after some were set, by row numbers in the data set. Raises: ValueError if a row is not there."""
    if not edits:
        return labels
    rows, new = np.array(edits).T
    order = np.argsort(train.index)
    places = order[np.minimum(np.searchsorted(train.index, rows, sorter=order), len(order) - 1)]
    there = train.index[places] == rows
    require(bool(there.all()), "rows of edits", "among the training rows", rows[~there][:3].tolist())
    require(int(new.max()) < len(train.classes), "labels of edits", f"below {len(train.classes)}", int(new.max()))
    y_given = labels.y_given.copy()
    y_given[places] = new
    changed = y_given != train.y
    return replace(labels, y_given=y_given, changed=changed, flip_rate=float(changed.mean()))


def as_images(name: str, x: Any) -> Any:
    """Rows of a set that is known to hold images as images (n, h, w, c); others as they are."""
    known = DATASETS.get(name)
    return x if known is None or known.image is None else x.reshape(len(x), *known.image)


def scaling_of(name: str, x: Any) -> Scaling | None:
    """Published constants, those of the training rows, or none where the rows are on one scale as they come.

    Tables that ship with the lab are standardised already, and digits are pixels / 16 (science: protocol D).
    """
    if name in PUBLISHED:
        return PUBLISHED[name]
    return None if name in DATASETS and x.dtype == np.float32 else Scaling.of_rows(x)


def validation_rows(experiment: Experiment, y_given: Int[ndarray, " n"]) -> Bool[ndarray, " n"]:
    """A tenth of the training rows, stratified by given label, if early stopping needs them."""
    chosen = np.zeros(len(y_given), dtype=bool)
    if experiment.schedule.early_stopping != "off":
        n = len(y_given) // VALIDATION_SHARE
        chosen[stratified(y_given, n, rng=numpy_rng(experiment.seeds.noise, "validation"))] = True
        require(n > 0, "early_stopping", f"'off' for fewer than {VALIDATION_SHARE} rows", len(y_given))
    return chosen


def rows_of_pair(experiment: Experiment, test: LabRows, classes: tuple[str, ...]) -> LabRows:
    """Test rows of the two classes alone, all of them, where the training rows are of two."""
    pair = experiment.imbalance
    if not isinstance(pair, RarePair):
        return test
    of_pair = pick(test, np.flatnonzero(np.isin(test.y, (pair.majority, pair.minority))))
    return replace(of_pair, y=(of_pair.y == pair.minority).astype(np.int64), classes=classes)


def _check_fit(experiment: Experiment, x: Any) -> None:
    backbone, schedule = experiment.backbone, experiment.schedule
    if len(x.shape) == 2:
        rule = "a fully connected network (DigitsMLP or ToyMLP) for a table of features"
        require(RULES[type(backbone)].sides is None, "backbone", rule, type(backbone).__name__)
        rule = "'none' for a table of features, without cutout"
        plain = schedule.augmentation == "none" and not schedule.cutout
        require(plain, "augmentation", rule, (schedule.augmentation, schedule.cutout))


def _check_memory(experiment: Experiment, train: LabRows, n_test: int, device: torch.device) -> None:
    """A process that takes more main memory than there is gets no error: it is killed."""
    pixels = train.x.dtype == np.uint8
    size = DataSize(len(train.y), n_test, len(train.classes), tuple(train.x.shape[1:]), pixels=pixels)
    needed, there = memory_bytes(experiment, size), usable_memory()
    rule = f"small enough for {there / 1e9:.1f} GB of memory (this training takes about {needed / 1e9:.1f} GB)"
    require(device.type != "cpu" or needed <= there, "batch_size", rule, experiment.schedule.batch_size)
