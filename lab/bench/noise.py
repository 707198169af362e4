"""`lab bench noise`: a million labels beside the per-sample loop found in most public code for noisy labels.

Bars: every model with a matrix <= 0.2 CPU-s for a million labels in any mode; >= 50 times the loop. The loop draws one
multinomial for each sample; it is timed on 50,000 samples and counted twenty times.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from lab.bench.measure import medians
from lab.core.rng import numpy_rng
from lab.noise import MODES, Flip, MatrixNoise, RandomAsymmetric, Symmetric, Uniform, corrupt

N, N_LOOP, REPEATS = 1_000_000, 50_000, 5


def loop(y: np.ndarray, T: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One multinomial for each sample."""
    y_given = y.copy()
    for i, label in enumerate(y):
        y_given[i] = np.flatnonzero(rng.multinomial(1, T[label]))[0]
    return y_given


def main() -> None:
    """Print the medians, ours and the loop's in turn, and their ratio."""
    print(f"{N:,} labels, CPU-s on one thread, median of {REPEATS}; bars: <= 0.2 s and >= 50 times")
    models: list[MatrixNoise] = [Uniform(0.4), Symmetric(0.4), Flip(0.4), RandomAsymmetric(0.3)]
    for n_classes in (10, 100):
        y = numpy_rng(0, "labels").integers(n_classes, size=N)
        for noise in models:
            _compare(y, noise, n_classes)


def _compare(y: np.ndarray, noise: MatrixNoise, n_classes: int) -> None:
    T, rng = noise.transition(n_classes), numpy_rng(0, "noise")
    calls: dict[str, Callable[[], object]] = {
        mode: partial(corrupt, y, noise, rng=rng, n_classes=n_classes, mode=mode) for mode in MODES
    }
    times = medians(calls | {"loop": partial(loop, y[:N_LOOP], T, rng)}, REPEATS)
    theirs = times.pop("loop") * N / N_LOOP
    print(
        f"  {type(noise).__name__:16s} {n_classes:3d} classes: "
        + ", ".join(f"{mode} {seconds:.3f}" for mode, seconds in times.items())
        + f"; loop {theirs:.2f}; ratio {theirs / times['bernoulli']:.0f}"
    )


if __name__ == "__main__":
    main()
