"""The contour sum in torch gives what the compiled loops give."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lab.analysis import plurality
from lab.analysis.contour import contour, contours, quadratures
from lab.analysis.plurality import TIES, plurality_accuracy, plurality_accuracy_all
from lab.analysis.plurality_torch import win_probabilities_torch
from lab.core.rng import numpy_rng


def rows(n: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = numpy_rng(n_classes, "torch rows")
    q = rng.dirichlet(np.full(n_classes, 0.5), size=n)
    q[0] = np.eye(n_classes)[0]
    q[1, : n_classes // 2] = 0
    q[1] = q[1] / q[1].sum()
    q[2] = 1 / n_classes
    return q, rng.integers(n_classes, size=n)


def by_torch(q: np.ndarray, pieces: list, correct: np.ndarray, ties: str, device: str = "cpu") -> np.ndarray:
    own, rivals = plurality._duels(q, correct, ties)
    rules = quadratures((min(pieces[-1].high, q.shape[1]) + 1) // 2) if ties == "random" else None
    return np.concatenate([win_probabilities_torch(own, rivals, piece, rules, device) for piece in pieces], axis=1)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize(("n_classes", "k"), [(2, 1), (2, 30), (10, 2), (10, 101), (10, 1000), (60, 40)])
def test_torch_equals_the_compiled_loops(n_classes: int, k: int, ties: str) -> None:
    q, y = rows(12 if k < 1000 else 3, n_classes)
    ours = plurality_accuracy(q, k, y, ties=ties)
    np.testing.assert_allclose(by_torch(q, [contour(k, k)], y, ties)[:, 0], ours, atol=1e-12, rtol=0)


@pytest.mark.parametrize("ties", TIES)
def test_torch_equals_the_compiled_loops_for_every_k(ties: str) -> None:
    q, y = rows(5, 7)
    ours = plurality_accuracy_all(q, 60, y, ties=ties)
    np.testing.assert_allclose(by_torch(q, contours(60), y, ties), ours, atol=1e-11, rtol=0)


def test_the_device_is_an_argument() -> None:
    q, y = rows(4, 5)
    here = plurality_accuracy(q, 11, y, device=torch.device("cpu"))
    np.testing.assert_array_equal(here, plurality_accuracy(q, 11, y))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("ties", TIES)
def test_a_gpu_gives_the_same(ties: str) -> None:
    q, y = rows(500, 10)
    ours = plurality_accuracy_all(q, 101, y, ties=ties)
    np.testing.assert_allclose(plurality_accuracy_all(q, 101, y, ties=ties, device="cuda"), ours, atol=1e-11, rtol=0)
