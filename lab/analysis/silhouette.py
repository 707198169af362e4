"""How far the rows of one class lie together and away from those of others: every row against every other, in blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64, Int
from numpy import ndarray
from torch import Tensor

from lab.core.checks import check_labels, require
from lab.core.threads import threads
from lab.neighbors.search import allowed_threads, check_features, comparable, full_precision

ROWS, COLUMNS = 2048, 4096  # of the distances that are held at a time: 32 MB
SMALL = 2e9  # multiply-adds, below which a second thread costs more than it gives


def silhouettes(
    features: Any, y: Any, *, device: Any = "cpu", tick: Callable[[float], object] | None = None
) -> Float64[ndarray, " n"]:
    """The silhouette of every row, in [-1, 1]; 0 for the only row of a class. Takes n^2 distances, a block at a time.

    Args:
        features: `(n, d)`, finite. y: classes `(n,)`, at least two of them and fewer than n.
        device: where the distances are computed.
        tick: called after every block with the part of the work that is done; may raise to stop.
    Raises: ValueError if an argument is not as said.
    Source: Rousseeuw, Silhouettes, 1987. Departs from it: distances in float32, of rows that were moved to the mean of a
        class, so that near ones lose no digits.
    """
    features, y = check_features("features", features), check_labels("y", y)
    require(len(features) == len(y), "features", f"{len(y)} rows, one per label", len(features))
    _, classes, sizes = np.unique(y, return_inverse=True, return_counts=True)
    require(2 <= len(sizes) < len(y), "y", "of at least two classes, and fewer than rows", len(sizes))
    order = np.argsort(classes, kind="stable")
    rows, _, _ = comparable(features, features, "l2")
    n_threads = allowed_threads() if features.size * len(features) > SMALL else 1
    with threads(n_threads), full_precision(), torch.inference_mode():
        sums = _distance_sums(torch.from_numpy(rows[order]).to(device), sizes, tick)
    out = np.empty(len(y))
    out[order] = _from_sums(sums, classes[order], sizes)
    return out


def _distance_sums(
    rows: Float[Tensor, "n d"], sizes: Int[ndarray, " c"], tick: Callable[[float], object] | None
) -> Float64[ndarray, "n c"]:
    """The distances from each row to the rows of each class, added up; `rows` in the order of their classes.

    A block of two classes is measured once and counted for both.
    """
    n, ends = len(rows), np.cumsum(sizes)
    one_hot = torch.repeat_interleave(torch.eye(len(sizes)), torch.from_numpy(sizes), dim=0).to(rows.device)
    sums = torch.zeros(n, len(sizes), dtype=torch.float64, device="cpu")
    done, whole = 0, float(sum(int(size) * (n - int(end) + int(size)) for size, end in zip(sizes, ends, strict=True)))
    for c, (size, end) in enumerate(zip(sizes.tolist(), ends.tolist(), strict=True)):
        centre = rows[end - size : end].mean(dim=0)
        for top in range(end - size, end, ROWS):
            upper = slice(top, min(top + ROWS, end))
            here = rows[upper] - centre
            for left in range(end - size, n, COLUMNS):
                other = slice(left, min(left + COLUMNS, n))
                d = _distances(here, rows[other] - centre)
                d.diagonal(upper.start - other.start).zero_()  # of a row to itself, whatever rounding says
                sums[upper] += (d @ one_hot[other]).cpu()
                beyond = max(end, left)
                if beyond < other.stop:
                    sums[beyond : other.stop, c] += d[:, beyond - left :].sum(dim=0).cpu()
                done += d.numel()
                if tick is not None:
                    tick(done / whole)
    return sums.numpy()


def _distances(here: Float[Tensor, "a d"], there: Float[Tensor, "b d"]) -> Float[Tensor, "a b"]:
    d2 = torch.addmm(there.square().sum(dim=1), here, there.T, alpha=-2)
    return d2.add_(here.square().sum(dim=1)[:, None]).clamp_(min=0).sqrt_()


def _from_sums(
    sums: Float64[ndarray, "n c"], classes: Int[ndarray, " n"], sizes: Int[ndarray, " c"]
) -> Float64[ndarray, " n"]:
    everyone = np.arange(len(sums))
    inside = sums[everyone, classes] / np.maximum(1, sizes[classes] - 1)
    means = sums / sizes
    means[everyone, classes] = np.inf
    outside = means.min(axis=1)
    widest = np.maximum(inside, outside)
    found = np.divide(outside - inside, widest, out=np.zeros(len(sums)), where=widest > 0)
    return np.where(sizes[classes] > 1, found, 0.0)
