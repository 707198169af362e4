"""What a map of features is worth, and how well each layer of a network keeps the classes apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from lab.analysis.silhouette import silhouettes
from lab.core.checks import check_choice, check_integer, check_labels, require
from lab.neighbors import NeighborTable
from lab.neighbors.search import METRICS, check_features, comparable

MOST_ROWS = 2000  # of which trustworthiness is the mean
CHUNK = 2**22  # distances held at a time


def trustworthiness(features: Any, coordinates: Any, *, n_neighbors: int = 10, metric: str = "l2") -> float:
    """How far neighbours on the map are neighbours among the features: 1 = all of them, 0.5 = no more than chance.

    A neighbour on the map that is the r-th among the features is punished by r - n_neighbors, if that is positive.
    Above 2,000 rows it is the mean over 2,000 evenly spaced ones.

    Args:
        features: `(n, d)`. coordinates: `(n, 2)`. n_neighbors: below n / 2.
    Raises: ValueError if the arrays do not match or are not finite, or if n_neighbors is out of range.
    Source: Venna and Kaski, Neighborhood preservation in nonlinear projection methods, 2001. Departs from it: nothing.
    """
    check_choice("metric", metric, METRICS)
    features, coordinates = check_features("features", features), check_features("coordinates", coordinates)
    n = len(features)
    require(len(coordinates) == n, "coordinates", f"{n} rows, one per row of features", len(coordinates))
    k = check_integer("n_neighbors", n_neighbors, 1, max(1, (n - 1) // 2))
    near = NeighborTable.build(coordinates, k_max=k).idx
    rows, _, _ = comparable(features, features, metric)
    judged = np.unique(np.linspace(0, n - 1, min(n, MOST_ROWS)).astype(np.int64))
    step = max(1, CHUNK // n)
    penalty = sum(_penalty(rows, near, judged[at : at + step], k) for at in range(0, len(judged), step))
    return 1 - 2 * penalty / (len(judged) * k * (2 * n - 3 * k - 1))


def _penalty(rows: Float32[ndarray, "n d"], near: ndarray, judged: ndarray, k: int) -> int:
    """By how many ranks, in sum, the k neighbours on the map of the `judged` rows exceed k among all rows."""
    d2 = (rows**2).sum(axis=1) - 2 * rows[judged] @ rows.T  # plus a number that is the same for a whole row
    d2[np.arange(len(judged)), judged] = np.inf
    found = np.take_along_axis(d2, near[judged], axis=1)
    closer = np.stack([(d2 < found[:, [j]]).sum(axis=1) for j in range(k)])
    return int(np.maximum(0, closer + 1 - k).sum())


@dataclass(frozen=True, slots=True)
class LayerScore:
    """One layer: its width, mean silhouette of the classes in [-1, 1], and accuracy of its nearest neighbours' vote.

    silhouette_error: standard error of that mean, where the rows are a sample of more.
    """

    tap: str
    n_features: int
    silhouette: float
    silhouette_error: float
    knn_accuracy: float


def layer_score(
    tap: str,
    output: Any,
    y: Any,
    *,
    y_given: Any = None,
    n_neighbors: int = 10,
    device: Any = "cpu",
    tick: Callable[[float], object] | None = None,
) -> LayerScore:
    """How well one layer keeps the classes apart. Takes n^2 distances twice, a block at a time: 50,000 rows will do.

    Args:
        output: `(n, ...)`, what the layer puts out; a feature map is laid out as one row.
        y: true classes `(n,)`, at least two.
        y_given: labels with which the neighbours vote, none voting for itself; `y` if left out.
        device: where distances are computed.
        tick: called often, with the part of the work that is done; may raise to stop.
    Raises: ValueError if an array is not finite or does not match `y`, or if there are fewer than two classes.
    Source: KED Figs 2 and 6. Departs from it: two numbers beside the pictures.
    """
    y = check_labels("y", y)
    votes = y if y_given is None else check_labels("y_given", y_given)
    n_classes = len(np.unique(y))
    require(2 <= n_classes < len(y), "y", "of at least two classes, and fewer than rows", n_classes)
    output = np.asarray(output)
    require(len(output) == len(y) == len(votes), tap, f"{len(y)} rows, one per label", len(output))
    rows = check_features(tap, output.reshape(len(output), -1))
    say = tick or (lambda fraction: None)
    searched = _running(lambda n: say(0.5 * n / len(y)))
    table = NeighborTable.build(rows, k_max=n_neighbors, device=device, tick=searched, thorough=False)
    each = silhouettes(rows, y, device=device, tick=lambda fraction: say(0.5 + 0.5 * fraction))
    return LayerScore(
        tap,
        rows.shape[1],
        float(each.mean()),
        float(each.std() / len(each) ** 0.5),
        float((table.predict(votes, n_neighbors) == y).mean()),
    )


def _running(say: Callable[[int], object]) -> Callable[[int], None]:
    """What says the sum of all it was told so far."""
    done = 0

    def add(n: int) -> None:
        nonlocal done
        done += n
        say(done)

    return add


def layer_study(
    taps: Mapping[str, Any], y: Any, *, y_given: Any = None, n_neighbors: int = 10
) -> tuple[LayerScore, ...]:
    """`layer_score` of every layer, in the order of `taps`: name -> output."""
    return tuple(layer_score(tap, output, y, y_given=y_given, n_neighbors=n_neighbors) for tap, output in taps.items())
