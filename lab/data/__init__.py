"""Data sets: the toy, small tables, image sets, folders and files of one's own.

Importing this is light: torch and scikit-learn load when a data set needs them.
"""

from lab.data.arrays import from_arrays
from lab.data.dataset import NoisyDataset, Part, Provenance
from lab.data.registry import NAMES, load
from lab.data.rows import class_pair, hold_out, standardise, subset

__all__ = [
    "NAMES",
    "NoisyDataset",
    "Part",
    "Provenance",
    "class_pair",
    "from_arrays",
    "hold_out",
    "load",
    "standardise",
    "subset",
]
