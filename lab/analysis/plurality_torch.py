"""The contour sum of plurality.py in torch: many rows at once, one rival after the other, on any device.

A *slot* is a number of votes of the correct label, and one node of the integral over the draw if ties are random.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from lab.analysis.contour import Contour, Quadratures
from lab.analysis.plurality_kernels import ENDED

CHUNK_BYTES = 32e6  # of one complex array over rows, slots and points


def win_probabilities_torch(
    own: Float[ndarray, " s"],
    rivals: Float[ndarray, "s rivals"],
    piece: Contour,
    rules: Quadratures | None,
    device: Any,
) -> Float[ndarray, "s ks"]:
    """`win_probabilities` of plurality_kernels.py; the rivals' signs mean the same."""
    largest_first = np.take_along_axis(rivals, np.abs(rivals).argsort(axis=1)[:, ::-1], axis=1)
    votes, share, weight = _slots(piece, rivals.shape[1], rules)
    size = max(1, int(CHUNK_BYTES / (16 * piece.powers.shape[1] * max(len(votes), 1))))
    place = torch.device(device)
    constants = [torch.from_numpy(x).to(place) for x in (piece.powers, piece.reading, piece.totals)]
    slots = [torch.from_numpy(x).to(place) for x in (votes, share, weight)]
    parts = []
    for rows in range(0, len(own), size):
        here, there = (torch.from_numpy(x[rows : rows + size]).to(place) for x in (own, largest_first))
        parts.append(_win(here, there, piece, constants, slots).cpu().numpy())
    return np.concatenate(parts) if parts else np.empty((0, len(piece.totals)))


def _slots(piece: Contour, n_rivals: int, rules: Quadratures | None) -> tuple[ndarray, ndarray, ndarray]:
    """Votes, share of a tie and weight of each slot, in order of votes."""
    votes = np.arange(1, len(piece.powers))
    if rules is None:
        return votes, np.zeros(len(votes)), np.ones(len(votes))
    exact = (np.minimum(piece.high // votes, n_rivals + 1) + 1) // 2
    rule = np.searchsorted(rules.sizes, exact)
    offset = np.concatenate([[0], rules.sizes.cumsum()])
    nodes = [slice(offset[i], offset[i + 1]) for i in rule]
    empty = [np.empty(0)]
    share = np.concatenate(empty + [rules.nodes[n] for n in nodes])
    return np.repeat(votes, rules.sizes[rule]), share, np.concatenate(empty + [rules.weights[n] for n in nodes])


def _win(own: Tensor, rivals: Tensor, piece: Contour, constants: list[Tensor], slots: list[Tensor]) -> Tensor:
    powers, reading, totals = constants
    votes, share, weight = slots
    ks = torch.arange(piece.low, piece.high + 1, device=own.device)
    pmf = _poisson(own * piece.rate, piece.high)
    p = _majority(pmf, _poisson(rivals.abs().sum(1) * piece.rate, piece.high), ks, len(powers) - 1, totals)
    if len(votes):
        product = (weight * pmf[:, votes])[:, :, None] * powers[votes]
        _meet_rivals(rivals, piece.rate, product, votes, share, powers)
        p = p + (product.sum(dim=1) @ reading.T).real
    return p.clamp(0, 1)


def _meet_rivals(rivals: Tensor, rate: float, product: Tensor, votes: Tensor, share: Tensor, powers: Tensor) -> None:
    """Multiply each slot by every rival's factor. The rivals come largest first, so each ends no later than the last."""
    pending = torch.ones_like(product)
    for rival in rivals.T:
        pmf = _poisson(rival.abs() * rate, len(powers) - 1)
        counts = torch.arange(len(powers), device=pmf.device)
        alive = ((pmf > ENDED) | (counts <= rate * rival.abs()[:, None])).any(dim=0).nonzero()
        end = int(alive.max()) + 1  # from here on the factor no longer changes
        terms = pmf[:, :end, None] * powers[:end]
        below = torch.cat([torch.zeros_like(terms[:, :1]), terms.cumsum(dim=1)], dim=1)  # row n: fewer than n votes
        met = int((votes < end).sum())
        tied = torch.where(rival[:, None] < 0, 1.0, share[:met])
        product[:, :met] *= below[:, votes[:met]] + tied[:, :, None] * terms[:, votes[:met]]
        if met < len(votes):
            pending[:, met] *= below[:, -1]
    product *= pending.cumprod(dim=1)


def _majority(votes: Tensor, others: Tensor, ks: Tensor, top: int, totals: Tensor) -> Tensor:
    """P(more than `top` votes of K) for each K: `top` is half of the largest K, so these win for sure."""
    columns = []
    for k, total in zip(ks.tolist(), totals, strict=True):
        more = torch.arange(top + 1, max(k, top) + 1, device=votes.device)  # none below a majority of the largest K
        columns.append((votes[:, more] * others[:, k - more]).sum(dim=1) / total)
    return torch.stack(columns, dim=1)


def _poisson(rate: Tensor, top: int) -> Tensor:
    """P(Poisson(rate) = n) for n = 0..top; the deviance form, since a factorial would cost digits."""
    n = torch.arange(top + 1, dtype=rate.dtype, device=rate.device)
    rate = rate[:, None]
    small = torch.exp(-rate) * torch.cat([torch.ones_like(rate), (rate / n[1:16]).cumprod(dim=1)], dim=1)
    if top < 16:
        return small
    n = n[16:]
    stirling = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * n * n)) / (n * n)) / (n * n)) / n
    off = (rate - n) / n
    large = torch.exp(-n * (off - torch.log1p(off)) - stirling) / torch.sqrt(2 * torch.pi * n)
    return torch.cat([small[:, :16], large], dim=1)
