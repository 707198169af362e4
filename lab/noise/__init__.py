"""Label noise: models, transition matrices, sampling, rates. Importing it is light: numpy only.

>>> labels = corrupt(y, Symmetric(0.4), rng=numpy_rng(0, "noise"), n_classes=10)
>>> labels.y_given, labels.changed, labels.T, labels.flip_rate
"""

from lab.noise.asymmetric import RandomAsymmetric, Semantic, ToyAsymmetric
from lab.noise.base import Noise
from lab.noise.concentration import Concentrated, concentration_index
from lab.noise.draw import MODES
from lab.noise.human import CIFAR10N_COLUMNS, HumanLabels
from lab.noise.imbalance import INN_PAIRS, imbalanced_pair, keep_fractions
from lab.noise.instance import InstanceDependent
from lab.noise.local import PICKS, LocallyConcentrated
from lab.noise.models import Clean, Flip, Matrix, MatrixNoise, Symmetric, Uniform, two_alternatives
from lab.noise.rates import (
    PAPER_RATES,
    PaperRate,
    breaking_rate,
    effective_rate,
    from_effective,
    plurality_survives,
    rates_in_papers,
    to_effective,
)
from lab.noise.regions import BallRegion, ClusterRegion, Region
from lab.noise.sampling import NoisyLabels, corrupt, describe, empirical_transition, sample_given_labels
from lab.noise.semantic import (
    CIFAR100_CLASSES,
    CIFAR100_SUPERCLASSES,
    MAPS,
    cifar100_pairs,
    most_confused,
)

MODELS: dict[str, type[Noise]] = {
    model.__name__: model
    for model in (
        Clean,
        Uniform,
        Symmetric,
        Flip,
        Semantic,
        RandomAsymmetric,
        ToyAsymmetric,
        Matrix,
        LocallyConcentrated,
        Concentrated,
        InstanceDependent,
        HumanLabels,
    )
}  # by name, to read a noise model back from JSON: MODELS[name](**fields)

__all__ = [
    "CIFAR10N_COLUMNS",
    "CIFAR100_CLASSES",
    "CIFAR100_SUPERCLASSES",
    "INN_PAIRS",
    "MAPS",
    "MODELS",
    "MODES",
    "PAPER_RATES",
    "PICKS",
    "BallRegion",
    "Clean",
    "ClusterRegion",
    "Concentrated",
    "Flip",
    "HumanLabels",
    "InstanceDependent",
    "LocallyConcentrated",
    "Matrix",
    "MatrixNoise",
    "Noise",
    "NoisyLabels",
    "PaperRate",
    "RandomAsymmetric",
    "Region",
    "Semantic",
    "Symmetric",
    "ToyAsymmetric",
    "Uniform",
    "breaking_rate",
    "cifar100_pairs",
    "concentration_index",
    "corrupt",
    "describe",
    "effective_rate",
    "empirical_transition",
    "from_effective",
    "imbalanced_pair",
    "keep_fractions",
    "most_confused",
    "plurality_survives",
    "rates_in_papers",
    "sample_given_labels",
    "to_effective",
    "two_alternatives",
]
