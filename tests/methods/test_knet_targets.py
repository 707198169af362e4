"""Label shares looked up and counted anew are the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lab.core.rng import numpy_rng, torch_rng
from lab.methods.knet import fit_knet
from lab.methods.knet_targets import NeighbourLabels, shares_on, sizes_of, targets_of
from lab.neighbors import NeighborTable
from lab.specs import KNet


@pytest.mark.parametrize("n_classes", [1, 3, 300])
def test_counted_shares_equal_the_table_and_scikit_learns_histograms(n_classes, monkeypatch):
    rng = numpy_rng(0)
    x, y = rng.normal(size=(40, 3)), rng.integers(n_classes, size=40)
    table = NeighborTable.build(x, k_max=20)
    looked_up = targets_of(table, y, n_classes)
    monkeypatch.setattr("lab.methods.knet_targets.LARGE", 0)
    counted = targets_of(table, y, n_classes)
    assert isinstance(counted, NeighbourLabels)
    assert sizes_of(counted) == sizes_of(looked_up) == (40, 20, n_classes)
    rows, k = torch.arange(40), torch.randint(1, 21, (40,), generator=torch_rng(0))
    answers = [shares_on(targets, torch.device("cpu"))(rows, k) for targets in (looked_up, counted)]
    torch.testing.assert_close(*answers)
    one_hot = np.eye(n_classes)[y[table.idx]]
    np.testing.assert_allclose(answers[0], [one_hot[i, :j].mean(axis=0) for i, j in enumerate(k)], rtol=1e-6)


def test_a_training_on_counted_shares_takes_the_same_steps():
    rng = numpy_rng(0)
    x, y = rng.normal(size=(60, 3)).astype(np.float32), rng.integers(4, size=60)
    table = NeighborTable.build(x, k_max=9)
    both = (table.votes(y, 4), NeighbourLabels(y.astype(np.uint8)[table.idx], 4))
    models = [
        fit_knet(torch.from_numpy(x), targets, KNet(epochs=5), init=torch_rng(0), order=torch_rng(1))
        for targets in both
    ]
    for one, other in zip(*(model.parameters() for model in models), strict=True):
        torch.testing.assert_close(one, other)
