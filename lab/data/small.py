"""scikit-learn's own small sets: they come with the package, so they work offline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.core.checks import check_choice, check_integer
from lab.core.rng import numpy_rng
from lab.data.arrays import from_arrays
from lab.data.dataset import NoisyDataset
from lab.data.rows import standardise, stratified


@dataclass(frozen=True)
class SmallSet:
    """rows: how many there are. n_test: how many are held out."""

    rows: int
    n_test: int


SMALL = {
    "digits": SmallSet(1797, 500),
    "wine": SmallSet(178, 60),
    "breast_cancer": SmallSet(569, 190),
    "iris": SmallSet(150, 50),
}


def load_small(name: str, *, seed: int = 0) -> NoisyDataset:
    """digits (64 pixels / 16), wine, breast_cancer or iris (standardised), with a stratified test part.

    Args:
        name: one of `SMALL`.
        seed: decides which rows are held out: 500 of digits, a third of the others.
    Raises: ValueError for an unknown name or a seed outside [0, 2**32).
    """
    check_choice("name", name, tuple(SMALL))
    check_integer("seed", seed, 0, 2**32 - 1)
    from sklearn import datasets

    raw = getattr(datasets, f"load_{name}")()
    y = raw.target.astype(np.int64)
    split = np.zeros(len(y), dtype=np.int8)
    split[stratified(y, SMALL[name].n_test, rng=numpy_rng(seed, f"{name} split"))] = 2
    names = [str(c) for c in raw.target_names]
    dataset = from_arrays(
        raw.data / 16 if name == "digits" else raw.data,
        y,
        y_clean=y,
        split=split,
        classes=names,
        name=name,
        options={"seed": seed},
        source="scikit-learn",
    )
    return dataset if name == "digits" else standardise(dataset)
