"""Data sets: the toy, small tables, image sets, folders and files of one's own.

Importing this is light: torch and scikit-learn load when a data set needs them.
"""

from lab.data.dataset import NoisyDataset, Part, Provenance
from lab.data.registry import load

__all__ = ["NoisyDataset", "Part", "Provenance", "load"]
