"""kNet for every k at once equals one module call per k."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lab.analysis.knet_field import knet_labels, knet_probabilities
from lab.core.rng import numpy_rng, torch_rng
from lab.nets.knet import KNetModule


def random_knet(kappa: str, d: int, width: int, n_classes: int) -> KNetModule:
    """A kNet whose BatchNorm has seen data."""
    rng = torch_rng(0, kappa)
    mean, std = torch.randn(d, generator=rng), torch.rand(d, generator=rng) + 0.5
    model = KNetModule(mean, std, width, n_classes, kappa=kappa, generator=rng)
    for _ in range(20):
        model(torch.randn(64, d, generator=rng), torch.randint(1, 102, (64,), generator=rng))
    return model.eval().requires_grad_(False)


@pytest.mark.parametrize("kappa", ["scaled", "raw", "log", "inverse_sqrt"])
@pytest.mark.parametrize(("d", "width", "n_classes"), [(64, 16, 3), (5, 4, 2), (20, 7, 8)])
def test_the_folded_field_equals_the_module(kappa: str, d: int, width: int, n_classes: int) -> None:
    model = random_knet(kappa, d, width, n_classes)
    features = numpy_rng(1).normal(size=(700, d)).astype(np.float32)
    labels = knet_labels(model.fold(), features)
    standardised = model.standardise(torch.from_numpy(features))
    for k in (1, 2, 19, 50, 101):
        probs = torch.softmax(model(standardised, torch.full((700,), k)), dim=1).numpy()
        np.testing.assert_allclose(knet_probabilities(model.fold(), features, [k])[0], probs, atol=2e-5)
        clear = np.sort(probs, axis=1)[:, -1] - np.sort(probs, axis=1)[:, -2] > 1e-5
        assert clear.mean() > 0.99
        np.testing.assert_array_equal(labels[k - 1][clear], probs.argmax(axis=1)[clear])
