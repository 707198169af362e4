"""Put noise on labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from lab.core.checks import check_choice, check_integer, check_labels, require
from lab.noise.base import Noise, Request
from lab.noise.draw import MODES, check_stochastic, draw_labels
from lab.noise.models import MatrixNoise
from lab.noise.rates import effective_rate
from lab.noise.regions import Region


@dataclass(frozen=True, eq=False, kw_only=True)
class NoisyLabels:
    """Labels after noise, with everything one may ask about what was done.

    `selected` = drawn for corruption; `changed` = the label really differs. Under uniform noise a selected sample may
    draw its own label again, so never call `selected` wrong labels (DRO footnote 1).
    """

    y_given: Int[np.ndarray, " n"]
    selected: Bool[np.ndarray, " n"]
    changed: Bool[np.ndarray, " n"]
    T: Float[np.ndarray, "c c"] | None  # nominal; None where the noise depends on more than the class
    T_empirical: Float[np.ndarray, "c c"]  # what was drawn; the row of a class without samples is nan
    nominal_rate: float | None  # as the paper names it; None where it is a result
    effective_rate: float  # pi expected from T and the classes' shares; the realised rate where there is no T
    flip_rate: float  # pi realised: the fraction of labels changed
    region: Region | None = None  # where locally concentrated noise sits

    @property
    def class_flip_rates(self) -> Float[np.ndarray, " c"]:
        """rho: the realised fraction of each class that changed; nan for a class without samples."""
        return 1 - np.diag(self.T_empirical)


def corrupt(
    y: Shaped[np.ndarray, " n"],
    noise: Noise,
    *,
    rng: np.random.Generator,
    n_classes: int | None = None,
    mode: str = "bernoulli",
    features: Shaped[np.ndarray, "n d"] | None = None,
    pred_probs: Shaped[np.ndarray, "n c"] | None = None,
) -> NoisyLabels:
    """Put noise on clean labels. Same generator state, same labels; a higher rate only adds wrong ones.

    Args:
        y: clean class indices.
        noise: a noise model of `lab.noise`.
        rng: a stream of its own, such as `numpy_rng(seed, "noise")`; one seeded just like the generator that drew `y`
            repeats its numbers, and then who is selected depends on the class.
        n_classes: number of classes; None takes the largest label + 1.
        mode: "bernoulli" selects each sample on its own (a draw from row T[y]); "exact" selects floor(rate * n)
            samples; "exact_per_class" selects floor(rate * n_c) in every class.
        features: one row per sample, for noise with a place in feature space.
        pred_probs: class probabilities of a clean model, rows sum to 1, for instance-dependent noise.
    Raises: ValueError if an argument is out of range or one that the noise needs is missing.
    Source: DRO §3.1. Departs from it: nothing.
    """
    require(isinstance(noise, Noise), "noise", "a noise model of lab.noise", noise)
    require(isinstance(rng, np.random.Generator), "rng", "a numpy Generator", rng)
    check_choice("mode", mode, MODES)
    y = check_labels("y", y, n_classes)
    if n_classes is None:
        require(y.size > 0, "n_classes", "given when y is empty", n_classes)
        n_classes = max(int(y.max()) + 1, 2)
    check_integer("n_classes", n_classes, 2)
    request = Request(
        y=y,
        n_classes=n_classes,
        rng=rng,
        mode=mode,
        features=_rows("features", features, y),
        pred_probs=_rows("pred_probs", pred_probs, y),
    )
    answer = noise.relabel(request)
    T = noise.transition(n_classes) if isinstance(noise, MatrixNoise) else None
    return describe(y, answer.y_given, n_classes, selected=answer.selected, T=T, noise=noise, region=answer.region)


def describe(
    y_clean: Int[np.ndarray, " n"],
    y_given: Int[np.ndarray, " n"],
    n_classes: int,
    *,
    selected: Bool[np.ndarray, " n"] | None = None,
    T: Float[np.ndarray, "c c"] | None = None,
    noise: Noise | None = None,
    region: Region | None = None,
) -> NoisyLabels:
    """Everything one may ask about a pair of labellings; also of labels that came from elsewhere."""
    changed = y_given != y_clean
    flip_rate = float(changed.mean()) if changed.size else 0.0
    counts = np.bincount(y_clean, minlength=n_classes)
    return NoisyLabels(
        y_given=y_given,
        selected=changed if selected is None else selected,
        changed=changed,
        T=T,
        T_empirical=empirical_transition(y_clean, y_given, n_classes),
        nominal_rate=None if noise is None else noise.nominal_rate,
        effective_rate=flip_rate if T is None or not changed.size else effective_rate(T, counts),
        flip_rate=flip_rate,
        region=region,
    )


def empirical_transition(
    y_clean: Int[np.ndarray, " n"], y_given: Int[np.ndarray, " n"], n_classes: int
) -> Float[np.ndarray, "c c"]:
    """T[i, j] = share of class i that was given label j; the row of a class without samples is nan."""
    pairs = np.bincount(y_clean * n_classes + y_given, minlength=n_classes**2).reshape(n_classes, n_classes)
    totals = pairs.sum(axis=1, keepdims=True)
    return np.divide(pairs, totals, out=np.full(pairs.shape, np.nan), where=totals > 0)


def sample_given_labels(
    y_clean: Int[np.ndarray, " n"], T: Float[np.ndarray, "c c"], rng: np.random.Generator
) -> Int[np.ndarray, " n"]:
    """Each given label drawn from row T[y_clean]; a flip of probability 0 never happens.

    Raises: ValueError if the rows of T do not sum to 1, or a label has no row.
    """
    T = check_stochastic("T", T)
    return draw_labels(check_labels("y_clean", y_clean, len(T)), T, rng.random(len(y_clean)))


def _rows(name: str, values: np.ndarray | None, y: np.ndarray) -> Float[np.ndarray, "n d"] | None:
    """A finite matrix with one row per label, or None."""
    if values is None:
        return None
    values = np.asarray(values)
    require(values.ndim == 2 and len(values) == y.size, name, f"a matrix of {y.size} rows", values.shape)
    values = values.astype(np.float32 if values.dtype == np.float32 else np.float64, copy=False)
    infinite = values[~np.isfinite(values)]
    require(not infinite.size, name, "finite", infinite[:1].tolist())
    return values
