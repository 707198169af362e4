"""Small files of one's own, with wrong labels that are known."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

import numpy as np
from numpy import ndarray
from sklearn import datasets

from lab.core.rng import numpy_rng
from lab.experiments import uploads
from lab.specs import Upload


class Planted(NamedTuple):
    """A CSV, the true labels of its rows, and the rows whose label is wrong."""

    data: bytes
    y_clean: ndarray
    wrong: ndarray


def planted_csv(name: str = "iris", *, n_wrong: int = 10, seed: int = 0, unlabelled: int = 0) -> Planted:
    """One of scikit-learn's sets as a CSV with a column `kind`; some first rows may have no label."""
    raw = getattr(datasets, f"load_{name}")()
    order = numpy_rng(seed, "order").permutation(len(raw.target))
    x, y = raw.data[order], raw.target[order].astype(np.int64)
    rng, n_classes = numpy_rng(seed, "planted"), int(y.max()) + 1
    wrong = np.sort(unlabelled + rng.choice(len(y) - unlabelled, n_wrong, replace=False))
    given = y.copy()
    given[wrong] = (given[wrong] + rng.integers(1, n_classes, n_wrong)) % n_classes
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(f"column {i}" for i in range(x.shape[1])), "kind"])
    for i, (row, label) in enumerate(zip(x, given, strict=True)):
        writer.writerow([*row.tolist(), "" if i < unlabelled else f"kind {label}"])
    return Planted(text.getvalue().encode(), y, wrong)


def kept(data: bytes, name: str = "flowers.csv", **how: object) -> Upload:
    """The bytes where the workers find them."""
    upload = uploads.keep(data, name)
    return Upload(digest=upload.digest, suffix=upload.suffix, **how)  # type: ignore[arg-type]
