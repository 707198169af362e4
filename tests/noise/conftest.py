import numpy as np
import pytest

from lab.noise import Clean, Flip, Matrix, RandomAsymmetric, Semantic, Symmetric, ToyAsymmetric, Uniform

SKEWED = ((0.1, 0.6, 0.3, 0.0), (0.0, 0.0, 1.0, 0.0), (0.25, 0.25, 0.25, 0.25), (0.5, 0.0, 0.0, 0.5))


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def matrix_models():
    """rate -> every model with a transition matrix, on four classes."""
    return lambda rate: [
        Clean(),
        Uniform(rate),
        Symmetric(rate),
        Flip(rate),
        Flip(rate, permutation=(2, 3, 1, 0)),
        Semantic(rate, {0: 1, 1: 2, 3: 2}),
        RandomAsymmetric(rate, seed=3),
        ToyAsymmetric(),
        Matrix(rate, SKEWED),
    ]
