"""What a noise does to the labels of a data set: labels, rates, matrices, and a few samples to look at.

Nothing is trained, except the small clean model by which instance-dependent noise finds the hard samples. Digits
take 0.1 s, MNIST's 60,000 about 1 s, noise with a place 3 s more.
"""

from __future__ import annotations

import math
from time import perf_counter
from typing import Any

import numpy as np
from jaxtyping import Float32, Int, Shaped

from lab.core.rng import numpy_rng
from lab.data.dataset import take
from lab.data.vision import data_root
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_rows import Rows, at_home, choose_rows, clean_model, make_features, needs_files, open_rows
from lab.noise import (
    MAPS,
    Concentrated,
    InstanceDependent,
    LocallyConcentrated,
    MatrixNoise,
    NoisyLabels,
    Semantic,
    breaking_rate,
    concentration_index,
    corrupt,
    plurality_survives,
    rates_in_papers,
)
from lab.specs.datasets import DATASETS
from lab.specs.labels import LabelStudy

MAX_MAPPED = 5000  # points of the map, and samples among which neighbours are searched
N_NEIGHBORS = 10  # of the concentration index
PER_CLASS = 12  # samples shown of each given label
THUMBNAIL = 64  # pixels at most
PLACED = (LocallyConcentrated, Concentrated, InstanceDependent)


def run_labels(study: LabelStudy, report: PlainReport) -> Run:
    """Put the noise of a study on its labels and describe what came of it.

    Returns: arrays `index`, `y_clean`, `y_given`, `selected`, `changed`, the matrices `T` (if there is one) and
        `T_empirical`, `shown` rows with their `samples`, and for noise with a place the map: `mapped` rows, their
        places `map_all`, and `map_own` seen from their class alone.
    Raises: ValueError in one sentence if the data is not there, or the noise does not fit it.
    """
    start = perf_counter()
    report(0.05, "reading the data")
    rows = choose_rows(study, open_rows(study.dataset, str(data_root()) if needs_files(study) else ""))
    labels, features = draw_given(study, rows, report)
    report(0.8, "describing them")
    arrays = describe_arrays(study, rows, labels)
    metrics = describe_metrics(study, rows, labels)
    if features is not None:
        arrays |= make_map(features, rows.y, study.seed)
        metrics["concentration"] = describe_place(features, labels, rows.y, arrays["mapped"])
    return Run(request=study, metrics=metrics, arrays=arrays, seconds=perf_counter() - start)


def draw_given(
    study: LabelStudy, rows: Rows, report: PlainReport
) -> tuple[NoisyLabels, Float32[np.ndarray, "n d"] | None]:
    """The labels after the noise, and for noise with a place the features by which it was found."""
    features = probabilities = None
    if isinstance(study.noise, PLACED):
        report(0.3, "finding each sample’s place")
        features = make_features(rows.x)
        if isinstance(study.noise, InstanceDependent):
            report(0.5, "asking a small clean model which samples are hard")
            probabilities = clean_model(features, rows.y, len(rows.classes))
    report(0.6, "changing labels")
    labels = corrupt(
        rows.y,
        at_home(study.noise),
        rng=numpy_rng(study.seed, "noise"),
        n_classes=len(rows.classes),
        mode=study.mode,
        features=features,
        pred_probs=probabilities,
    )
    return labels, features


def describe_arrays(study: LabelStudy, rows: Rows, labels: NoisyLabels) -> dict[str, np.ndarray]:
    """Labels, matrices, and the samples to show."""
    small = np.uint8  # at most 200 classes
    shown = choose_shown(labels, len(rows.classes), numpy_rng(study.seed, "shown"))
    arrays: dict[str, np.ndarray] = {
        "index": rows.index.astype(np.int32),
        "y_clean": rows.y.astype(small),
        "y_given": labels.y_given.astype(small),
        "selected": labels.selected,
        "changed": labels.changed,
        "T_empirical": labels.T_empirical,
        "shown": shown.astype(np.int32),
        "samples": look(study.dataset.name, rows.x, shown),
    }
    return arrays if labels.T is None else arrays | {"T": labels.T}


def choose_shown(labels: NoisyLabels, n_classes: int, rng: np.random.Generator) -> Int[np.ndarray, " m"]:
    """A dozen rows of every given label, the wrong ones first and in the share that they have of all its rows."""
    chosen = []
    for c in range(n_classes):
        of_label = rng.permutation(np.flatnonzero(labels.y_given == c))
        wrong, right = of_label[labels.changed[of_label]], of_label[~labels.changed[of_label]]
        room = min(PER_CLASS, len(of_label))
        n_wrong = round(room * len(wrong) / max(len(of_label), 1))
        n_wrong = max(n_wrong, room - len(right), int(len(wrong) > 0))  # a rare mistake is shown too
        chosen += [wrong[:n_wrong], right[: room - n_wrong]]
    return np.concatenate(chosen)


