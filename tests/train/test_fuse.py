"""Less memory traffic, the same network: bit for bit while it trains, to 1e-6 where BatchNorms are folded away."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from lab.core.rng import torch_rng
from lab.nets.registry import build
from lab.specs.backbones import BACKBONES, DROLeNet
from lab.train.fuse import folded, in_place, to_ask

SPECS = {
    name: BACKBONES[name] for name in ("DigitsMLP", "ResNet20", "CNN-4", "ResNet29v2", "PreActResNet32", "All-CNN-C")
}
SPECS["DRO-LeNet"] = DROLeNet(feature_size=8)


def net_and_input(name: str) -> tuple[nn.Module, torch.Tensor]:
    net = build(SPECS[name], input_shape=(3, 20, 20), n_classes=4, generator=torch_rng(0))
    return net, torch.randn(6, 3, 20, 20, generator=torch_rng(1))


@pytest.mark.parametrize("name", SPECS)
def test_relus_in_place_change_neither_an_answer_nor_a_gradient(name: str) -> None:
    net, x = net_and_input(name)
    other = in_place(copy.deepcopy(net))
    assert any(isinstance(part, nn.ReLU) and part.inplace for part in other.modules())
    answers = []
    for each in (net, other):
        loss = each.train()(x).square().sum()
        answers.append([loss, *torch.autograd.grad(loss, list(each.parameters()))])
    for a, b in zip(*answers, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("name", SPECS)
def test_a_folded_network_is_the_same_function_and_leaves_the_first_as_it_was(name: str) -> None:
    net, x = net_and_input(name)
    with torch.no_grad():
        for part in net.modules():
            if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
                part.running_mean.normal_(generator=torch_rng(2))
                part.running_var.uniform_(0.5, 2, generator=torch_rng(3))
        net.train()
        copied = folded(net)
        assert net.training
        assert not copied.training
        net.eval()
        for ask in ("forward", "features"):
            expected, found = getattr(net, ask)(x), getattr(copied, ask)(x)
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * expected.abs().max().item())
    norms = [sum(isinstance(part, nn.BatchNorm2d) for part in each.modules()) for each in (net, copied)]
    assert norms[1] < norms[0] or norms[0] == 0


def test_a_small_network_is_asked_as_it_is_since_a_copy_would_take_longer() -> None:
    net, _ = net_and_input("DigitsMLP")
    assert to_ask(net) is net
    assert not net.training
    convolutional, _ = net_and_input("ResNet20")
    assert to_ask(convolutional) is not convolutional
