"""`load(name, **options)`: one way in to every data set."""

from __future__ import annotations

from typing import Any

from lab.core.checks import check_choice
from lab.data.dataset import NoisyDataset
from lab.data.toy import load_toy
from lab.specs.toy import Toy


def load(name: str, **options: Any) -> NoisyDataset:
    """Load a data set by name.

    Args:
        name: "toy" (options: the fields of `lab.specs.toy.Toy`).
        options: what the data set's own loader takes.
    Raises: ValueError for an unknown name or option.
    """
    check_choice("name", name, ("toy",))
    return load_toy(Toy(**options))
