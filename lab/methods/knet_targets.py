"""What kNet is trained on: the shares of the labels among the first k neighbours of a row, for any k at once.

Looked up in a table of all votes (about 0.02 ms for a batch), or counted anew for each batch (about 0.1 ms) where that
table, n K L bytes, would be large: 0.5 GB for CIFAR-100.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt, UInt8
from torch import Tensor

from lab.neighbors import NeighborTable

LARGE = 2**27  # bytes of a table of votes: beyond that, memory costs more than time

Shares = Callable[[Int[Tensor, " b"], Int[Tensor, " b"]], Float[Tensor, "b c"]]


class NeighbourLabels(NamedTuple):
    """The labels of every row's neighbours, nearest first."""

    labels: UInt[np.ndarray, "n k"]
    n_classes: int


Targets = UInt8[np.ndarray, "n k c"] | NeighbourLabels


def targets_of(table: NeighborTable, codes: Int[np.ndarray, " n"], n_classes: int) -> Targets:
    """The votes of a table for every k, or the neighbours' labels where the votes would be too large."""
    if table.idx.size * n_classes <= LARGE:
        return table.votes(codes, n_classes)
    return NeighbourLabels(codes.astype(np.min_scalar_type(n_classes - 1))[table.idx], n_classes)


def sizes_of(targets: Targets) -> tuple[int, int, int]:
    """Rows, largest k, classes."""
    if isinstance(targets, NeighbourLabels):
        n, k_max = targets.labels.shape
        return n, k_max, targets.n_classes
    n, k_max, n_classes = targets.shape
    return n, k_max, n_classes


def shares_on(targets: Targets, device: torch.device) -> Shares:
    """A function of (rows, k of each), all on `device`; its answers' rows sum to 1."""
    if isinstance(targets, NeighbourLabels):
        return _counted(torch.from_numpy(targets.labels).to(device), targets.n_classes)
    votes = torch.from_numpy(targets).to(device)
    return lambda rows, k: votes[rows, k - 1] / k[:, None]


def _counted(labels: Int[Tensor, "n k"] | UInt[Tensor, "n k"], n_classes: int) -> Shares:
    place = torch.arange(labels.shape[1], device=labels.device)

    def shares(rows: Int[Tensor, " b"], k: Int[Tensor, " b"]) -> Float[Tensor, "b c"]:
        within = (place < k[:, None]).float()
        counts = torch.zeros(len(rows), n_classes, device=labels.device)
        return counts.scatter_add_(1, labels[rows].long(), within) / k[:, None]

    return shares
