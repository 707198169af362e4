"""Network, kNN, kNet and fixed kNet on one training: KNET's tables and Fig. 3 for this setting, and what they cost.

The shipped digits take about 5 s on one slow core: five kNets, each half a second or so, and their figures for 101 k.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Int, Integer
from numpy import ndarray

from lab.analysis.cost import knn_memory, microseconds_per_query, network_memory
from lab.analysis.knet_comparison import disagreement, imitation
from lab.analysis.knet_field import knet_labels
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_comparison_ground import Ground, ground, trained_knet
from lab.experiments.worker_comparison_trust import calibrations, choices, noisy_labels, short
from lab.experiments.worker_runs import thumbnails
from lab.methods.knet_targets import sizes_of
from lab.neighbors import NeighborTable
from lab.nets.knet import FoldedKNet, KNetModule
from lab.specs import Comparison

N_SHOWN = 24  # neighbours of a row whose distance and picture are kept
N_TIMED = 200  # queries that are timed
TIMED_K = 51
PICTURE_BYTES = 48 * 2**20  # of all rows; beyond that pictures are 16 pixels wide


def run_comparison(comparison: Comparison, report: PlainReport) -> Run:
    """Compare the four on the training's test rows, for every k up to 101.

    Metrics: `accuracy` (`network`, lists `knn` and `knet` by k, `fixed` by k), `changes` (for `knn` and `knet` lists by k
        of `mended`, `broken`, `both_right`, `both_wrong`), `imitation`, `calibration`, `choice`, `cost`, `n_train`,
        `n_test`, `n_features`, `width`, `k_max`, `left_out`, `epoch` (that
        the weights are of), the training's rates and `classes`.
    Arrays: of every asked row `y`, `y_noisy` (drawn for calibration), `softmax`, `network`, `knn` and `knet` (labels by
        k), `neighbours`, `distances` (of the first 24), `knet_start`; `knet_k`, `knet_w`, `knet_b`, `knet_kappa`, with
        which kNet's answer to any k follows from `knet_start`; `y_given`, `y_clean`; `train_pictures` and
        `test_pictures` of images; `reliability_*` (by k, bin, and count, confidence, accuracy).
    Raises: ValueError in one sentence if it can not be carried out.
    """
    start = perf_counter()
    stand = ground(comparison, report)
    net, fixed = _trained(stand, report)
    folded = net.fold()
    report(0.8, "comparing them")
    votes = stand.table.predict_all(stand.y_given, stand.n_classes)
    answers = knet_labels(folded, stand.queries)[: stand.table.k_max].T
    noisy = noisy_labels(stand)
    calibrated, reliability = calibrations(stand, folded, noisy)
    metrics = _described(stand) | {
        "width": len(folded.b1),
        "accuracy": _accuracy(stand, votes, answers, fixed),
        "changes": {name: _changes(stand, labels) for name, labels in (("knn", votes), ("knet", answers))},
        "imitation": _imitation(stand, folded),
        "calibration": calibrated,
        "choice": choices(stand, noisy),
    }
    report(0.95, "measuring their time")
    metrics["cost"] = _cost(stand, net)
    arrays = _rows(stand, noisy, votes, answers) | _knet_parts(stand, folded) | reliability | _pictures(stand)
    return Run(comparison, metrics, arrays, perf_counter() - start)


def _trained(stand: Ground, report: PlainReport) -> tuple[KNetModule, dict[int, KNetModule]]:
    """kNet, and the fixed ones for each k that there are neighbours for."""
    config, targets = stand.comparison.knet, stand.targets()
    fixed_ks = [k for k in config.fixed_ks if k <= sizes_of(targets)[1]]
    trained: list[KNetModule] = []
    for k in (None, *fixed_ks):
        done = len(trained)
        what = "training kNet" if k is None else f"training the fixed kNet of k = {k}"

        def part(fraction: float, message: str, done: int = done) -> None:
            report(0.45 + 0.35 * (done + fraction) / (1 + len(fixed_ks)), message)

        trained.append(trained_knet(stand, targets, config, part, what, fixed_k=k))
    return trained[0], dict(zip(fixed_ks, trained[1:], strict=True))


def _described(stand: Ground) -> dict[str, Any]:
    metrics, (n, d) = stand.run.metrics, stand.reference.shape
    kept = ("classes", "nominal_rate", "effective_rate", "realised_rate", "uses_clean_labels")
    best = stand.comparison.weights == "best"
    return {name: metrics[name] for name in kept} | {
        "n_train": n,
        "n_test": len(stand.y),
        "n_features": d,
        "k_max": stand.table.k_max,
        "left_out": stand.left_out,
        "epoch": metrics["best_epoch"] if best else metrics["last"]["epoch"],
    }


def _accuracy(
    stand: Ground, votes: Integer[ndarray, "m k"], answers: Integer[ndarray, "m k"], fixed: dict[int, KNetModule]
) -> dict[str, Any]:
    of_fixed = {
        str(k): float((knet_labels(net.fold(), stand.queries)[k - 1] == stand.y).mean()) for k, net in fixed.items()
    }
    return {
        "network": float((stand.softmax.argmax(axis=1) == stand.y).mean()),
        "knn": short((votes == stand.y[:, None]).mean(axis=0)),
        "knet": short((answers == stand.y[:, None]).mean(axis=0)),
        "fixed": of_fixed,
    }


def _changes(stand: Ground, labels: Integer[ndarray, "m k"]) -> dict[str, list[int]]:
    """How many rows of the network's a method mends and breaks, for every k."""
    network = stand.softmax.argmax(axis=1)
    each = [disagreement(network, column.astype(np.int64), stand.y) for column in labels.T]
    return {
        name: [len(getattr(one, name)) for one in each] for name in ("mended", "broken", "both_right", "both_wrong")
    }


