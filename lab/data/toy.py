"""The toy's points and its exact densities, so that every boundary on it can be compared with the truth.

The support of a class is a circular arc (of radius 0 for a blob). A point is a uniform point of the arc plus isotropic
Gaussian noise, so that the density of a class is an integral of Gaussians along its arc, here by Gauss-Legendre panels.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from lab.core.checks import check_integer, require
from lab.core.rng import numpy_rng
from lab.data.dataset import NoisyDataset
from lab.specs.toy import MIN_PER_CLASS, Toy

TEST_PER_CLASS = 3000
NODES_PER_PANEL = 8
PANEL = 3.0  # longest panel in units of sigma
PANEL_SWEEP = np.pi / 4  # and in radians, for arcs that are small beside sigma
CHUNK = 2_000_000  # kernel values held at once
MARGIN = 4.0  # the plotting box reaches this many sigma beyond the arcs


@dataclass(frozen=True)
class _Arc:
    centre: tuple[float, float]
    radius: float = 0.0
    start: float = 0.0  # radians
    sweep: float = 0.0

    def at(self, t: Float[ndarray, " n"]) -> Float[ndarray, "n 2"]:
        """Points of the arc; t in [0, 1] is the share of its length."""
        angle = self.start + self.sweep * t
        return np.array(self.centre) + self.radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _arcs(toy: Toy) -> tuple[_Arc, _Arc, _Arc]:
    if toy.shape == "gaussians":
        first, second, third = toy.separation * _Arc((0, 0), 1, np.pi / 2, 4 * np.pi / 3).at(np.array([0, 0.5, 1]))
        return _Arc(tuple(first)), _Arc(tuple(second)), _Arc(tuple(third))
    gap = np.sqrt(3) * toy.separation
    if toy.shape == "rings":
        return _Arc((0, 0)), _Arc((0, 0), gap, 0, 2 * np.pi), _Arc((0, 0), 2 * gap, 0, 2 * np.pi)
    upper, lower = _Arc((0, 0), 2 * gap, 0, np.pi), _Arc((2 * gap, gap), 2 * gap, np.pi, np.pi)
    return upper, lower, _Arc((-1.2 * gap, -0.6 * gap))


def make_toy(
    toy: Toy, *, rng: np.random.Generator, n_per_class: int | None = None
) -> tuple[Float[ndarray, "n 2"], Int[ndarray, " n"]]:
    """Draw points and their true classes, class by class.

    Args:
        toy: what to draw.
        rng: the only source of randomness; `toy.seed` is not read here.
        n_per_class: as many of every class instead of `toy.class_counts`, for a test set.
    Returns: x as float32 and y_clean.
    Raises: ValueError if `n_per_class` is not in [5, 1,000,000].
    """
    if n_per_class is not None:
        check_integer("n_per_class", n_per_class, MIN_PER_CLASS, 1_000_000)
    counts = toy.class_counts if n_per_class is None else (n_per_class,) * 3
    parts = [
        arc.at(rng.random(n)) + toy.spread * rng.standard_normal((n, 2))
        for arc, n in zip(_arcs(toy), counts, strict=True)
    ]
    return np.concatenate(parts).astype(np.float32), np.repeat(np.arange(3), counts)


def _nodes(arc: _Arc, spread: float) -> tuple[Float[ndarray, "m 2"], Float[ndarray, " m"]]:
    """Quadrature nodes of an arc, and weights that sum to 1."""
    if arc.radius == 0:
        return np.array([arc.centre], dtype=float), np.ones(1)
    n_panels = int(np.ceil(max(arc.radius * arc.sweep / (PANEL * spread), arc.sweep / PANEL_SWEEP)))
    t, w = np.polynomial.legendre.leggauss(NODES_PER_PANEL)
    t = (np.arange(n_panels)[:, None] + (t + 1) / 2).ravel() / n_panels
    return arc.at(t), np.tile(w / 2, n_panels) / n_panels


def _log_blur(
    x: Float[ndarray, "n 2"], nodes: Float[ndarray, "m 2"], weights: Float[ndarray, " m"], spread: float
) -> Float[ndarray, " n"]:
    exponent = (x @ nodes.T - (nodes**2).sum(axis=1) / 2 - (x**2).sum(axis=1, keepdims=True) / 2) / spread**2
    peak = exponent.max(axis=1)
    total = np.exp(exponent - peak[:, None]) @ weights
    return peak + np.log(total) - np.log(2 * np.pi * spread**2)


def log_density(toy: Toy, x: Float[ndarray, "n 2"]) -> Float[ndarray, "n 3"]:
    """log p(x | class), exact to 1e-6 relative near the mass; per unit area."""
    x = np.asarray(x, dtype=float)
    out = np.empty((len(x), 3))
    for c, arc in enumerate(_arcs(toy)):
        nodes, weights = _nodes(arc, toy.spread)
        step = max(1, CHUNK // len(nodes))
        for i in range(0, len(x), step):
            out[i : i + step, c] = _log_blur(x[i : i + step], nodes, weights, toy.spread)
    return out


def posterior(toy: Toy, x: Float[ndarray, "n 2"], priors: Float[ndarray, " 3"] | None = None) -> Float[ndarray, "n 3"]:
    """The clean class posterior eta(x); rows sum to 1.

    Args:
        toy: the densities.
        x: points.
        priors: class shares; the training set's own if None. The test set has equal ones.
    Raises: ValueError if `priors` are not positive.
    """
    priors = np.asarray(toy.class_counts if priors is None else priors, dtype=float)
    require(bool((priors > 0).all()), "priors", "positive", priors)
    joint = log_density(toy, x) + np.log(priors)
    eta = np.exp(joint - joint.max(axis=1, keepdims=True))
    return eta / eta.sum(axis=1, keepdims=True)


def bayes_labels(toy: Toy, x: Float[ndarray, "n 2"], priors: Float[ndarray, " 3"] | None = None) -> Int[ndarray, " n"]:
    """arg max eta(x): what the best possible classifier says."""
    return posterior(toy, x, priors).argmax(axis=1)


def noisy_bayes_labels(
    toy: Toy, x: Float[ndarray, "n 2"], T: Float[ndarray, "3 3"], priors: Float[ndarray, " 3"] | None = None
) -> Int[ndarray, " n"]:
    """arg max eta(x) T: the best guess of the *given* label. T[i, j] = P(given=j | clean=i)."""
    return (posterior(toy, x, priors) @ T).argmax(axis=1)


def extent(toy: Toy) -> tuple[float, float, float, float]:
    """A square box (x_low, x_high, y_low, y_high) around practically all mass."""
    outline = np.concatenate([arc.at(np.linspace(0, 1, 65)) for arc in _arcs(toy)])  # quarter turns are among them
    low, high = outline.min(axis=0), outline.max(axis=0)
    half = (high - low).max() / 2 + MARGIN * toy.spread
    (x, y) = (low + high) / 2
    return float(x - half), float(x + half), float(y - half), float(y + half)


def load_toy(toy: Toy) -> NoisyDataset:
    """Training points of the toy's seed, and a test set of 3,000 per class from an independent stream of it."""
    x, y = make_toy(toy, rng=numpy_rng(toy.seed, "toy train"))
    x_test, y_test = make_toy(toy, rng=numpy_rng(toy.seed, "toy test"), n_per_class=TEST_PER_CLASS)
    return NoisyDataset.from_parts(
        (x, y),
        test=(x_test, y_test),
        classes=toy.class_names,
        name="toy",
        options=asdict(toy),
        source="drawn by lab.data.toy",
    )
