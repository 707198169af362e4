"""Who is near whom, and what the neighbours vote for every k at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.neighbors.approximate import approximate_self_graph
    from lab.neighbors.classifier import KNNClassifier
    from lab.neighbors.groups import search_grid, search_groups
    from lab.neighbors.neighborhoods import Neighborhoods, as_neighborhoods
    from lab.neighbors.table import NeighborTable
    from lab.neighbors.warm import warm_up

__all__ = [
    "KNNClassifier",
    "NeighborTable",
    "Neighborhoods",
    "approximate_self_graph",
    "as_neighborhoods",
    "search_grid",
    "search_groups",
    "warm_up",
]

_HOME = {
    "KNNClassifier": "classifier",
    "NeighborTable": "table",
    "Neighborhoods": "neighborhoods",
    "as_neighborhoods": "neighborhoods",
    "approximate_self_graph": "approximate",
    "search_grid": "groups",
    "search_groups": "groups",
    "warm_up": "warm",
}


def __getattr__(name: str) -> Any:  # lazy: numba, faiss and scikit-learn are imported by those who use them
    if name not in _HOME:
        raise AttributeError(f"module 'lab.neighbors' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"lab.neighbors.{_HOME[name]}"), name)
