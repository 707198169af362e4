"""What a finished network answers, class by class and sample by sample, and what the labels around each sample say.

On 1,297 digits it takes 0.4 s on one slow core; 10,000 test rows among 50,000 take about 20 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from numpy import ndarray

from lab.analysis.chi_square import PreferredK, preferred_k
from lab.analysis.clean_distribution import neighbour_counts
from lab.analysis.concentrated_forecast import accuracy_by_region, regional_transitions
from lab.analysis.softmax_aggregates import aligned, pooled_aggregate, softmax_aggregates
from lab.core.rng import numpy_rng
from lab.data.rows import stratified
from lab.data.vision import data_root
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_labels import draw_given
from lab.experiments.worker_rows import choose_rows, fit_features, needs_files, open_rows
from lab.experiments.worker_runs import finished, inputs_of, thumbnails
from lab.experiments.worker_training_data import rows_of_pair
from lab.neighbors import NeighborTable
from lab.noise import Concentrated, LocallyConcentrated, MatrixNoise, empirical_transition
from lab.noise.models import alternatives
from lab.specs import Experiment
from lab.specs.aggregates import Aggregates

PARTS = ("all", "clean", "noisy")  # all samples, and for noise with a place those outside and inside of it
N_NEAR = 12  # neighbours whose pictures are kept
MOST_VOTES = 40_000_000  # neighbours that are searched in all: for more samples, a part of them is compared


@dataclass(frozen=True, eq=False)
class Answered:
    """The rows that a network is asked about: its test rows, or its training rows where there are none."""

    softmax: Float32[ndarray, "m c"]
    features: Float32[ndarray, "m d"]
    y: Int[ndarray, " m"]
    reference: Float32[ndarray, "n d"]  # features of the training rows
    own: Int[ndarray, " m"] | None  # the training row that each is; None for test rows


@dataclass(frozen=True, eq=False)
class Place:
    """Where noise sits: which test rows lie there, and P(given | clean) of the training rows elsewhere and there."""

    inside: Bool[ndarray, " m"]
    T_clean: Float[ndarray, "c c"]
    T_noisy: Float[ndarray, "c c"]


def run_aggregates(request: Aggregates, report: PlainReport) -> Run:
    """Median answers of a network, and its softmax beside the labels around each sample.

    Returns: arrays with a first axis over `metrics["parts"]`: `softmax_median`, `softmax_low`, `softmax_high` and the
        same of `near`, the histograms of each sample's neighbours at its preferred K, (parts, L + 1, L): a row a true
        class, the last one all classes turned so that the true one comes first; `theory` of the same shape, what
        the noise makes of a class's labels there; `counts` (parts, L + 1). Of every sample `distance` (chi-square, half
        form) and `preferred` (K). Of those to look at: `shown` (rows), `shown_among` (their places among the
        compared), `shown_y`, `shown_softmax`, `shown_inside`,
        `idx` (their neighbours among the training rows), `shown_pictures`; of the training rows `y_given`, `y_clean`,
        and `near_rows` with `near_pictures`.
    Raises: ValueError in one sentence if the data is not there, or the training can not be done.
    """
    start = perf_counter()
    run = finished(request.experiment, report)
    report(0.55, "finding where the noise sits")
    place = place_of(request.experiment, run)
    report(0.6, "comparing each softmax with its neighbours")
    asked = answered(run, request.epoch)
    compared = compared_rows(asked.y, max(request.ks))
    found, near, table = compare(request, run, asked, compared)
    report(0.9, "putting them together")
    arrays = diagrams(run, asked, compared, near, place)
    arrays |= {"distance": found.distance.astype(np.float32), "preferred": found.k.astype(np.uint16)}
    arrays |= shown_arrays(request, run, asked, compared, table, place)
    metrics = describe(request, run, asked, found, place)
    return Run(request, metrics, arrays, perf_counter() - start)


def answered(run: Run, epoch: str) -> Answered:
    """What a training recorded of the rows that are asked about; neighbours are its training rows."""
    arrays = run.arrays
    prefix = "best_" if epoch == "best" and "best_train_features" in arrays else ""
    reference = np.asarray(arrays[f"{prefix}train_features"], dtype=np.float32)
    part = "test" if len(arrays["test_y"]) else "train"
    return Answered(
        np.asarray(arrays[f"{prefix}{part}_softmax"], dtype=np.float32),
        np.asarray(arrays[f"{prefix}{part}_features"], dtype=np.float32),
        np.asarray(arrays["test_y" if part == "test" else "y_clean"], dtype=np.int64),
        reference,
        None if part == "test" else np.arange(len(reference)),
    )


def place_of(experiment: Experiment, run: Run) -> Place | None:
    """Where the noise sits; None where it has no place, or there are no test rows to lie in it."""
    if not isinstance(experiment.noise, LocallyConcentrated | Concentrated) or not len(run.arrays["test_y"]):
        return None
    study = experiment.label_study
    root = str(data_root()) if needs_files(study) else ""
    rows = choose_rows(study, open_rows(study.dataset, root))
    test = rows_of_pair(experiment, open_rows(study.dataset, root, "test"), rows.classes)
    labels, features = draw_given(study, rows, lambda fraction, message: None)
    assert labels.region is not None
    assert features is not None
    noisy = labels.region.contains(features.astype(np.float64), rows.y)
    T_noisy, T_clean = regional_transitions(rows.y, labels.y_given, noisy, len(rows.classes))
    return Place(labels.region.contains(fit_features(rows.x)(test.x).astype(np.float64), test.y), T_clean, T_noisy)


def compared_rows(y: Int[ndarray, " m"], k: int) -> Int[ndarray, " s"]:
    """The rows whose neighbours are looked for: all of them where memory allows."""
    return stratified(y, max(1, min(len(y), MOST_VOTES // k)), rng=numpy_rng(0, "compared"))


def compare(
    request: Aggregates, run: Run, asked: Answered, rows: Int[ndarray, " s"]
) -> tuple[PreferredK, Float[ndarray, "s c"], NeighborTable]:
    """Each softmax beside the labels on which the network was trained: distances, histograms at the preferred K."""
    y_given, n_classes = run.arrays["y_given"].astype(np.int64), len(run.metrics["classes"])
    own = None if asked.own is None else asked.own[rows]
    most = len(asked.reference) - (asked.own is not None)
    ks = [k for k in request.ks if k <= most] or [most]
    table = NeighborTable.build(asked.reference, asked.features[rows], k_max=ks[-1], own=own)
    found = preferred_k(table, y_given, asked.softmax[rows], ks=ks)
    near = np.empty((len(rows), n_classes))
    for k in np.unique(found.k):
        here = found.k == k
        near[here] = neighbour_counts(table, y_given, n_classes, int(k))[here] / k
    return found, near, table


def diagrams(
    run: Run,
    asked: Answered,
    compared: Int[ndarray, " s"],
    near: Float[ndarray, "s c"],
    place: Place | None,
) -> dict[str, ndarray]:
    """Medians and central halves of every part, of the softmax and of the neighbours' labels; and what theory says."""
    members = [np.ones(len(asked.y), dtype=bool), *([] if place is None else (~place.inside, place.inside))]
    found: dict[str, list[ndarray]] = {"counts": [], "theory": []}
    for who in members:
        for name, probs, rows in (("softmax", asked.softmax, None), ("near", near, compared)):
            y, among = (asked.y, who) if rows is None else (asked.y[rows], who[rows])
            single = softmax_aggregates(probs, y, among=among)
            pooled = pooled_aggregate(probs, y, among=among)
            for part in ("median", "low", "high"):
                stacked = np.vstack([getattr(single, part), getattr(pooled, part)]).astype(np.float32)
                found.setdefault(f"{name}_{part}", []).append(stacked)
        found["counts"].append(np.append(np.bincount(asked.y[who], minlength=len(single.counts)), who.sum()))
    for T in theories(run, place):
        mean = aligned(T, np.arange(len(T))).mean(axis=0)
        found["theory"].append(np.vstack([T, mean]).astype(np.float32))
    return {name: np.stack(arrays) for name, arrays in found.items()}


