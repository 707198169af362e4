"""Label noise: models, transition matrices, sampling, rates. Light: numpy only, nothing drawn at import.

>>> labels = corrupt(y, Symmetric(0.4), rng=numpy_rng(0, "noise"), n_classes=10)
>>> labels.y_given, labels.changed, labels.T, labels.flip_rate
"""

from lab.noise.base import Noise
from lab.noise.models import (
    Clean,
    Flip,
    Matrix,
    MatrixNoise,
    RandomAsymmetric,
    Semantic,
    Symmetric,
    ToyAsymmetric,
    Uniform,
)
from lab.noise.rates import effective_rate
from lab.noise.sampling import NoisyLabels, corrupt, sample_given_labels
from lab.noise.semantic import MAPS

__all__ = [
    "MAPS",
    "Clean",
    "Flip",
    "Matrix",
    "MatrixNoise",
    "Noise",
    "NoisyLabels",
    "RandomAsymmetric",
    "Semantic",
    "Symmetric",
    "ToyAsymmetric",
    "Uniform",
    "corrupt",
    "effective_rate",
    "sample_given_labels",
]
