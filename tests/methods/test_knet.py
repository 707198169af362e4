"""kNet: Table 1's size, what it is trained on, and that it learns the label distribution around a point."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lab.core.rng import numpy_rng, torch_rng
from lab.methods.knet import fit_knet, mean_and_spread
from lab.nets.knet import KNetModule
from lab.specs import KNet
from lab.specs.methods import hidden_width, knet_parameters


@pytest.mark.parametrize(("d", "expected"), [(64, 322), (128, 1146), (256, 4330), (512, 16842)])
def test_parameter_counts_of_table_1(d: int, expected: int) -> None:
    width = hidden_width("paper", d)
    model = KNetModule(torch.zeros(d), torch.ones(d), width, 10, kappa="scaled", generator=torch_rng(0))
    assert sum(p.numel() for p in model.parameters()) == knet_parameters(d, width, 10) == expected


def test_batch_norm_stands_after_the_relu() -> None:
    """With its scale at 1 and shift at 0, a batch-normalised ReLU has mean 0, so it has negative values."""
    model = KNetModule(torch.zeros(8), torch.ones(8), 4, 3, kappa="scaled", generator=torch_rng(0))
    hidden = model.hidden(torch.randn(256, 8, generator=torch_rng(1)), torch.full((256,), 51))
    assert hidden.mean(dim=0).abs().max() < 1e-5
    assert hidden.min() < 0


@pytest.mark.parametrize("loss", ["ce", "kl"])
def test_knet_answers_the_local_label_distribution_for_every_k(loss: str) -> None:
    """Two far clouds with 80 % and 30 % of label 1: kNet must say .8 and .3 at k = 1 as at k = 101."""
    rng = numpy_rng(0)
    cloud = np.repeat([0, 1], 1000)
    features = (rng.normal(size=(2000, 6)) + 6 * cloud[:, None]).astype(np.float32)
    draws = rng.random((2000, 101)) < np.where(cloud == 0, 0.8, 0.3)[:, None]
    votes = np.stack([(~draws).cumsum(axis=1), draws.cumsum(axis=1)], axis=2).astype(np.uint8)
    config = KNet(epochs=15, loss=loss)
    model = fit_knet(torch.from_numpy(features), votes, config, init=torch_rng(0), order=torch_rng(1))
    for k in (1, 101):
        logits = model(model.standardise(torch.from_numpy(features)), torch.full((2000,), k))
        mean = torch.softmax(logits, dim=1)[:, 1].numpy()
        assert mean[cloud == 0].mean() == pytest.approx(0.8, abs=0.03)
        assert mean[cloud == 1].mean() == pytest.approx(0.3, abs=0.03)


def test_a_fixed_knet_is_trained_on_its_own_k_alone() -> None:
    """Votes that say label 0 up to k = 50 and label 1 beyond: the answer depends on which k it was trained for."""
    features = torch.randn(200, 4, generator=torch_rng(0))
    ones = np.clip(np.arange(1, 102) * 2 - 100, 0, np.arange(1, 102))
    votes = np.broadcast_to(np.stack([np.arange(1, 102) - ones, ones], axis=1), (200, 101, 2)).astype(np.uint8)
    for k, label in ((20, 0), (101, 1)):
        model = fit_knet(features, votes, KNet(epochs=30), fixed_k=k, init=torch_rng(0), order=torch_rng(1))
        answer = model(model.standardise(features), torch.full((200,), k)).argmax(dim=1)
        assert (answer == label).all()


def test_same_seeds_same_knet_and_the_global_state_is_left_alone() -> None:
    features = torch.randn(100, 4, generator=torch_rng(0))
    votes = np.ones((100, 5, 2), dtype=np.uint8).cumsum(axis=1, dtype=np.uint8)
    state = torch.get_rng_state()
    config = KNet(epochs=2)
    first, second = (fit_knet(features, votes, config, init=torch_rng(3), order=torch_rng(4)) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_mean_and_spread_are_torchs_own_at_any_scale_and_a_feature_that_never_varies_is_left_as_it_is() -> None:
    features = torch.randn(200, 5, generator=torch_rng(0)).relu()
    features[:, 3], features[:, 4] = 0.0, 0.3
    for scale in (1.0, 1e30, 1e-30):
        mean, spread = mean_and_spread(features * scale)
        torch.testing.assert_close(mean / scale, features.mean(dim=0))
        torch.testing.assert_close(spread[:3] / scale, features[:, :3].std(dim=0))
        assert (spread[3:] == 1).all()


def test_too_few_rows_and_a_k_beyond_the_table_are_refused() -> None:
    votes = np.ones((3, 2, 2), dtype=np.uint8)
    with pytest.raises(ValueError, match="number of training rows must be >= 4, got 3"):
        fit_knet(torch.zeros(3, 2), votes, KNet(), init=torch_rng(0), order=torch_rng(0))
    with pytest.raises(ValueError, match=r"fixed_k must be in \[1, 2\], got 5"):
        fit_knet(
            torch.zeros(9, 2), np.ones((9, 2, 2), np.uint8), KNet(), fixed_k=5, init=torch_rng(0), order=torch_rng(0)
        )