def theories(run: Run, place: Place | None) -> list[Float[ndarray, "c c"]]:
    """P(given | clean) of every part; where the noise has no matrix, as it was drawn."""
    noise, n_classes = run.request.noise, len(run.metrics["classes"])
    if isinstance(noise, MatrixNoise):
        return [noise.transition(n_classes)]
    y, given = (run.arrays[name].astype(np.int64) for name in ("y_clean", "y_given"))
    drawn = np.nan_to_num(empirical_transition(y, given, n_classes))
    return [drawn] if place is None else [drawn, place.T_clean, place.T_noisy]


def shown_arrays(
    request: Aggregates,
    run: Run,
    asked: Answered,
    compared: Int[ndarray, " s"],
    table: NeighborTable,
    place: Place | None,
) -> dict[str, ndarray]:
    """The samples to look at, their neighbours, and pictures of both."""
    among = stratified(asked.y[compared], min(request.n_shown, len(compared)), rng=numpy_rng(0, "shown"))
    rows, idx = compared[among], table.idx[among]
    near_rows = np.unique(idx[:, :N_NEAR])
    arrays: dict[str, ndarray] = {
        "shown": rows.astype(np.int32),
        "shown_among": among.astype(np.int32),  # among `distance` and `preferred`
        "shown_y": asked.y[rows].astype(np.uint8),
        "shown_softmax": asked.softmax[rows].astype(np.float32),
        "shown_inside": np.zeros(len(rows), dtype=bool) if place is None else place.inside[rows],
        "idx": idx.astype(np.uint16 if len(asked.reference) < 2**16 else np.int32),
        "y_given": run.arrays["y_given"],
        "y_clean": run.arrays["y_clean"],
        "train_rows": run.arrays["rows"],
        "near_rows": near_rows.astype(np.int32),
    }
    inputs = inputs_of(run)
    pictures = thumbnails(inputs.test if asked.own is None else inputs.train, rows)
    near_pictures = thumbnails(inputs.train, near_rows)
    if pictures is not None and near_pictures is not None:
        arrays |= {"shown_pictures": pictures, "near_pictures": near_pictures}
    return arrays


