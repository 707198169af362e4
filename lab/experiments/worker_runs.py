"""Finished trainings as a study needs them: their arrays, their rows as they came, and small pictures of those."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8
from numpy import ndarray

from lab.data.dataset import take
from lab.data.vision import data_root
from lab.experiments.gallery import shipped
from lab.experiments.home import checkpoint_folder
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.store import store
from lab.experiments.worker_rows import needs_files, open_rows, pick
from lab.experiments.worker_training import run_training
from lab.experiments.worker_training_data import as_images, rows_of_pair
from lab.specs import Experiment


@dataclass(frozen=True, eq=False)
class Inputs:
    """Rows as they came: images (n, h, w, c), uint8 or float, or tables (n, d) of float32.

    Attributes:
        train: in the order of the run's `y_given`.
        test: in the order of its `test_y`.
    """

    train: Any
    test: Any


def finished(experiment: Experiment, report: PlainReport, *, part: float = 0.5) -> Run:
    """The run of an experiment: shipped, from the history, or trained now, which takes `part` of the progress.

    One that is trained here for a study is not written into the history. Raises: ValueError as `run_training` does.
    """
    found = shipped(experiment.digest) or store().load(experiment.digest)
    if found is not None:
        return found
    run = run_training(experiment, lambda fraction, message, *, point=None: report(part * fraction, message))
    shutil.rmtree(checkpoint_folder(experiment.digest), ignore_errors=True)
    return run


def inputs_of(run: Run) -> Inputs:
    """The rows on which a training was done and tested. Raises: ValueError if the data is no longer there."""
    study = run.request.label_study
    root = str(data_root()) if needs_files(study) else ""
    train = open_rows(study.dataset, root)
    own = pick(train, np.searchsorted(train.index, run.arrays["rows"]))
    test = rows_of_pair(run.request, open_rows(study.dataset, root, "test"), tuple(run.metrics["classes"]))
    return Inputs(as_images(study.dataset.name, own.x), as_images(study.dataset.name, test.x))


def thumbnails(x: Any, rows: Int[ndarray, " m"] | None = None, *, side: int = 32) -> UInt8[ndarray, "m h w c"] | None:
    """Pictures to look at, at most `side` pixels wide and high; None if the rows are no images.

    Args:
        x: images (n, h, w, c) in 0-255, or of floats on any scale, which are stretched to it together.
        rows: which of them; None means all.
    """
    if len(x.shape) != 4:
        return None
    images = np.asarray(take(x, np.arange(len(x)) if rows is None else rows))
    if images.dtype != np.uint8:
        low, high = float(images.min(initial=0)), float(images.max(initial=1))
        images = np.round((images - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
    step = -(-max(images.shape[1:3]) // side)
    if step == 1:
        return np.ascontiguousarray(images)
    h, w = images.shape[1] // step * step, images.shape[2] // step * step
    blocks = images[:, :h, :w].reshape(len(images), h // step, step, w // step, step, images.shape[3])
    return np.round(blocks.mean(axis=(2, 4))).astype(np.uint8)
