"""kNet beside the neighbours that it imitates and the network that it mends: KNET Fig. 3, and who is right where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from lab.analysis.knet_field import knet_probabilities
from lab.core.checks import check_labels, require
from lab.neighbors import NeighborTable
from lab.neighbors.search import check_features
from lab.nets.knet import FoldedKNet

AT_ONCE = 2**22  # answers held at a time: 16 MB of them


@dataclass(frozen=True, eq=False)
class Imitation:
    """How near kNet comes to the neighbours' label shares; entry k - 1 belongs to k, for k = 1..k_max.

    difference: mean over queries *and classes* of |share - kNet| (the paper does not say whether it sums over classes;
        times L it would).
    max_knn, max_knet: mean over queries of the largest share, and of kNet's largest probability.
    """

    difference: Float[ndarray, " k_max"]
    max_knn: Float[ndarray, " k_max"]
    max_knet: Float[ndarray, " k_max"]

    @property
    def closest_k(self) -> int:
        """Where the difference is smallest."""
        return int(self.difference.argmin()) + 1


def imitation(table: NeighborTable, y_given: Any, n_classes: int, net: FoldedKNet, queries: Any) -> Imitation:
    """KNET Fig. 3 for every k at once; about 0.5 s for 10,000 queries and 10 classes.

    Args:
        table: neighbours of the queries among the training rows.
        y_given: labels of the training rows, `(n_reference,)`, in the order of the network's outputs.
        net: a kNet trained for all k, folded.
        queries: features `(m, d)` of the queries, as the network takes them.
    Raises: ValueError if table, labels, network and queries do not fit one another, or there is no query.
    Source: KNET Fig. 3, top (difference) and bottom (largest values). Departs from it: nothing.
    """
    queries = check_features("queries", queries)
    m = len(table.idx)
    require(len(queries) == m > 0, "queries", f"the {m} rows of the table, at least one", len(queries))
    require(queries.shape[1] == net.w1.shape[1], "queries", f"rows of {net.w1.shape[1]} features", queries.shape[1])
    require(n_classes == len(net.b2), "n_classes", f"{len(net.b2)}, as the network has", n_classes)
    require(table.k_max <= len(net.kappa), "k_max of the table", f"at most {len(net.kappa)}", table.k_max)
    ks = np.arange(1, table.k_max + 1)
    totals = np.zeros((3, table.k_max))
    step = max(1, AT_ONCE // (table.k_max * n_classes))
    for start in range(0, m, step):
        rows = slice(start, start + step)
        part = NeighborTable(table.idx[rows], table.dist[rows], table.n_reference)
        shares = part.votes(y_given, n_classes) / ks[:, None].astype(np.float32)
        probs = knet_probabilities(net, queries[rows].astype(np.float32), ks.tolist()).transpose(1, 0, 2)
        for total, values in zip(totals, (abs(shares - probs).mean(2), shares.max(2), probs.max(2)), strict=True):
            total += values.sum(axis=0, dtype=np.float64)
    return Imitation(*(totals / m))


@dataclass(frozen=True, eq=False)
class Disagreement:
    """Two methods' answers against the truth, as row numbers in input order; every row is in one of the four.

    mended: wrong by the first and right by the second. broken: the reverse.
    """

    mended: Int[ndarray, " a"]
    broken: Int[ndarray, " b"]
    both_right: Int[ndarray, " c"]
    both_wrong: Int[ndarray, " d"]


def disagreement(first: Any, second: Any, truth: Any) -> Disagreement:
    """Where the second method mends the first one's errors, and where it breaks what was right.

    Args:
        first, second: predicted labels `(m,)`, of the network and of kNet, say.
        truth: true labels `(m,)`.
    Raises: ValueError unless all three are labels of the same rows.
    Source: the circled points of KNET Fig. 4. Departs from it: the paper shows the mended ones alone.
    """
    truth = check_labels("truth", truth)
    first, second = check_labels("first", first), check_labels("second", second)
    for name, labels in (("first", first), ("second", second)):
        require(len(labels) == len(truth), name, f"{len(truth)} labels, one per row", len(labels))
    one, other = first == truth, second == truth
    return Disagreement(*(np.flatnonzero(rows) for rows in (~one & other, one & ~other, one & other, ~one & ~other)))