def look(name: str, x: Any, idx: Int[np.ndarray, " m"]) -> Shaped[np.ndarray, "m ..."]:
    """Rows to look at: small uint8 images (m, h, w, c), or float32 features (m, d)."""
    x = np.asarray(take(x, idx)[:])
    known = DATASETS.get(name)
    if known is not None and known.image is not None:
        x = x.reshape(len(x), *known.image)
    if x.ndim < 4:
        return x.astype(np.float32)
    if x.dtype != np.uint8:
        low, high = float(x.min()), float(x.max())
        x = np.round((x - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    step = math.ceil(max(x.shape[1:3]) / THUMBNAIL)
    return x[:, ::step, ::step]


def describe_metrics(study: LabelStudy, rows: Rows, labels: NoisyLabels) -> dict[str, Any]:
    """Rates and counts as plain numbers."""
    n_classes = len(rows.classes)
    counts = np.bincount(rows.y, minlength=n_classes)
    seen = counts > 0
    T = labels.T if labels.T is not None else np.where(seen[:, None], labels.T_empirical, np.eye(n_classes))
    noise = study.noise
    breaking = breaking_rate(noise.corruption_matrix(n_classes)) if isinstance(noise, MatrixNoise) else None
    weight = source_weight(study, counts)
    return {
        "n": len(rows.y),
        "classes": list(rows.classes),
        "nominal_rate": labels.nominal_rate,
        "effective_rate": labels.effective_rate,
        "realised_rate": labels.flip_rate,
        "selected_rate": float(labels.selected.mean()),
        "n_changed": int(labels.changed.sum()),
        "counts_clean": counts.tolist(),
        "counts_given": np.bincount(labels.y_given, minlength=n_classes).tolist(),
        "survives": (plurality_survives(T) | ~seen).tolist(),
        "breaking_rate": None if breaking is None else [None if math.isinf(r) else float(r) for r in breaking],
        "source_weight": weight,
        "papers": [
            {"paper": p.paper, "name": p.name, "meaning": p.meaning, "unit": p.unit, "model": p.model, "rate": rate}
            for p, rate in rates_in_papers(
                labels.flip_rate if labels.T is None else labels.effective_rate, n_classes, weight
            )
        ],
    }


def source_weight(study: LabelStudy, counts: Int[np.ndarray, " c"]) -> float:
    """Share of the rows that is of a source class: of the noise's own map, else of the data set's usual one."""
    if isinstance(study.noise, Semantic):
        pairs: Any = study.noise.mapping
    else:
        known = DATASETS.get(study.dataset.name)
        usable = known is not None and known.maps and len(counts) == len(known.classes)
        pairs = list(MAPS[known.maps[0]].items()) if known is not None and usable else []
    sources = [i for i, _ in pairs]
    return float(counts[sources].sum() / counts.sum()) if sources else 0.5


def make_map(features: Float32[np.ndarray, "n d"], y: Int[np.ndarray, " n"], seed: int) -> dict[str, np.ndarray]:
    """Places in the plane of 5,000 rows at most: by the components of all classes, and by those of the own class."""
    n = len(features)
    mapped = np.sort(numpy_rng(seed, "map").choice(n, min(n, MAX_MAPPED), replace=False))
    own = np.zeros((len(mapped), 2), dtype=np.float32)
    for c in np.unique(y[mapped]):
        members = y[mapped] == c
        own[members] = plane(features[mapped[members]])
    return {"mapped": mapped.astype(np.int32), "map_all": plane(features[mapped]), "map_own": own}


def plane(x: Float32[np.ndarray, "m d"]) -> Float32[np.ndarray, "m 2"]:
    """The first two principal components; a missing one is 0."""
    _, _, axes = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    places = np.zeros((len(x), 2), dtype=np.float32)
    places[:, : len(axes[:2])] = (x - x.mean(axis=0)) @ axes[:2].T
    return places


def describe_place(
    features: Float32[np.ndarray, "n d"], labels: NoisyLabels, y: Int[np.ndarray, " n"], mapped: Int[np.ndarray, " m"]
) -> dict[str, Any]:
    """The concentration index among the mapped rows, and how full of wrong labels each class's region is."""
    k = min(N_NEIGHBORS, len(mapped) - 1)
    index = concentration_index(labels.changed[mapped], features=features[mapped], n_neighbors=k)
    place: dict[str, Any] = {
        "index": None if math.isnan(index) else index,
        "n_neighbors": k,
        "n_rows": len(mapped),
        "highest": None if not labels.flip_rate else 1 / labels.flip_rate,
    }
    if labels.region is not None:
        inside = labels.region.contains(features.astype(np.float64), y)
        place["wrong_inside"] = float(labels.changed[inside].mean()) if inside.any() else 0.0
        place["wrong_outside"] = float(labels.changed[~inside].mean()) if (~inside).any() else 0.0
        place["inside"] = float(inside.mean())
    return place
