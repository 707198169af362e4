"""What every question about an uploaded file stands on: its rows where neighbours are looked for, and probabilities.

The latest file stays in the worker's memory for a while, so that one question after another does not read and search it
again; see `forget_uploads`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Int
from numpy import ndarray

from lab.core.checks import require
from lab.core.rng import numpy_rng
from lab.core.threads import threads, usable_cores
from lab.data.rows import stratified
from lab.data.uploaded import UploadedData
from lab.data.uploads import read_upload
from lab.experiments import uploads
from lab.experiments.progress import PlainReport
from lab.experiments.worker_held_out import held_out
from lab.experiments.worker_rows import flat, make_features
from lab.experiments.worker_upload_network import Plan, cross_fitted, softmax
from lab.experiments.worker_uploads import open_upload
from lab.neighbors import Neighborhoods
from lab.specs.upload_studies import UploadStudy

MOST_CLASSES, MOST_CELLS = 1000, 20_000_000  # classes, and rows times classes, that a study takes
AHEAD = 160  # neighbours of the one search: as many as the widest direct look of "every scale"
MOST_FITTED = 10_000  # rows that a logistic regression learns from
MOST_PIXELS = 200  # of a picture whose pixels are compared as they are
LARGE = 2e10  # multiply-adds from which on a search takes all cores
SECONDS_KEPT = uploads.GRACE  # that a file stays in memory after the last question
SHARE = {"reading": 0.05, "neighbours": 0.45, "probabilities": 0.6}  # of the whole study


@dataclass(frozen=True, eq=False)
class Ground:
    """An uploaded file, ready to be asked about.

    Attributes:
        near: its rows where neighbours are looked for; None where there are only probabilities.
        pred_probs: of every row, by a model that did not see it, or as uploaded.
        origin: where the probabilities come from, in words.
        logits, losses: of a network after every epoch, of rows that it did not see; None without a network.
        notes: what was done beyond reading, one sentence each.
    """

    data: UploadedData
    near: Neighborhoods | None
    pred_probs: Float[ndarray, "n c"]
    origin: str
    logits: Float32[ndarray, "e n c"] | None = None
    losses: Float32[ndarray, "e n"] | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def y(self) -> Int[ndarray, " n"]:
        """The given labels."""
        return self.data.y_given

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.data.classes)

    def inputs(self) -> Float32[ndarray, "n d"] | None:
        """What a network or a regression learns from, as columns; None where there is nothing but probabilities."""
        return inputs_of(self.data)

    def learned_from(self) -> ndarray | None:
        """What a network learns from where it has the choice: pictures as they are, else columns; or None."""
        pictures = self.data.images is not None and self.data.features is None
        return self.data.images if pictures else self.inputs()


class Course:
    """Says how far a longer computation is, stretch by stretch."""

    def __init__(self, report: PlainReport) -> None:
        self._report, self._message = report, ""
        self._low = self._high = self._done = 0.0

    def stretch(self, low: float, high: float, message: str) -> None:
        """From here to there; said at once."""
        self._low, self._high, self._message, self._done = low, high, message, 0.0
        self.at(0.0)

    def at(self, share: float, message: str = "") -> None:
        """So much of the stretch is done; raises to stop."""
        self._done = share
        self._report(self._low + (self._high - self._low) * min(share, 1.0), message or self._message)

    def rows(self, n: int) -> Callable[[int], None]:
        """A tick of `Neighborhoods` for a pass over so many rows."""
        return lambda rows: self.at(self._done + rows / n)


_kept: dict[UploadStudy, Ground] = {}
_lock = threading.Lock()
_timer: list[threading.Timer] = []


def forget_uploads() -> None:
    """Take every uploaded file out of this process's memory."""
    with _lock:
        _kept.clear()


def ground_of(study: UploadStudy, report: PlainReport) -> Ground:
    """The file of a study, read, searched and predicted; from memory if it was asked about a moment ago.

    Raises: ValueError in one sentence if it is not there any more, can not be read or has too many classes.
    """
    key = replace(study, n_neighbors=1)
    kept = uploads.path_of(study.upload).is_file()
    with _lock:
        found = _kept.get(key) if kept else None
    if found is None:
        forget_uploads()
        report(0.0, "reading the file")
        data = open_upload(study.upload, lambda part, words: report(SHARE["reading"] * part, words))
        found = prepare(data, study, report)
        with _lock:
            _kept.clear()  # one is enough, and it may be large
            _kept[key] = found
    _forget_later()
    return found


def ground_in(path: Path, study: UploadStudy, report: PlainReport) -> Ground:
    """The same for a file anywhere, and nothing is kept."""
    report(0.0, "reading the file")
    data = read_upload(path, study.upload, uploads.limits(), lambda part, words: report(SHARE["reading"] * part, words))
    return prepare(data, study, report)


