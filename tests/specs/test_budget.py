"""The cost card: sizes of networks against the networks themselves, sizes of data against the data, and seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from torch import Tensor, nn

from lab.data import load
from lab.data.vision import SETS
from lab.nets.registry import skeleton
from lab.noise import Uniform
from lab.specs import CrossEntropy, DataSource, Experiment, RareClass, RarePair, Record, Schedule
from lab.specs.backbones import BACKBONES, BackboneSpec, DigitsMLP, DROLeNet, PreActResNet, ResNet20, ResNet29v2
from lab.specs.budget import TEST_ROWS, DataSize, data_size, memory_bytes, predicted_seconds, record_bytes
from lab.specs.datasets import DATASETS
from lab.specs.network_sizes import CONVOLUTIONAL, network_size
from lab.specs.recipes import RECIPES

SPECS = {
    **BACKBONES,
    **{str(spec): spec for spec in CONVOLUTIONAL},
    "LeNet 256": DROLeNet(feature_size=256),
    "ResNet29v2 as published": ResNet29v2(relu_before_first=False),
    "PreAct cifar": PreActResNet(depth=56, widths="cifar"),
}
DIGITS = Experiment(
    dataset=DataSource(),
    noise=Uniform(0.4),
    backbone=DigitsMLP(),
    schedule=RECIPES["Digits, 60 epochs"],
    method=CrossEntropy(),
)


def counted(spec: BackboneSpec, channels: int, side: int, n_classes: int) -> tuple[int, int, float, float]:
    """Parameters, penultimate size, MFLOP and thousand outputs, from the network itself on the meta device."""
    import torch

    net = skeleton(spec, input_shape=(channels, side, side), n_classes=n_classes).eval()
    flop, outputs = 0, 0

    def count(module: nn.Module, _: object, out: Tensor) -> None:
        nonlocal flop, outputs
        weights = module.weight[0].numel()  # type: ignore[index, operator]
        flop, outputs = flop + 2 * out[0].numel() * weights, outputs + out[0].numel()

    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    net(torch.empty(1, channels, side, side, device="meta"))
    parameters = sum(p.numel() for p in net.parameters())
    return parameters, net.penultimate_size, flop / 1e6, outputs / 1e3


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_the_table_is_that_of_the_networks(spec: BackboneSpec) -> None:
    parameters, penultimate, mflop, outputs = counted(spec, 3, 32, 10)
    size = network_size(spec, (32, 32, 3), 10)
    assert (size.parameters, size.penultimate) == (parameters, penultimate)
    assert size.mflop == pytest.approx(mflop, rel=0.005)
    assert size.outputs == pytest.approx(outputs, rel=0.005)


@pytest.mark.parametrize("name", ["DigitsMLP", "ResNet20", "CNN-4", "PreActResNet18", "DRO-LeNet"])
def test_other_images_and_classes_are_close(name: str) -> None:
    parameters, _, mflop, outputs = counted(BACKBONES[name], 1, 28, 100)
    size = network_size(BACKBONES[name], (28, 28, 1), 100)
    assert size.parameters == pytest.approx(parameters, rel=0.12)
    assert size.mflop == pytest.approx(mflop, rel=0.12)
    assert size.outputs == pytest.approx(outputs, rel=0.12)


@pytest.mark.parametrize("name", ["digits", "iris", "wine", "breast_cancer"])
def test_sizes_of_data_are_those_of_the_data(name: str) -> None:
    dataset = load(name)
    size = data_size(replace(DIGITS, dataset=DataSource(name=name), schedule=Schedule(batch_size=16)))
    assert size is not None
    assert (size.n_train, size.n_test, size.n_classes) == (len(dataset.train), len(dataset.test), dataset.n_classes)
    row = 1
    for side in size.row:
        row *= side
    assert row == dataset.x[0].size


def test_sizes_of_image_sets_are_the_published_ones() -> None:
    for name, about in SETS.items():
        assert (DATASETS[name].n_train, TEST_ROWS.get(name, 10_000)) == about.counts


def test_an_imbalance_makes_the_data_smaller() -> None:
    pair = data_size(replace(DIGITS, imbalance=RarePair(fraction=0.1), schedule=Schedule(batch_size=16)))
    assert pair == DataSize(143, 100, 2, (8, 8, 1))
    rare = data_size(replace(DIGITS, imbalance=RareClass(fraction=0.5)))
    assert rare is not None
    assert rare.n_train == round(1297 * 0.95)


def test_data_of_ones_own_must_be_opened_first() -> None:
    mine = replace(DIGITS, dataset=DataSource(name="mine.csv"))
    assert data_size(mine) is None
    with pytest.raises(ValueError, match="size must be given for data of one's own"):
        record_bytes(mine)
    assert record_bytes(mine, DataSize(1000, 100, 3, (20,))) > 0
    assert predicted_seconds(mine, DataSize(1000, 100, 3, (20,))) > 0


def test_every_wish_costs_what_it_takes() -> None:
    base = record_bytes(replace(DIGITS, record=Record(samples=False)))
    assert record_bytes(DIGITS) - base == 60 * 1297 * 5
    assert record_bytes(replace(DIGITS, record=Record(samples=False, consistency=True))) - base == 60 * 16
    chosen = record_bytes(replace(DIGITS, record=Record(samples=False, epochs=(10, 20, 61))))
    assert chosen - base == 2 * 1797 * (2 * 64 + 4 * 10)


def test_larger_batches_and_networks_take_more_memory_and_time() -> None:
    cifar = replace(DIGITS, dataset=DataSource(name="cifar10"), backbone=ResNet20())
    twice = replace(cifar, schedule=replace(cifar.schedule, batch_size=2 * cifar.schedule.batch_size))
    assert memory_bytes(DIGITS) < memory_bytes(cifar) < memory_bytes(twice)
    assert memory_bytes(cifar) > 60_000 * 3072  # the images themselves
    assert predicted_seconds(DIGITS) < predicted_seconds(cifar, n_threads=1)
    assert predicted_seconds(cifar, n_threads=4) < predicted_seconds(cifar, n_threads=1) / 3
    assert predicted_seconds(cifar, device="cuda") < predicted_seconds(cifar, n_threads=1) / 10
    half = replace(DIGITS, schedule=replace(DIGITS.schedule, epochs=30, milestones=(15,)))
    assert predicted_seconds(half) == pytest.approx(predicted_seconds(DIGITS) / 2, rel=0.2)
