"""The vote of K neighbours by simulation: a check of Theorem 1, and what it leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from lab.analysis.plurality import TIES, check_correct, check_distribution
from lab.core.checks import check_choice, check_integer, require
from lab.noise.draw import check_stochastic

BLOCK = 2_000_000  # vote counts held at once


class Sampled(NamedTuple):
    """A mean of draws for each sample, and its standard error (0 where all draws agree)."""

    mean: Float[ndarray, " s"]
    error: Float[ndarray, " s"]


def monte_carlo_accuracy(
    q: Any, k: int, correct: Any, *, rng: np.random.Generator, draws: int = 4000, ties: str = "wrong"
) -> Sampled:
    """`plurality_accuracy` estimated from `draws` votes of each sample; arguments and errors as there.

    Under ties="random" a tie counts as its chance, so that the draw itself adds no noise.
    """
    k, draws = check_integer("k", k, 1), check_integer("draws", draws, 2)
    check_choice("ties", ties, TIES)
    q = check_distribution("q", q)
    correct = check_correct(correct, *q.shape)
    q = q / q.sum(axis=1, keepdims=True)
    return _estimate(len(q), lambda s, size: rng.multinomial(k, q[s], size=size), q.shape[1], correct, draws, ties)


def conditional_accuracy(
    counts: Any, T: Any, correct: Any, *, rng: np.random.Generator, draws: int = 4000, ties: str = "wrong"
) -> Sampled:
    """P(the correct label wins) given the neighbours' clean labels: only their noise is random.

    Args:
        counts: `(S, L)`, how many of a sample's neighbours have each clean label; each row sums to K >= 1.
        T: `(L, L)`, P(given | clean).
        correct, ties: as in `plurality_accuracy`.
        draws: noisy neighbourhoods drawn for each distinct (counts, correct); samples alike share theirs.
    Raises: ValueError if an argument is out of range or the shapes do not match.
    Source: none; DRO §3.3 names the approximation that this leaves out (clean labels drawn i.i.d. from C_s).
    """
    draws = check_integer("draws", draws, 2)
    check_choice("ties", ties, TIES)
    counts, T = _check_counts(counts), check_stochastic("T", T)
    require(T.shape[0] == counts.shape[1], "T", f"a matrix over {counts.shape[1]} classes", T.shape)
    correct = check_correct(correct, *counts.shape)
    alike, again = np.unique(np.column_stack([counts, correct]), axis=0, return_inverse=True)

    def noisy_votes(s: int, size: int) -> ndarray:
        row = alike[s, :-1]
        return np.sum([rng.multinomial(row[c], T[c], size=size) for c in np.flatnonzero(row)], axis=0)

    found = _estimate(len(alike), noisy_votes, counts.shape[1], alike[:, -1], draws, ties)
    return Sampled(found.mean[again], found.error[again])


def _check_counts(counts: Any) -> Int[ndarray, "s c"]:
    counts = np.asarray(counts)
    require(counts.ndim == 2, "counts", "two-dimensional (samples, classes)", counts.shape)
    require(np.issubdtype(counts.dtype, np.integer), "counts", "integers", counts.dtype)
    require(bool((counts >= 0).all()), "counts", ">= 0", int(counts.min(initial=0)))
    k = counts.sum(axis=1)
    require(bool((k >= 1).all()), "each row of counts", "at least one neighbour", int(k.min(initial=1)))
    return counts


def _estimate(
    n: int, draw: Callable[[int, int], ndarray], n_classes: int, correct: ndarray, draws: int, ties: str
) -> Sampled:
    mean, error = np.zeros(n), np.zeros(n)
    for s in range(n):
        won = np.concatenate([share_won(draw(s, size), int(correct[s]), ties) for size in _sizes(draws, n_classes)])
        mean[s], error[s] = won.mean(), won.std(ddof=1) / np.sqrt(draws)
    return Sampled(mean, error)


def _sizes(draws: int, n_classes: int) -> Iterator[int]:
    size = max(1, BLOCK // n_classes)
    for start in range(0, draws, size):
        yield min(size, draws - start)


def share_won(votes: Int[ndarray, "n c"], correct: Int[ndarray, " n"] | int, ties: str) -> Float[ndarray, " n"]:
    """How much of each vote its correct label wins, in [0, 1]; tie rules as in `plurality_accuracy`."""
    best = votes.max(axis=1)
    own = votes[np.arange(len(votes)), correct]
    if ties == "lowest":
        return (votes.argmax(axis=1) == correct).astype(float)
    n_best = (votes == best[:, None]).sum(axis=1)
    share = {"wrong": n_best == 1, "random": 1 / n_best, "optimistic": 1}[ties]
    return (own == best) * np.asarray(share, dtype=float)
