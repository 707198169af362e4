"""Repair the labels of an experiment episode by episode, and write down what a page shows of it.

Four episodes and the last training on the digits take about 3 s on one slow core.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from numpy import ndarray

from lab.core.checks import require
from lab.core.device import choose_device
from lab.core.threads import threads
from lab.data.vision import data_root
from lab.experiments.home import checkpoint_folder
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_rows import needs_files, open_rows, pick
from lab.experiments.worker_runs import thumbnails
from lab.experiments.worker_training import device_name
from lab.experiments.worker_training_data import TrainingData, as_images, load_training_data
from lab.methods.correction import correct
from lab.methods.correction_ground import Corrected, Ground, numbers_of
from lab.methods.knn_correction import flow
from lab.nets.registry import RULES, build
from lab.specs import Correction, Experiment
from lab.specs.budget import training_threads
from lab.train.objectives import row_loss
from lab.train.rows import placed

SMALL = np.uint8  # of labels: the worker takes at most 200 classes


def run_correction(study: Correction, report: PlainReport) -> Run:
    """Correct, from the last finished episode if there is one, and return what was recorded.

    Metrics: `initial` and `episodes` (each `recovery`, `flow` from the given labels and `step` from those before,
    `class_counts`, `changed`, and where there is a vote `reference_size`, `reference_clean`, `gamma`, `percent`, `k`;
    `test_last` and `test_best` of that episode's network), `final` (of the last network), `kept` (rows it is trained
    on), `kept_clean` (their share of right labels), rates, sizes, `classes`, `uses_clean_labels`, `seconds`, `device`.
    Arrays: `labels` (episodes + 1, n), first as given; `y_clean`, `rows` (numbers in the data set); `kept` and
    `reference` (episodes, n) as packed bits; of some rows that each episode changed `shown_rows`, `shown_episode`,
    `shown_neighbours` (m, 5) and `shown_votes` (m, 2: for the old and the new label); and where the data are images
    `pictures` of all these rows, whose numbers are `picture_rows`.
    Raises: ValueError in one sentence if it can not be carried out.
    """
    start, device, experiment = monotonic(), choose_device(), study.experiment
    with threads(training_threads(experiment.backbone)):
        data = load_training_data(experiment, device, lambda fraction, message: report(0.0, message))
        found = correct(ground_of(study.digest, experiment, data, device), study.method, report)
        report(1.0, "collecting what was recorded")
        arrays = collect(found, data) | pictures(experiment, data, found)
    seconds = monotonic() - start
    metrics = describe(study, data, found)
    return Run(study, metrics | {"seconds": seconds, "device": device_name(device)}, arrays, seconds)


def ground_of(name: str, experiment: Experiment, data: TrainingData, device: torch.device) -> Ground:
    """What a method stands on, its checkpoints under the digest `name`."""
    known = type(experiment.backbone) in RULES
    require(known, "backbone", "one that this lab can build", experiment.backbone)
    n_classes = len(data.classes)

    def network(generator: torch.Generator) -> torch.nn.Module:
        net = build(experiment.backbone, input_shape=data.input_shape, n_classes=n_classes, generator=generator)
        return placed(net, device)

    return Ground(
        parts=data.parts,
        network=network,
        loss=row_loss(experiment.method, None, device),  # type: ignore[arg-type]  # the study checks that it is a loss
        schedule=experiment.schedule,
        seeds=experiment.seeds,
        n_classes=n_classes,
        folder=checkpoint_folder(name),
    )


def collect(found: Corrected, data: TrainingData) -> dict[str, ndarray]:
    """The arrays of the run but for pictures."""
    some, n = found.outvoted, len(data.y_clean)
    episodes = [np.full(len(one.rows), i + 1) for i, one in enumerate(some)]
    empty = np.zeros(0, dtype=np.int32)
    return {
        "labels": np.stack(found.labels).astype(SMALL),
        "y_clean": data.y_clean.astype(SMALL),
        "rows": data.index.astype(np.int32),
        "kept": np.packbits(found.kept),
        "reference": np.packbits(np.stack(found.reference) if found.reference else np.zeros((0, n), bool), axis=1),
        "shown_rows": np.concatenate([empty, *(one.rows for one in some)]).astype(np.int32),
        "shown_episode": np.concatenate([empty, *episodes]).astype(SMALL),
        "shown_neighbours": np.concatenate([_padded(one.neighbours) for one in some] or [np.zeros((0, 5), np.int32)]),
        "shown_votes": np.concatenate([one.votes for one in some] or [np.zeros((0, 2))]).astype(np.int32),
    }


def _padded(neighbours: Int[ndarray, "m s"]) -> Int[ndarray, "m 5"]:
    """-1 where fewer than five voted."""
    missing = 5 - neighbours.shape[1]
    return np.pad(neighbours, ((0, 0), (0, missing)), constant_values=-1).astype(np.int32)


def pictures(experiment: Experiment, data: TrainingData, found: Corrected) -> dict[str, ndarray]:
    """Small pictures of the rows that are shown and of their voters; none where the rows are no images."""
    wanted = [array.ravel() for one in found.outvoted for array in (one.rows, one.neighbours)]
    rows = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *wanted])).astype(np.int64)
    source = experiment.label_study
    all_rows = open_rows(source.dataset, str(data_root()) if needs_files(source) else "")
    own = pick(all_rows, np.searchsorted(all_rows.index, data.index[rows]))
    small = thumbnails(as_images(source.dataset.name, own.x)) if len(rows) else None
    return {} if small is None else {"pictures": small, "picture_rows": rows.astype(np.int32)}


def describe(study: Correction, data: TrainingData, found: Corrected) -> dict[str, Any]:
    """The metrics of the run."""
    labels, clean = found.labels, data.y_clean
    n_classes = len(data.classes)
    episodes = []
    for i, numbers in enumerate(found.episodes):
        about = numbers | _about(labels[i + 1], clean, n_classes)
        about |= {"flow": flow(labels[0], labels[i + 1], clean), "step": flow(labels[i], labels[i + 1], clean)}
        about["changed"] = int((labels[i] != labels[i + 1]).sum())
        if found.reference:
            chosen = found.reference[i]
            about |= {"reference_size": int(chosen.sum()), "reference_clean": _share(labels[i] == clean, chosen)}
        episodes.append(about)
    assert found.final is not None
    return {
        "initial": _about(labels[0], clean, n_classes),
        "true_counts": np.bincount(clean, minlength=n_classes).tolist(),
        "episodes": episodes,
        "final": numbers_of(found.final),
        "kept": int(found.kept.sum()),
        "kept_clean": _share(labels[-1] == clean, found.kept),
        "left_out_right": int((~found.kept & (labels[-1] == clean)).sum()),
        "n_train": len(clean),
        "n_test": len(data.test_y),
        "nominal_rate": data.labels.nominal_rate,
        "effective_rate": data.labels.effective_rate,
        "realised_rate": data.labels.flip_rate,
        "classes": list(data.classes),
        "uses_clean_labels": study.uses_clean_labels,
    }


def _about(y: Int[ndarray, " n"], clean: Int[ndarray, " n"], n_classes: int) -> dict[str, Any]:
    return {"recovery": float((y == clean).mean()), "class_counts": np.bincount(y, minlength=n_classes).tolist()}


def _share(right: ndarray, among: ndarray) -> float | None:
    return float(right[among].mean()) if among.any() else None
