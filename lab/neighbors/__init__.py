"""Who is near whom, and what the neighbours vote for every k at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.neighbors.groups import search_grid, search_groups
    from lab.neighbors.table import NeighborTable

__all__ = ["NeighborTable", "search_grid", "search_groups"]

_HOME = {"NeighborTable": "table", "search_grid": "groups", "search_groups": "groups"}


def __getattr__(name: str) -> Any:  # lazy: numba, faiss and scikit-learn are imported by those who use them
    if name not in _HOME:
        raise AttributeError(f"module 'lab.neighbors' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"lab.neighbors.{_HOME[name]}"), name)
