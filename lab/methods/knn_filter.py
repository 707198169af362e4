"""The kNN filter: rows whose label is not that of their neighbours are left out (Bahri, Jiang and Gupta 2020)."""

from __future__ import annotations

from typing import Any

from jaxtyping import Bool, Float, Int
from numpy import ndarray

from lab.methods.knn_correction import iterknn


def knn_filter(
    features: Float[ndarray, "n d"], y: Int[ndarray, " n"], *, k: int = 100, device: Any = "cpu"
) -> Bool[ndarray, " n"]:
    """Whether each row's label is the plurality label of its k nearest other rows.

    Args:
        features: of a preliminary network; the paper takes its logits.
        y: given labels, possibly wrong.
    Raises: ValueError as `iterknn` does.
    Source: Bahri et al. 2020, Algorithm 1, as KED tells it (§2.4). Departs from it: there is no clean set, so no
        choice between two preliminary networks.
    """
    return iterknn(features, y, k=k, device=device).labels == y
