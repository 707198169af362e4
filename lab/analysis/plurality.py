"""The exact probability that the correct label wins a vote of K neighbours (DRO, Theorem 1).

The votes n ~ Multinomial(K, q) are independent n_j ~ Poisson(r q_j) given that they sum to K. So the probability is one
coefficient of a sum of products of small polynomials, and a coefficient is an average over points of the unit circle:

    Q = [z^K] sum_a p_y(a) z^a prod_{j != y} F_j(a; z) / P(Poisson(r) = K),    F_j(a; z) = sum_{n < a} p_j(n) z^n

with p_j the Poisson probabilities and a the correct label's votes. Everything is a probability, so nothing overflows;
the error is absolute: below 1e-13 for one K up to 1000, and 1e-11 where several K share r.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped
from numpy import ndarray

from lab.analysis.contour import Contour, Quadratures, contour, contours, quadratures
from lab.analysis.plurality_kernels import win_probabilities
from lab.core.checks import check_choice, check_integer, check_labels, require

TIES = ("wrong", "random", "lowest", "optimistic")
SUM_TOLERANCE = 1e-9


def plurality_accuracy(
    q: Any, k: int, correct: Any, *, ties: str = "wrong", device: Any = "cpu"
) -> Float[ndarray, " s"]:
    """P(the correct label has the most of K votes), for each row of q.

    Args:
        q: `(S, L)`, the label distribution of each sample's neighbours; each row sums to 1 within 1e-9 (and is then
            divided by its sum).
        k: neighbours, K >= 1.
        correct: `(S,)`, each sample's correct label.
        ties: what happens when the correct label ties for the most votes. "wrong": an error, as in the paper;
            "random": one of the tied is drawn (also what "the nearest of the tied" amounts to); "lowest": the lowest
            class index wins, as in numpy's argmax; "optimistic": the correct label wins.
        device: "cpu" uses compiled loops; anything else computes with torch on that device.
    Returns: Q, exact to 1e-13 (absolute, not relative).
    Raises: ValueError if an argument is out of range or the shapes do not match.
    Source: DRO Theorem 1, Eq. 2. Departs from it: evaluated by a contour sum, not by the nested sums of App. B; the tie
        rules other than "wrong".
    """
    k = check_integer("k", k, 1)
    return _accuracies(q, [contour(k, k)], correct, ties, device)[:, 0]


def plurality_accuracy_all(
    q: Any, k_max: int, correct: Any, *, ties: str = "wrong", device: Any = "cpu"
) -> Float[ndarray, "s k_max"]:
    """`plurality_accuracy` for every K = 1..k_max (column K - 1), in two or three times the time of the last alone.

    Arguments and errors as there. Exact to 1e-11.
    """
    k_max = check_integer("k_max", k_max, 1)
    return _accuracies(q, contours(k_max), correct, ties, device)


def check_distribution(name: str, q: Any, tolerance: float = SUM_TOLERANCE) -> Float[ndarray, "s c"]:
    """Rows of probabilities as float64.

    Raises: ValueError if q is not 2-D, or a row is not finite, has a negative entry, or does not sum to 1 within
        `tolerance`.
    """
    q = np.asarray(q, dtype=np.float64)
    require(q.ndim == 2 and q.shape[1] >= 1, name, "two-dimensional (samples, classes)", q.shape)
    infinite = q[~np.isfinite(q)]
    require(not infinite.size, name, "finite", infinite[:1].tolist())
    require(bool((q >= 0).all()), name, "probabilities >= 0", float(q.min(initial=0)))
    sums = q.sum(axis=1)
    worst = float(sums[np.abs(sums - 1).argmax()]) if len(sums) else 1.0
    require(abs(worst - 1) <= tolerance, f"each row sum of {name}", f"1 within {tolerance:g}", worst)
    return q


def check_correct(correct: Any, n_samples: int, n_classes: int) -> Int[ndarray, " s"]:
    """One class index for each sample."""
    correct = check_labels("correct", correct, n_classes)
    require(len(correct) == n_samples, "correct", f"one label for each of {n_samples} rows", correct.shape)
    return correct


def _accuracies(q: Any, pieces: list[Contour], correct: Any, ties: str, device: Any) -> ndarray:
    check_choice("ties", ties, TIES)
    q = check_distribution("q", q)
    correct = check_correct(correct, *q.shape)
    own, rivals = _duels(q, correct, ties)
    first, again = _distinct(own, rivals)
    high = pieces[-1].high
    rules = quadratures((min(high, q.shape[1]) + 1) // 2) if ties == "random" else None
    return np.concatenate([_win(own[first], rivals[first], piece, rules, device) for piece in pieces], axis=1)[again]


def _win(own: ndarray, rivals: ndarray, piece: Contour, rules: Quadratures | None, device: Any) -> ndarray:
    if str(device) != "cpu":
        from lab.analysis.plurality_torch import win_probabilities_torch

        return win_probabilities_torch(own, rivals, piece, rules, device)
    out = np.empty((len(own), len(piece.totals)))
    quadrature = (rules.sizes, rules.nodes, rules.weights) if rules else (np.empty(0, np.int64), *np.empty((2, 0)))
    win_probabilities(own, rivals, piece.low, piece.rate, *piece.blocks, piece.totals, *quadrature, out)
    return out


def _duels(q: ndarray, correct: ndarray, ties: str) -> tuple[Float[ndarray, " s"], Float[ndarray, "s rivals"]]:
    """The correct label's probability and its rivals', sorted, as `win_probabilities` takes them.

    A rival's sign says whether a tie with it is lost (+) or won (-).
    """
    rows, n_classes = np.arange(len(q)), q.shape[1]
    index = np.arange(n_classes - 1) + (np.arange(n_classes - 1) >= correct[:, None])
    rivals = np.take_along_axis(q, index, axis=1)
    if ties == "optimistic":
        rivals = -rivals
    if ties == "lowest":
        rivals = np.where(index > correct[:, None], -rivals, rivals)
    rivals = np.sort(rivals, axis=1)
    own = q[rows, correct]
    total = own + np.abs(rivals).sum(axis=1)
    return own / total, rivals / total[:, None] + 0.0  # + 0.0 turns -0.0 into 0.0


def _distinct(own: ndarray, rivals: ndarray) -> tuple[Int[ndarray, " distinct"], Int[ndarray, " s"]]:
    """Rows that hold every distinct row once, and each row's place among them.

    Rows are found by a hash of their bits, and then compared: if two rows share a hash, all rows count as distinct.
    """
    rows = np.column_stack([own, rivals])
    _, first, again = np.unique(_hash(rows), return_index=True, return_inverse=True)
    if np.array_equal(rows[first][again], rows):
        return first, again
    return np.arange(len(own)), np.arange(len(own))


def _hash(rows: Float[ndarray, "s c"]) -> Shaped[ndarray, " s"]:
    bits = np.ascontiguousarray(rows).view(np.uint64)
    odd = np.random.default_rng(0).integers(2**63, size=rows.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    mixed = (bits ^ (bits >> np.uint64(32))) * odd
    return (mixed ^ (mixed >> np.uint64(29))).sum(axis=1, dtype=np.uint64)
