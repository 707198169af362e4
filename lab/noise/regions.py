"""Where locally concentrated noise sits, so that test points can be told apart: in the noisy region or not."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float, Int


class Region(Protocol):
    """The places, one for each class, whose labels were changed together."""

    def contains(self, features: Float[np.ndarray, "n d"], y_clean: Int[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Whether each point lies in the noisy place of its true class."""
        ...
