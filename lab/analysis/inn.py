"""INN: a label is believed if the network gives it a high probability all the way to the sample's neighbours.

The value of f at a sample is what a network that memorises gets wrong; between samples it has nothing to memorise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int, Int64
from numpy import ndarray
from numpy.polynomial import Legendre

from lab.analysis.inn_model import Predictor
from lab.core.checks import check_choice, check_integer, check_labels, require
from lab.neighbors import NeighborTable

QUADRATURES = ("trapezoid", "lobatto", "midpoint")
MOST_SEGMENTS = 1000


@dataclass(frozen=True, eq=False, slots=True)
class Segments:
    """f of every sample's given label at the nodes of the lines to its neighbours.

    Attributes:
        idx: the neighbours, nearest first.
        nodes: places on a line: 0 is the sample, 1 its neighbour.
        weights: of the nodes in the integral; they sum to 1.
        values: probability of the sample's given label; `values[i, l, h]` at node h of the line to `idx[i, l]`.
        n_pairs: unordered pairs among the lines; a pair of mutual neighbours is computed once.
        passes: rows put through the network: n + n_pairs times the number of nodes that are no data rows.
    """

    idx: Int[ndarray, "n l"]
    nodes: Float64[ndarray, " m"]
    weights: Float64[ndarray, " m"]
    values: Float32[ndarray, "n l m"]
    n_pairs: int
    passes: int

    @property
    def areas(self) -> Float64[ndarray, "n l"]:
        """The integral along each line."""
        return self.values @ self.weights

    @property
    def scores(self) -> Float64[ndarray, " n"]:
        """The INN score, the mean area."""
        return self.of_nearest(self.idx.shape[1])

    def of_nearest(self, n_neighbors: int) -> Float64[ndarray, " n"]:
        """The score from the first `n_neighbors` lines alone (INN Fig. 3)."""
        check_integer("n_neighbors", n_neighbors, 1, self.idx.shape[1])
        return self.areas[:, :n_neighbors].mean(axis=1).clip(0, 1)  # a float32 softmax may exceed 1 by its rounding


def inn_scores(
    predict_proba: Any,
    x: Any,
    y_given: Any,
    features: Any,
    *,
    n_neighbors: int = 10,
    n_segments: int = 10,
    precision: str = "float32",
    batch_size: int | None = None,
) -> Float64[ndarray, " n"]:
    """How far the given label is believed between each sample and its neighbours: in [0, 1], high = clean.

    I(x) = 1/L sum_l integral over t of f_y((1 - t) x + t x_l), by the trapezoidal rule with H segments. Where f is
    linear between samples, I = 1/2 + 1/2 (share of neighbours with the same given label), so that with a strict
    majority of right labels around every sample, clean I > 3/4 > wrong I.

    Args:
        predict_proba: f. A torch module (logits or probabilities; used in eval mode on its own device), or a function
            from rows to probabilities, which gets what `x` is: tensors on the device of `x`, or numpy arrays.
        x: `(n, ...)` inputs of f, array or tensor: table rows, features, or images, float or uint8. Lines are drawn in
            floats of the same units: f sees uint8 pixels as 0.0 to 255.0. Normalised, not augmented.
        y_given: `(n,)` labels, possibly wrong.
        features: `(n, d)`, in which neighbours are the nearest by L2: the paper's are the penultimate features of a
            network trained with cross-entropy. Or a `NeighborTable` from a self-search, searched once for many f.
        n_neighbors: L, from 1 to n - 1.
        n_segments: H, from 1 to 1000.
        precision: "bfloat16" for speed, on chips that have it; the ranks stay (rank correlation above .9999).
        batch_size: rows of x put through f at a time; None chooses by the device.
    Raises: ValueError if an argument breaks its rule or f does not give probabilities.
    Source: INN, Eq. 1 and Algorithm 1. Departs from it: the equation is printed "x + (1 - a x')"; read (1 - a) x'.
        Its Lemma 1 holds for a strict majority only. Endpoints are computed once, mutual neighbours' lines once.
    """
    options: dict[str, Any] = {"precision": precision, "batch_size": batch_size}
    return inn_segments(
        predict_proba, x, y_given, features, n_neighbors=n_neighbors, n_segments=n_segments, **options
    ).scores


def inn_preview(
    predict_proba: Any,
    x: Any,
    y_given: Any,
    features: Any,
    *,
    n_neighbors: int = 10,
    n_points: int = 2,
) -> Float64[ndarray, " n"]:
    """Nearly `inn_scores`, with about a quarter of its passes: Gauss-Lobatto quadrature, ends and `n_points` inside.

    On digits its ranks agree with the exact ones to .9999 with 2 points, .9996 with 1.
    Args and Raises: as `inn_scores`. Source: the lab's own.
    """
    options: dict[str, Any] = {"n_segments": check_integer("n_points", n_points, 0, 20) + 1, "quadrature": "lobatto"}
    return inn_segments(predict_proba, x, y_given, features, n_neighbors=n_neighbors, **options).scores


def inn_segments(
    predict_proba: Any,
    x: Any,
    y_given: Any,
    features: Any,
    *,
    n_neighbors: int = 10,
    n_segments: int = 10,
    quadrature: str = "trapezoid",
    precision: str = "float32",
    batch_size: int | None = None,
) -> Segments:
    """The scores with everything under them, for drawing.

    Args: as `inn_scores`, and
        quadrature: "trapezoid" (the paper's), "lobatto" (n_segments + 1 Gauss-Lobatto nodes, exact for polynomials up
            to degree 2 n_segments - 1), or "midpoint" (the middles of the segments; n_segments=1 is the paper's first
            idea, f at (x + x_l) / 2).
    Raises: ValueError as `inn_scores`.
    Source: INN, Eq. 1 and Figs. 1 and 3.
    """
    nodes, weights = quadrature_rule(quadrature, n_segments)
    model = Predictor(predict_proba, x, precision=precision, batch_size=batch_size)
    n = len(x)
    y = check_labels("y_given", _on_host(y_given))
    require(len(y) == n, "y_given", f"{n} labels, one per row of x", len(y))
    idx = _neighbors(features, n, n_neighbors, model.device)
    at_rows = model.at_rows()
    check_labels("y_given", y, at_rows.shape[1])
    row, neighbor = np.repeat(np.arange(n), n_neighbors), idx.ravel()
    keys, pair = np.unique(np.minimum(row, neighbor) * n + np.maximum(row, neighbor), return_inverse=True)
    pairs = np.stack(np.divmod(keys, n), axis=1)
    inner = model.between(pairs, nodes[1:-1], y[pairs])
    values = np.empty((n * n_neighbors, len(nodes)), dtype=np.float32)
    values[:, 0], values[:, -1] = at_rows[row, y[row]], at_rows[neighbor, y[row]]
    backward = row > neighbor  # pairs run from the lower row number to the higher; nodes lie symmetrically
    values[~backward, 1:-1] = inner[pair[~backward], :, 0]
    values[backward, 1:-1] = inner[pair[backward], ::-1, 1]
    return Segments(idx, nodes, weights, values.reshape(n, n_neighbors, -1), len(pairs), model.passes)


def quadrature_rule(quadrature: str, n_segments: int) -> tuple[Float64[ndarray, " m"], Float64[ndarray, " m"]]:
    """Nodes in [0, 1], both ends among them, symmetric about 1/2, and their weights."""
    check_choice("quadrature", quadrature, QUADRATURES)
    check_integer("n_segments", n_segments, 1, MOST_SEGMENTS)
    ends = np.array([0.0, 1.0])
    if quadrature == "midpoint":
        middles = (np.arange(n_segments) + 0.5) / n_segments
        return np.insert(ends, 1, middles), np.pad(np.full(n_segments, 1 / n_segments), 1)
    if quadrature == "trapezoid":
        weights = np.full(n_segments + 1, 1 / n_segments)
        weights[[0, -1]] /= 2
        return np.linspace(0, 1, n_segments + 1), weights
    legendre = Legendre.basis(n_segments)
    nodes = np.insert([-1.0, 1.0], 1, np.sort(legendre.deriv().roots()))
    return (1 + nodes) / 2, 1 / (n_segments * (n_segments + 1) * legendre(nodes) ** 2)


def _neighbors(features: Any, n: int, n_neighbors: int, device: Any) -> Int64[ndarray, "n l"]:
    """The neighbours of every row, itself left out."""
    check_integer("n_neighbors", n_neighbors, 1, n - 1)
    if not isinstance(features, NeighborTable):
        features = _on_host(features)
        require(len(features) == n, "features", f"{n} rows, one per row of x", len(features))
        features = NeighborTable.build(features, k_max=n_neighbors, device=device)
    idx = features.idx[:, :n_neighbors].astype(np.int64)
    fits = idx.shape == (n, n_neighbors) and features.n_reference == n and (idx != np.arange(n)[:, None]).all()
    rule = f"a self-search of {n} rows with at least {n_neighbors} neighbours"
    require(bool(fits), "features", rule, f"{features.idx.shape} of {features.n_reference}")
    return idx


def _on_host(values: Any) -> Any:
    """A tensor as an array; anything else as numpy reads it."""
    return values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