def prepare(data: UploadedData, study: UploadStudy, report: PlainReport) -> Ground:
    """Search and predict what was read."""
    n, n_classes = len(data.y_given), len(data.classes)
    require(n_classes <= MOST_CLASSES, "labels", f"of at most {MOST_CLASSES:,} classes for a study", n_classes)
    rule = f"few enough that rows times classes are at most {MOST_CELLS:,}"
    require(n * n_classes <= MOST_CELLS, "rows and classes", rule, f"{n:,} x {n_classes:,}")
    course = Course(report)
    if study.space == "network":
        return _by_network(data, study, course)
    x = inputs_of(data)
    if x is None:
        assert data.pred_probs is not None
        return Ground(data, None, data.pred_probs, "the file")
    near, notes = searched(x, course, SHARE["reading"], SHARE["neighbours"]), _notes(data, x)
    if data.pred_probs is not None:
        return Ground(data, near, data.pred_probs, "the file", notes=notes)
    course.stretch(SHARE["neighbours"], SHARE["probabilities"], "predicting labels that were held out")
    probs = held_out(x, data.y_given, n_classes, most_rows=MOST_FITTED, tick=course.at)
    origin = "logistic regression on the columns, each row by a model that did not see it"
    return Ground(data, near, probs, origin, notes=notes)


def _notes(data: UploadedData, x: Float32[ndarray, "n d"]) -> tuple[str, ...]:
    """How pictures are compared."""
    if data.features is not None or data.images is None:
        return ()
    high, wide = data.images.shape[1:3]
    if x.shape[1] == int(np.prod(data.images.shape[1:])):
        return (f"Pictures are compared pixel by pixel, at {high} x {wide} pixels; a network sees more in them.",)
    words = f"Pictures are compared by the {x.shape[1]} principal components of {high} x {wide} pixels"
    return (f"{words}; a network sees more in them.",)


def inputs_of(data: UploadedData) -> Float32[ndarray, "n d"] | None:
    """Rows as numbers, on one scale as they were read; of larger pictures the principal components of the pixels."""
    if data.features is not None and data.features.shape[1]:
        return data.features
    if data.images is None:
        return None
    wide = int(np.prod(data.images.shape[1:])) > MOST_PIXELS
    return make_features(data.images) if wide else flat(data.images)


def searched(x: Float32[ndarray, "n d"], course: Course, low: float, high: float) -> Neighborhoods:
    """Rows whose neighbours are known."""
    near = Neighborhoods(x, ahead=AHEAD)
    course.stretch(low, high, "finding every row's neighbours")
    near.tick = course.rows(len(near))
    with threads(search_threads(near)):
        near.table(1)
    near.tick = lambda rows: None
    return near


def _by_network(data: UploadedData, study: UploadStudy, course: Course) -> Ground:
    """Neighbours by what networks answer to rows that they did not see: the one space that their folds share."""
    x = data.images if data.images is not None and data.features is None else inputs_of(data)
    require(x is not None, "space", "'columns' for a file of probabilities alone", study.space)
    plan = Plan.of(x, len(data.classes), study.backbone, study.epochs)
    course.stretch(SHARE["reading"], 0.55, "training networks")
    logits = cross_fitted(plan, data.y_given, n_folds=study.n_folds, seed=0, say=course.at)
    last, rows = logits[-1], np.arange(len(data.y_given))
    losses = np.stack([-np.log(np.maximum(softmax(epoch)[rows, data.y_given], 1e-12)) for epoch in logits])
    near = searched(last - last.mean(axis=1, keepdims=True), course, 0.55, SHARE["probabilities"])
    words = f"{study.n_folds} networks ({type(plan.backbone).__name__}), each row by one that did not see it"
    return Ground(data, near, softmax(last), words, logits, losses.astype(np.float32))


def search_threads(near: Neighborhoods | None) -> int:
    """All cores for a large search, else one."""
    return usable_cores() if near is not None and float(len(near)) * near.features.size >= LARGE else 1


def subset(ground: Ground, n: int, seed: int) -> Int[ndarray, " m"]:
    """At most n rows with the shares of their classes, ascending."""
    if len(ground.y) <= n:
        return np.arange(len(ground.y))
    return stratified(ground.y, n, rng=numpy_rng(seed, "subset"))


def _forget_later() -> None:
    with _lock:
        for timer in _timer:
            timer.cancel()
        _timer[:] = [threading.Timer(SECONDS_KEPT, forget_uploads)]
        _timer[0].daemon = True
        _timer[0].start()