def describe(request: Aggregates, run: Run, asked: Answered, found: PreferredK, place: Place | None) -> dict[str, Any]:
    """What the page says about them."""
    predicted, m = asked.softmax.argmax(axis=1), run.metrics
    metrics: dict[str, Any] = {
        "classes": m["classes"],
        "parts": list(PARTS if place is not None else PARTS[:1]),
        "ks": found.ks.tolist(),
        "median_distance": found.median,  # half form; the other form is twice it
        "median_k": float(np.median(found.k)),
        "accuracy": float((predicted == asked.y).mean()),
        "n_asked": len(asked.y),
        "n_compared": len(found.distances),
        "n_train": len(asked.reference),
        "n_features": asked.reference.shape[1],
        "left_out": asked.own is not None,
        "epoch": m["best_epoch"] if request.epoch == "best" else m["last"]["epoch"],
        **{name: m[name] for name in ("nominal_rate", "effective_rate", "realised_rate", "uses_clean_labels")},
    }
    if place is not None:
        other = alternatives(run.request.noise.permutation, len(m["classes"]))
        by = accuracy_by_region(predicted, asked.y, place.inside, other)
        metrics["regions"] = {
            "share_noisy": float(place.inside.mean()),
            "clean": by.clean_region,
            "noisy": by.noisy_region,
            "alternative": by.alternative,
        }
    return metrics
