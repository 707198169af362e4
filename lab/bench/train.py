"""`lab bench train`: trainings as the lab does them, beside the loop that everybody writes, in the same run.

Bars: 60 epochs of DigitsMLP on the digits, everything recorded, <= 3 CPU-s; an epoch of ResNet20 on 3,000 images of
Fashion-MNIST (below LAB_DATA; made images where there is none), augmented and then asked about every row, at >= 1.5
times the speed of a DataLoader with PIL transforms and an eager float32 loop that does the same. On CUDA epochs of
50,000 images beside the same loop. Takes about four minutes on one slow core.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median
from time import perf_counter, process_time

import numpy as np
import torch
from jaxtyping import Int, UInt8
from numpy import ndarray

from lab.bench.plain_loop import PlainEpoch
from lab.core.device import choose_device
from lab.core.rng import numpy_rng, torch_rng
from lab.core.threads import threads
from lab.data import load, subset
from lab.data.vision import SETS
from lab.experiments.progress import unheard
from lab.experiments.worker_training import run_training
from lab.nets.registry import build
from lab.noise import Uniform
from lab.specs import CrossEntropy, DataSource, Experiment, Record, Schedule
from lab.specs.backbones import DigitsMLP
from lab.specs.budget import predicted_seconds
from lab.specs.recipes import RECIPES
from lab.train.objectives import objective_of, row_loss
from lab.train.record import Labelled, Recorder
from lab.train.rows import Rows, Scaling, autocast, placed
from lab.train.training import Training

DIGITS = Experiment(
    dataset=DataSource(),
    noise=Uniform(0.4),
    backbone=DigitsMLP(),
    schedule=RECIPES["Digits, 60 epochs"],
    method=CrossEntropy(),
)
SCHEDULE = Schedule(
    epochs=100, optimiser="sgd", learning_rate=0.02, weight_decay=5e-4, decay="constant", augmentation="crop_flip"
)
AUGMENTATIONS = {"crop_flip": "shifted and mirrored", "full": "turned and recoloured too, as KED does"}
N_SMALL, N_LARGE, REPEATS = 3000, 50_000, 2
ON_CUDA = (  # network, batch, bar in seconds an epoch on an H200
    ("PreActResNet18", 128, 1.5),
    ("PreActResNet18", 512, 1.0),
    ("ResNet20", 128, 0.5),
    ("ResNet20", 512, 0.25),
    ("CNN-4", 512, 0.3),
)
Images = UInt8[ndarray, "n h w c"]
Labels = Int[ndarray, " n"]


def main(quick: bool = False) -> None:
    """Print each figure beside its peer's and its bar; `quick` shrinks the tasks, which says little about the bars."""
    repeats, schedule = (1, replace(SCHEDULE, batch_size=32)) if quick else (REPEATS, SCHEDULE)
    with threads(1):
        _digits(replace(DIGITS, schedule=Schedule(epochs=2)) if quick else DIGITS, repeats)
        x, y, name = images(64 if quick else N_SMALL)
        cpu = torch.device("cpu")
        for augmentation, what in AUGMENTATIONS.items():
            print(f"ResNet20, an epoch of {len(x):,} images of {name}, {what}; one CPU thread, {_precision(cpu)}:")
            _compare("ResNet20", x, y, cpu, replace(schedule, augmentation=augmentation), process_time, repeats)
    device = choose_device()
    if device.type != "cuda":
        print("no CUDA device: the epochs of 50,000 images are left out")
        return
    x, y = made_images(1024 if quick else N_LARGE, (32, 32, 3))
    for net, batch_size, bar in ON_CUDA:
        where = torch.cuda.get_device_name(device)
        print(f"{net}, an epoch of {len(x):,} images, batch {batch_size}, {where} (bar {bar} s):")
        _compare(net, x, y, device, replace(SCHEDULE, batch_size=batch_size), _when_the_device_is_done, repeats)


