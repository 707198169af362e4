"""The K whose vote a measured curve amounts to."""

from __future__ import annotations

import numpy as np
import pytest

from lab.analysis.effective_k import effective_k, effective_k_by_epoch
from lab.analysis.plurality_noise import expected_accuracy, one_hot
from lab.core.rng import numpy_rng
from lab.noise import Uniform

RATES = np.array([0.2, 0.5, 0.7, 0.9])
P = np.full((5, 5), 0.2)


def clean_distributions() -> tuple[np.ndarray, np.ndarray]:
    rng = numpy_rng(5, "clean")
    y = rng.integers(5, size=15)
    return 0.7 * one_hot(y, 5) + 0.3 * rng.dirichlet(np.full(5, 0.2), size=15), y


def curve_of(k: int) -> list[float]:
    c, y = clean_distributions()
    return [expected_accuracy(c, Uniform(rate).transition(5), k, y) for rate in RATES]


@pytest.mark.parametrize("k", [3, 20, 57])
def test_the_effective_k_of_k_neighbours_is_k(k: int) -> None:
    c, y = clean_distributions()
    found = effective_k(RATES, curve_of(k), c, P, y, k_max=60)
    assert found.k == k
    assert found.error < 1e-10
    np.testing.assert_allclose(found.accuracies, curve_of(k), atol=1e-10)
    assert found.errors.shape == (60,)


def test_a_network_that_memorises_is_read_epoch_by_epoch() -> None:
    c, y = clean_distributions()
    ks = [40, 21, 9, 3, 1]
    measured = np.array([curve_of(k) for k in ks])
    found = effective_k_by_epoch(RATES, measured, c, P, y, k_max=50)
    assert found.k.tolist() == ks
    assert (found.error < 1e-10).all()
    one = effective_k(RATES, measured[2] * 0.99, c, P, y, k_max=50)
    again = effective_k_by_epoch(RATES, measured * 0.99, c, P, y, k_max=50)
    assert again.k[2] == one.k
    np.testing.assert_allclose(again.errors[2], one.errors)
    np.testing.assert_allclose(again.expected[:, one.k - 1], one.accuracies)


def test_the_smallest_of_equally_good_ks_is_taken() -> None:
    y = np.arange(3)
    found = effective_k([0.0, 0.0], [1.0, 1.0], one_hot(y, 3), np.full((3, 3), 1 / 3), y, k_max=9)
    assert found.k == 1


def test_wrong_arguments_are_named() -> None:
    c, y = clean_distributions()
    for call, message in [
        (lambda: effective_k([0.1, 0.2], [0.5], c, P, y), r"accuracies must be one for each of 2 rates"),
        (lambda: effective_k([0.1], [1.5], c, P, y), r"accuracies must be a finite number in \[0, 1\], got 1.5"),
        (lambda: effective_k([0.1], [[0.5]], c, P, y), r"accuracies must be one-dimensional, got \(1, 1\)"),
        (lambda: effective_k([], [], c, P, y), r"rates must be one-dimensional and not empty, got \(0,\)"),
        (lambda: effective_k([0.1], [0.5], c, P, y, k_max=0), "k_max must be an integer >= 1, got 0"),
        (lambda: effective_k([0.1], [0.5], c[:0], P, y[:0]), "c must be at least one row"),
        (lambda: effective_k_by_epoch([0.1], [0.5], c, P, y), r"accuracies must be one for each of 1 rates"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
