"""One small message that holds everything the accuracy curves draw: JSON, because it is a few kilobytes.

A curve is a Chebyshev series of the noise level, so that the browser knows every level at once and dragging needs no
server. The reader on the other side is assets/forecast/payload.js and must change together with this file (`VERSION`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from lab.core.checks import check_integer, check_number, require

VERSION = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Networks:
    """Accuracy of trained networks at some noise levels: mean and standard deviation over their seeds.

    n_seeds: the least number at a level. clean_best: whether the best epoch was chosen by clean labels.
    Raises: ValueError where a number is not finite.
    """

    name: str
    levels: Float[ndarray, " levels"]
    last: Float[ndarray, "levels 2"]
    best: Float[ndarray, "levels 2"]
    n_seeds: int
    clean_best: bool

    def __post_init__(self) -> None:
        for name in ("levels", "last", "best"):
            array = getattr(self, name)
            require(bool(np.isfinite(array).all()), name, "finite", array[~np.isfinite(array)][:1].tolist())

    def plain(self) -> dict[str, object]:
        """As JSON."""
        return {
            "name": self.name,
            "levels": self.levels.tolist(),
            "last": self.last.tolist(),
            "best": self.best.tolist(),
            "n_seeds": self.n_seeds,
            "clean_best": self.clean_best,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Expected accuracy of several K against the noise level, and real votes at some levels.

    highest: the level at which the curves end; they begin at 0.
    coefficients: row i belongs to ks[i]: accuracy(level) = sum_j coefficients[i, j] cos(j arccos(2 level / highest - 1)).
    effective_factor: effective rate over nominal level.
    levels, mean, spread: where real votes were held, their mean accuracy over `n_draws` draws of the noise, and its
        standard deviation; no levels where none were held.
    breaking: the level from which on some class loses its plurality; None if there is none.
    outside: at `levels`, the share of asked rows outside the noisy places; given only for noise with a place, for
        which 1 - level is drawn too.
    networks: drawn over the curves; None for none.
    what: one line that says what is drawn.
    Raises: ValueError where a number is not finite or out of range.
    """

    what: str
    n_classes: int
    ks: tuple[int, ...]
    highest: float
    coefficients: Float[ndarray, "ks terms"]
    effective_factor: float
    breaking: float | None
    n_draws: int
    levels: Float[ndarray, " levels"]
    mean: Float[ndarray, "levels ks"]
    spread: Float[ndarray, "levels ks"]
    has_place: bool = False
    outside: Float[ndarray, " levels"] | None = None
    networks: Networks | None = None

    def __post_init__(self) -> None:
        check_integer("n_classes", self.n_classes, 2)
        check_number("highest", self.highest, 1e-6, 1)
        check_number("effective_factor", self.effective_factor, 0, 1)
        for name in ("coefficients", "mean", "spread"):
            array = getattr(self, name)
            require(bool(np.isfinite(array).all()), name, "finite", array[~np.isfinite(array)][:1].tolist())

    def __call__(self, level: float) -> Float[ndarray, " ks"]:
        """Accuracy of each K at a level in [0, highest], as the browser finds it."""
        level = check_number("level", level, 0, self.highest)
        return np.polynomial.chebyshev.chebval(2 * level / self.highest - 1, self.coefficients.T)


def encode(curves: Curves) -> bytes:
    """The message for the browser; numbers keep all their digits."""
    body = {
        "version": VERSION,
        "what": curves.what,
        "n_classes": curves.n_classes,
        "ks": list(curves.ks),
        "highest": curves.highest,
        "coefficients": curves.coefficients.tolist(),
        "effective_factor": curves.effective_factor,
        "breaking": curves.breaking,
        "n_draws": curves.n_draws,
        "levels": curves.levels.tolist(),
        "mean": curves.mean.tolist(),
        "spread": curves.spread.tolist(),
        "has_place": curves.has_place,
        "outside": None if curves.outside is None else curves.outside.tolist(),
        "networks": None if curves.networks is None else curves.networks.plain(),
    }
    return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
