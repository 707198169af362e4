"""The dial from spread to local noise at a fixed rate, and the number that says where on it a labelling is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int

from lab.core.checks import check_integer, check_number, require
from lab.noise.base import Noise, Relabelled, Request, store
from lab.noise.draw import class_rows, count_of, lowest
from lab.noise.models import alternatives, plain_permutation
from lab.noise.regions import BallRegion, squared_distances


@dataclass(frozen=True, slots=True)
class Concentrated(Noise):
    """floor(rate * n_c) labels of each class change; a share `concentration` of them sits in one ball of the class.

    The ball holds just as many samples as there are wrong labels, around a sample drawn at random. So concentration
    0 is flip noise spread over the class, 1 is one wholly mislabelled place, and pi is the same at every setting.
    Needs `features`; modes do not apply.
    """

    about: ClassVar[str] = "A fixed fraction of each class is mislabelled, from spread all over it to one single place."
    source: ClassVar[str] = "the lab's own: DRO's two regimes (§3.3, §3.4) as ends of one scale"
    rate: float
    concentration: float
    permutation: Sequence[int] | None = None  # None: i -> (i+1) mod L

    def __post_init__(self) -> None:
        store(
            self,
            rate=check_number("rate", self.rate, 0, 1),
            concentration=check_number("concentration", self.concentration, 0, 1),
            permutation=plain_permutation(self.permutation),
        )

    @property
    def nominal_rate(self) -> float:
        """The fraction of labels changed."""
        return self.rate

    def relabel(self, request: Request) -> Relabelled:
        """Lay a ball in each class, change labels in it, and the remaining ones anywhere in the class."""
        y, x, rng = request.y, request.features, request.rng
        if x is None:
            raise ValueError("features must be given for concentrated noise, got None")
        other = alternatives(self.permutation, request.n_classes)
        region = BallRegion(np.full((request.n_classes, x.shape[1]), np.nan), np.full(request.n_classes, -1.0))
        in_ball, anywhere = rng.random(y.size), rng.random(y.size)  # one luck for both would spare the ball's rest
        selected = np.zeros(y.size, dtype=bool)
        for c, rows in class_rows(y, request.n_classes):
            centre = x[rows[rng.integers(rows.size)]]
            distance = np.sqrt(squared_distances(x[rows], centre[None])[:, 0])
            ball = lowest(distance, count_of(self.rate, rows.size))
            inside = ball[lowest(in_ball[rows[ball]], round(self.concentration * ball.size))]
            outside = np.setdiff1d(np.arange(rows.size), inside)
            spread = outside[lowest(anywhere[rows[outside]], ball.size - inside.size)]
            selected[rows[np.concatenate([inside, spread])]] = True
            region.centres[c] = centre
            region.radius[c] = distance[ball].max(initial=-1.0)
        return Relabelled(np.where(selected, other[y], y), selected, region)


def concentration_index(
    changed: Bool[np.ndarray, " n"],
    *,
    idx: Int[np.ndarray, "n k"] | None = None,
    features: Float[np.ndarray, "n d"] | None = None,
    n_neighbors: int = 10,
) -> float:
    """P(neighbour flipped | flipped) / pi: 1 when wrong labels are spread, 1/pi when they are never next to right ones.

    Noise that spares some classes reads above 1 too: there, wrong labels sit together by class.

    Args:
        changed: which labels are wrong.
        idx: neighbours of each sample, itself left out; or give `features` and they are searched here.
        n_neighbors: how many are searched, if they are.
    Returns: the index; nan if no label is wrong.
    Raises: ValueError unless exactly one of `idx` and `features` is given and fits.
    Source: the lab's own (after DRO's "concentration").
    """
    require((idx is None) != (features is None), "idx", "given, or features instead of it", "both or neither")
    if features is not None:
        idx = _neighbors(features, n_neighbors)
    assert idx is not None
    require(idx.ndim == 2 and len(idx) == changed.size, "idx", f"a matrix of {changed.size} rows", idx.shape)
    if not changed.any():
        return float("nan")
    return float(changed[idx[changed]].mean() / changed.mean())


def _neighbors(features: Float[np.ndarray, "n d"], n_neighbors: int) -> Int[np.ndarray, "n k"]:
    """Nearest rows of each row, itself left out also where rows repeat."""
    from sklearn.neighbors import NearestNeighbors

    check_integer("n_neighbors", n_neighbors, 1, len(features) - 1)
    return NearestNeighbors(n_neighbors=n_neighbors).fit(features).kneighbors(return_distance=False)
