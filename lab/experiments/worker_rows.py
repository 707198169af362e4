"""Which rows a label study has, and what noise with a place needs to know of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Int

from lab.core.checks import require
from lab.core.rng import numpy_rng
from lab.data import load
from lab.data.dataset import PARTS, NoisyDataset, take
from lab.data.registry import loader_of
from lab.data.rows import stratified
from lab.data.vision import data_root
from lab.noise import HumanLabels, Noise, imbalanced_pair, keep_fractions
from lab.specs.datasets import DATASETS
from lab.specs.labels import DataSource, LabelStudy, RarePair

MAX_CLASSES = 200  # beyond that a transition matrix is nothing to look at
MAX_ROWS = 5000  # that components are fitted to
N_COMPONENTS = 50
N_FOLDS, MAX_FITTED = 3, 3000  # of the small clean model


@dataclass(frozen=True)
class Rows:
    """Clean rows of a data set. `index` is the row number in the data set as its publisher orders it."""

    x: Any
    y: Int[np.ndarray, " n"]
    index: Int[np.ndarray, " n"]
    classes: tuple[str, ...]


def needs_files(study: LabelStudy) -> bool:
    """Whether anything must be read from LAB_DATA."""
    known = DATASETS.get(study.dataset.name)
    return known is None or known.marker is not None or isinstance(study.noise, HumanLabels)


def at_home(noise: Noise) -> Noise:
    """The noise with paths made of LAB_DATA and their name in the study."""
    return replace(noise, path=str(data_root() / noise.path)) if isinstance(noise, HumanLabels) else noise


@lru_cache(maxsize=2)
def open_dataset(source: DataSource, root: str) -> NoisyDataset:
    """A data set; the latest two are kept open. `root` only tells one LAB_DATA from another."""
    if source.name in DATASETS:
        dataset = load(source.name)
    else:
        path = data_root() / source.name
        label = {} if source.label is None else {"label": source.label}
        size = {"image_size": 32} if path.is_dir() and loader_of(path).__name__ == "load_folder" else {}
        dataset = load(path, **label, **size)
    require(dataset.n_classes <= MAX_CLASSES, "number of classes", f"at most {MAX_CLASSES}", dataset.n_classes)
    return dataset


def open_rows(source: DataSource, root: str, part: str = "train") -> Rows:
    """All rows of a part, with the labels that are taken as true: of one's own data those that are given."""
    dataset = open_dataset(source, root)
    index = np.flatnonzero(dataset.split == PARTS.index(part))
    y = dataset.y_given if dataset.y_clean is None else dataset.y_clean
    return Rows(take(dataset.x, dataset.rows(part)), y[index], index, dataset.classes)


def choose_rows(study: LabelStudy, rows: Rows) -> Rows:
    """The rows that the study keeps: a stratified subset, then the imbalance."""
    if study.dataset.n is not None:
        rule = f"at most the {len(rows.y)} training rows"
        require(study.dataset.n <= len(rows.y), "n", rule, study.dataset.n)
        rows = pick(rows, stratified(rows.y, study.dataset.n, rng=numpy_rng(study.seed, "subset")))
    imbalance, rng = study.imbalance, numpy_rng(study.seed, "imbalance")
    if imbalance is None:
        return rows
    if isinstance(imbalance, RarePair):
        pair = (imbalance.majority, imbalance.minority)
        kept = imbalanced_pair(rows.y, pair, rng=rng, minority_fraction=imbalance.fraction, one_based=False)
        names = (rows.classes[pair[0]], rows.classes[pair[1]])
        return replace(pick(rows, kept.idx), y=kept.y, classes=names)
    return pick(rows, keep_fractions(rows.y, {imbalance.class_index: imbalance.fraction}, rng=rng))


def pick(rows: Rows, idx: Int[np.ndarray, " m"]) -> Rows:
    """These rows only."""
    return Rows(take(rows.x, idx), rows.y[idx], rows.index[idx], rows.classes)


def flat(x: Any) -> Float32[np.ndarray, "n d"]:
    """Inputs as rows of numbers; pixels in [0, 1]."""
    x = np.asarray(x[:] if not isinstance(x, np.ndarray) else x)
    scale = np.float32(1 / 255 if x.dtype == np.uint8 else 1)
    return x.reshape(len(x), -1).astype(np.float32) * scale


def make_features(x: Any) -> Float32[np.ndarray, "n d"]:
    """Where rows lie for noise that needs a place; see `fit_features`."""
    return fit_features(x)(x)


def fit_features(x: Any) -> Callable[[Any], Float32[np.ndarray, "n d"]]:
    """Rows to their first principal components, 50 at most, fitted to 5,000 rows of `x` at most.

    Source: DRO §4 uses the penultimate layer of a network. Departs from it: no network, so that a page answers at once.
    """
    from sklearn.decomposition import PCA

    n = len(x)
    sample = numpy_rng(0, "features").choice(n, min(n, MAX_ROWS), replace=False)
    known = flat(take(x, np.sort(sample)))
    pca = PCA(min(N_COMPONENTS, *known.shape), svd_solver="full" if known.shape[1] < 100 else "covariance_eigh")
    pca.fit(known)

    def features(rows: Any) -> Float32[np.ndarray, "n d"]:
        blocks = [pca.transform(flat(take(rows, slice(i, i + MAX_ROWS)))) for i in range(0, len(rows), MAX_ROWS)]
        return np.concatenate(blocks).astype(np.float32)

    return features


def clean_model(
    features: Float32[np.ndarray, "n d"], y: Int[np.ndarray, " n"], n_classes: int
) -> Float[np.ndarray, "n c"]:
    """Class probabilities of a logistic regression on clean labels, each row by a model that has not seen it."""
    from sklearn.linear_model import LogisticRegression

    rng = numpy_rng(0, "folds")
    fold = rng.permutation(np.arange(len(y)) % N_FOLDS)
    scaled = features / np.maximum(features.std(axis=0), 1e-6)
    probabilities = np.zeros((len(y), n_classes))
    for f in range(N_FOLDS):
        others = np.flatnonzero(fold != f)
        fitted = others[stratified(y[others], min(len(others), MAX_FITTED), rng=rng)]
        present = np.unique(y[fitted])
        require(len(present) > 1, "classes", "at least two with three rows each", len(present))
        model = LogisticRegression(C=0.1, max_iter=1000).fit(scaled[fitted], y[fitted])
        probabilities[np.ix_(fold == f, present)] = model.predict_proba(scaled[fold == f])
    return probabilities