def _imitation(stand: Ground, folded: FoldedKNet) -> dict[str, Any]:
    found = imitation(stand.table, stand.y_given, stand.n_classes, folded, stand.queries)
    curves = {name: short(getattr(found, name)) for name in ("difference", "max_knn", "max_knet")}
    return curves | {"closest_k": found.closest_k}


def _cost(stand: Ground, net: KNetModule) -> dict[str, Any]:
    """Numbers, bytes and microseconds of each part, on one thread of the CPU, `N_TIMED` queries at a time."""
    rows, features = stand.asked_rows()[:N_TIMED].numpy(), stand.queries[:N_TIMED]
    k = min(TIMED_K, stand.table.k_max)

    def votes(queries: Float32[ndarray, "m d"]) -> None:
        NeighborTable.build(
            stand.reference, queries, k_max=k, metric=stand.comparison.metric, z_score=stand.comparison.z_score
        ).predict(stand.y_given, k)

    def imitated(queries: Float32[ndarray, "m d"]) -> None:
        with torch.inference_mode():
            net(net.standardise(torch.from_numpy(queries)), torch.full((len(queries),), k)).argmax(dim=1)

    def network(inputs: Float32[ndarray, "m ..."]) -> None:
        with torch.inference_mode():
            stand.net(torch.from_numpy(inputs)).argmax(dim=1)

    parts = {
        "network": (network_memory(stand.net), microseconds_per_query(network, rows, repeats=3)),
        "knn": (knn_memory(stand.reference), microseconds_per_query(votes, features, repeats=3)),
        "knet": (network_memory(net), microseconds_per_query(imitated, features)),
    }
    told = {
        name: {"numbers": memory.numbers, "bytes": memory.bytes, "microseconds": taken}
        for name, (memory, taken) in parts.items()
    }
    return told | {"k": k, "queries": len(features)}


def _rows(
    stand: Ground, noisy: Int[ndarray, " m"], votes: Integer[ndarray, "m k"], answers: Integer[ndarray, "m k"]
) -> dict[str, ndarray]:
    small, index = np.uint8, np.min_scalar_type(len(stand.reference))
    return {
        "y": stand.y.astype(small),
        "y_noisy": noisy.astype(small),
        "y_given": stand.y_given.astype(small),
        "y_clean": stand.y_clean.astype(small),
        "softmax": stand.softmax.astype(np.float16),
        "network": stand.softmax.argmax(axis=1).astype(small),
        "knn": votes.astype(small),
        "knet": answers.astype(small),
        "neighbours": stand.table.idx.astype(index),
        "distances": stand.table.dist[:, :N_SHOWN].astype(np.float32),
    }


def _knet_parts(stand: Ground, folded: FoldedKNet) -> dict[str, ndarray]:
    """kNet from its first layer on: w relu(start + kappa(k) k) + b, the same function as `knet_probabilities`."""
    return {
        "knet_start": (stand.queries @ folded.w1.T + folded.b1).astype(np.float32),
        "knet_k": folded.wk,
        "knet_w": folded.w2,
        "knet_b": folded.b2,
        "knet_kappa": folded.kappa[: stand.table.k_max],
    }


def _pictures(stand: Ground) -> dict[str, ndarray]:
    """Small pictures of all rows, where they are images."""
    parts = {"train": stand.inputs.train} | ({} if stand.left_out else {"test": stand.inputs.test})
    if len(stand.inputs.train.shape) != 4:
        return {}
    pixels = sum(len(x) * min(32, x.shape[1]) * min(32, x.shape[2]) * x.shape[3] for x in parts.values())
    side = 32 if pixels <= PICTURE_BYTES else 16
    found = {f"{part}_pictures": thumbnails(x, side=side) for part, x in parts.items()}
    return {name: images for name, images in found.items() if images is not None}
