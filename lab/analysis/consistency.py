"""INN's consistency effect: what a network thinks of right and of wrong labels, at the samples and half way to the next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from lab.analysis.inn import inn_segments
from lab.core.checks import check_labels, require


class ConsistencyEffect(NamedTuple):
    """Mean probability of the given label; nan where no label is right, or none is wrong.

    e_cor, e_inc: of right and of wrong labels, at the samples. They part early and meet once the network has learnt
        every label by heart.
    em_cor, em_inc: the same half way to the nearest neighbour. They stay apart.
    """

    e_cor: float
    e_inc: float
    em_cor: float
    em_inc: float


def consistency_effect(predict_proba: Any, x: Any, y_given: Any, y_clean: Any, features: Any) -> ConsistencyEffect:
    """The four means for one state of a network.

    Args:
        predict_proba, x, y_given, features: as in `lab.analysis.inn.inn_scores`; the paper's network is trained with
            cross-entropy.
        y_clean: `(n,)` true labels.
    Raises: ValueError as `inn_scores`, or if `y_clean` is not one label per row.
    Source: INN §3.2 and Fig. 2. Departs from it: nothing.
    """
    y_clean = check_labels("y_clean", np.asarray(y_clean))
    require(len(y_clean) == len(x), "y_clean", f"{len(x)} labels, one per row of x", len(y_clean))
    segments = inn_segments(predict_proba, x, y_given, features, n_neighbors=1, n_segments=2)
    right = np.asarray(y_given) == y_clean
    return ConsistencyEffect(
        *(
            float(segments.values[chosen, 0, node].mean(dtype=np.float64)) if chosen.any() else float("nan")
            for node in (0, 1)
            for chosen in (right, ~right)
        )
    )


def consistency_curves(
    checkpoints: Iterable[Any], x: Any, y_given: Any, y_clean: Any, features: Any
) -> Float64[ndarray, "epochs 4"]:
    """The four means for one network after another, in the order of `ConsistencyEffect`.

    Args:
        checkpoints: one `predict_proba` per epoch, made when its turn comes.
        features: one set for all epochs (the paper's h is trained beforehand), or a `NeighborTable`.
    """
    return np.array([consistency_effect(call, x, y_given, y_clean, features) for call in checkpoints]).reshape(-1, 4)
