"""Does the noise sit together in places? An alarm that needs no clean labels.

Where a whole patch of a class carries another class's label, every label in it is confirmed by its neighbours, and
detectors that ask ten of them, or a network that has learnt them, see nothing. What gives the patch away is that it
lies within the other class, with no gap between: its neighbourhoods are pure at small k and mostly of another label at
large k, and at its border the two labels touch.

How often it sounds, by pixels or standardised columns, 3 labellings of each noise (`tests/analysis/test_alarm.py`):

- digits: never when right or with spread noise (symmetric .2 and .4, pair .2 to .4: 0 of 15); 8 of 9 with wrong patches
  (one k-means cluster of 5 or of 10 in each class, or a ball of 20 %), all rows named truly wrong, 17 to 59 % of the wrong
  ones named; 2 of 3 with balls of 10 % (18 rows); 0 of 3 where half the labels of a patch are wrong.
- classes of several parts: never falsely with two digits in a class (0 of 16) or 50 Gaussians in 10 classes (0 of 16);
  with five digits in a class, not when right, but 3 of 15 times with spread noise, of .3 and more mostly.
- what it can not tell apart: a wrong patch, and a class that truly lies in patches inside another. A checkerboard sets
  it off always, and breast cancer's overlapping classes do without one wrong label.
- what it can not see: a whole part of a class with a gap around it (50 Gaussians, patches: 3 of 12), patches below 10
  rows, and small sets (wine, 178 rows: 5 of 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy import ndarray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from lab.analysis.detect_evidence import Given, check_given
from lab.analysis.detect_scales import scales, shares_at
from lab.core.checks import require
from lab.core.rng import numpy_rng

MAJORITY = 0.5  # of a neighbourhood
PURITY = 0.65  # mean share of its own label around the rows of a cluster, at the finest scale
CONTACT = 0.1  # share of a cluster's nearest rows that lie where the surrounding label rules
SMALLEST = 10  # rows of a cluster
WORTH_TELLING = 0.02  # of all rows, in suspect clusters


@dataclass(frozen=True, eq=False, slots=True)
class SuspectCluster:
    """Rows of one given label that lie close together amid another label.

    Attributes:
        rows: their numbers, ascending.
        given_label, surrounding_label: what they are labelled, and what most rows around them are.
        purity: mean share of the given label among their 10 nearest rows.
        contact: share of their 10 nearest rows that lie where the surrounding label rules.
    """

    rows: Int[ndarray, " m"]
    given_label: int
    surrounding_label: int
    purity: float
    contact: float


@dataclass(frozen=True, eq=False, slots=True)
class ConcentrationAlarm:
    """sounds: whether the suspect clusters hold at least 2 % of the rows. Clusters come largest first."""

    sounds: bool
    share: float
    clusters: tuple[SuspectCluster, ...]

    @property
    def message(self) -> str:
        """One or two sentences for people."""
        if not self.sounds:
            return "No sign that wrong labels sit together; noise that is spread, or none, looks like this."
        n_rows = sum(len(cluster.rows) for cluster in self.clusters)
        return (
            f"{n_rows} labels ({self.share:.0%}) sit together in {len(self.clusters)} places where most labels around "
            "are others: wrong together, or a class of several parts. Small loss, confident learning and votes of a few "
            "neighbours are blind there, so look at some of these rows yourself."
        )


def concentration_alarm(y_given: Any, features: Any, *, rng: np.random.Generator | None = None) -> ConcentrationAlarm:
    """Look for patches of one label inside another.

    A row is suspect if most of its 10 nearest rows carry its label, while among 20, 40, ... (up to the size of its
    label's class) most carry another one. Suspect rows that are neighbours form clusters; those of at least 10 rows
    that are pure and touch the label around them are reported.

    Args:
        y_given: `(n,)` labels, possibly wrong.
        features: `(n, d)`, in which like rows lie close together, and which the given labels did not shape: a network
            trained on wrong labels that sit together draws them apart from their class, and nothing is left to see.
        rng: thins the rows for classes larger than 160 (seed 0 if not given).
    Raises: ValueError as `lab.analysis.detect.score`.
    Source: the lab's own, after DRO's locally concentrated noise.
    """
    require(features is not None, "features", "given", None)
    given = check_given(y_given, None, features, {"rng": rng or numpy_rng(0, "alarm")})
    assert given.near is not None
    table = given.near.table(SMALLEST)
    surrounding = _surrounding(given)
    ruling = table.predict(given.y, table.k_max)
    clusters = []
    for rows in _clusters(given.y, surrounding, table.idx):
        label, other = int(given.y[rows[0]]), int(surrounding[rows[0]])
        purity = float((given.y[table.idx[rows]] == label).mean())
        contact = float((ruling[table.idx[rows]] == other).mean())
        if purity >= PURITY and contact >= CONTACT:
            clusters.append(SuspectCluster(rows, label, other, purity, contact))
    clusters.sort(key=lambda cluster: -len(cluster.rows))
    share = sum(len(cluster.rows) for cluster in clusters) / len(given.y)
    return ConcentrationAlarm(share >= WORTH_TELLING, share, tuple(clusters))


def _surrounding(given: Given) -> Int[ndarray, " n"]:
    """The label that rules around a row whose own label rules close by; -1 where there is none."""
    sizes = np.bincount(given.y, minlength=given.n_classes)
    ks = scales(len(given.y), int(sizes.max()))
    assert given.near is not None
    fine, *coarse = shares_at(given.near, given.y, given.n_classes, ks, given.more["rng"])
    rows, found = np.arange(len(given.y)), np.full(len(given.y), -1)
    confirmed = fine[rows, given.y] >= MAJORITY
    for k, share in zip(ks[1:], coarse, strict=True):
        ruler = share.argmax(axis=1)
        other = confirmed & (ruler != given.y) & (share[rows, ruler] >= MAJORITY)
        other &= (sizes[given.y] >= k) & (found < 0)
        found[other] = ruler[other]
    return found


def _clusters(
    y: Int[ndarray, " n"], surrounding: Int[ndarray, " n"], idx: Int[ndarray, "n k"]
) -> list[Int[ndarray, " m"]]:
    """Suspect rows joined to suspect neighbours with the same two labels, in groups of at least 10."""
    row, neighbor = np.repeat(np.arange(len(y)), idx.shape[1]), idx.ravel()
    alike = (surrounding[row] >= 0) & (surrounding[row] == surrounding[neighbor]) & (y[row] == y[neighbor])
    graph = coo_matrix((np.ones(int(alike.sum())), (row[alike], neighbor[alike])), shape=(len(y), len(y)))
    group = connected_components(graph, directed=False)[1]
    suspects = np.flatnonzero(surrounding >= 0)
    sizes = np.bincount(group[suspects], minlength=1)
    return [suspects[group[suspects] == g] for g in np.flatnonzero(sizes >= SMALLEST)]