def _digits(experiment: Experiment, repeats: int) -> None:
    run_training(replace(DIGITS, schedule=Schedule(epochs=2)), unheard)  # what is loaded once
    spent, taken = [], []
    for _ in range(repeats):
        cpu, wall = process_time(), perf_counter()
        run_training(experiment, unheard)
        spent.append(process_time() - cpu)
        taken.append(perf_counter() - wall)
    print(
        f"digits, {experiment.schedule.epochs} epochs of DigitsMLP, all recorded: {median(spent):.2f} CPU-s (bar 3), {median(taken):.2f} s; "
        f"predicted before: {predicted_seconds(experiment):.2f} s"
    )


def _compare(
    net: str, x: Images, y: Labels, device: torch.device, schedule: Schedule, clock: Callable[[], float], repeats: int
) -> None:
    n_warm = min(2 * schedule.batch_size, len(x))
    for call in (call for pair in _phases(net, x[:n_warm], y[:n_warm], device, schedule).values() for call in pair):
        call()
    sums = [0.0, 0.0]
    for name, pair in _phases(net, x, y, device, schedule).items():
        taken: list[list[float]] = [[], []]
        for _ in range(repeats):
            for call, times in zip(pair, taken, strict=True):
                start = clock()
                call()
                times.append(clock() - start)
        medians = [median(times) for times in taken]
        _print_pair(name, *medians)
        sums = [total + one for total, one in zip(sums, medians, strict=True)]
    _print_pair("both" + (" (bar 1.5)" if device.type == "cpu" else ""), *sums)


def _phases(
    net: str, x: Images, y: Labels, device: torch.device, schedule: Schedule
) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """What an epoch is made of: ours, and the plain loop's."""
    ours, peer = our_training(net, x, y, device, schedule), PlainEpoch(net, x, y, device, schedule)
    ask = partial(ours.recorder.after_epoch, ours.model, {}, _unheard_tick)
    train = partial(ours.train_epoch, _unheard_tick)
    return {"trained": (train, peer.train), "asked about every row": (ask, peer.ask)}


def _print_pair(name: str, ours: float, peer: float) -> None:
    print(f"  {name}: {ours:.3f} s; DataLoader and eager loop {peer:.3f} s; ratio {peer / ours:.2f}", flush=True)


def _unheard_tick(rows: int) -> None:
    """Nobody listens."""


def our_training(net: str, x: Images, y: Labels, device: torch.device, schedule: Schedule) -> Training:
    """The lab's training of a network on images, a Recorder for every row included."""
    rows = Rows(x, device, scaling=Scaling.of_rows(x))
    part = Labelled(rows, torch.tensor(y, device=device))
    model = build(net, input_shape=rows.shape, n_classes=10, generator=torch_rng(0, "network"))
    return Training(
        placed(model, device),
        rows,
        objective_of(row_loss(CrossEntropy(), None, device), part.y_given),
        schedule,
        Recorder({"train": part}, Record(), epochs=schedule.epochs, n_classes=10),
        order=torch_rng(0, "order"),
        augmentation=torch_rng(0, "augmentation", device.type),
    )


def images(n: int) -> tuple[Images, Labels, str]:
    """Training images of Fashion-MNIST, stratified; made ones where LAB_DATA has none."""
    file = next(iter(SETS["fashion_mnist"].files))
    if os.path.isfile(os.path.join(os.environ.get("LAB_DATA", ""), file)):
        train = subset(load("fashion_mnist"), n, rng=numpy_rng(0, "bench")).train
        return np.ascontiguousarray(train.x), train.y_given, "Fashion-MNIST"
    return *made_images(n, (28, 28, 1)), "no set (LAB_DATA has no Fashion-MNIST)"


def made_images(n: int, shape: tuple[int, int, int]) -> tuple[Images, Labels]:
    """Random pixels and labels: as fast or slow as real ones."""
    rng = numpy_rng(0, "made images")
    return rng.integers(0, 256, (n, *shape), dtype=np.uint8), rng.integers(0, 10, n)


def _precision(device: torch.device) -> str:
    with autocast(device, True):
        return "bfloat16" if torch.is_autocast_enabled(device.type) else "float32 (no bfloat16 in this hardware)"


def _when_the_device_is_done() -> float:
    torch.cuda.synchronize()
    return perf_counter()
