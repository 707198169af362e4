"""`lab bench train`: trainings as the lab does them, beside the loop that everybody writes, in the same run.

Bars: 60 epochs of DigitsMLP on the digits, everything recorded, <= 3 CPU-s; an epoch of ResNet20 on 3,000 images of
Fashion-MNIST (below LAB_DATA; made images where there is none) at >= 1.5 times the speed of a DataLoader with PIL
transforms and an eager float32 loop. Both train on shifted and mirrored images, then ask about every training row and
the 10,000 test rows, as each epoch of such a run does. A CPU that multiplies bfloat16 is 1.8
times as fast in the steps and 2.8 times in the asking; one that does not, 1.1 to 1.4 times and 1.7 times. On CUDA epochs of 50,000
images beside the same loop. Takes about three minutes on one slow core.
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

from lab.bench.plain_loop import PlainEpoch, Set
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
N_SMALL, N_LARGE, N_TEST, REPEATS = 3000, 50_000, 10_000, 3
ON_CUDA = (  # network, batch, bar in seconds an epoch on an H200
    ("PreActResNet18", 128, 1.5),
    ("PreActResNet18", 512, 1.0),
    ("ResNet20", 128, 0.5),
    ("ResNet20", 512, 0.25),
    ("CNN-4", 512, 0.3),
)


def main(quick: bool = False) -> None:
    """Print each figure beside its peer's and its bar; `quick` shrinks the tasks, which says little about the bars."""
    schedule, shrink = (replace(SCHEDULE, batch_size=32), 50) if quick else (SCHEDULE, 1)
    with threads(1):
        _digits(replace(DIGITS, schedule=Schedule(epochs=2)) if quick else DIGITS, 1 if quick else REPEATS)
        train, test, name = images(N_SMALL // shrink, N_TEST // shrink)
        cpu = torch.device("cpu")
        print(f"ResNet20, an epoch of {len(train.y):,} images of {name}, one CPU thread, {_precision(cpu)}:")
        _compare("ResNet20", train, test, cpu, schedule, process_time, pieces=1 if quick else 6)
    device = choose_device()
    if device.type != "cuda":
        print("no CUDA device: the epochs of 50,000 images are left out")
        return
    train, test = (made_images(n // shrink, (32, 32, 3)) for n in (N_LARGE, N_TEST))
    for net, batch_size, bar in ON_CUDA:
        where = torch.cuda.get_device_name(device)
        print(f"{net}, an epoch of {len(train.y):,} images, batch {batch_size}, {where} (bar {bar} s):")
        schedule = replace(SCHEDULE, batch_size=batch_size)
        _compare(net, train, test, device, schedule, _when_the_device_is_done, pieces=1)


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
    net: str,
    train: Set,
    test: Set,
    device: torch.device,
    schedule: Schedule,
    clock: Callable[[], float],
    *,
    pieces: int,
) -> None:
    """Seconds of an epoch. Both rivals do a piece of it in turn, so that a slow minute of the machine falls on both."""
    train, test = (Set(each.x[: len(each.y) // pieces], each.y[: len(each.y) // pieces]) for each in (train, test))
    sums = [0.0, 0.0]
    for name, pair in _phases(net, train, test, device, schedule).items():
        taken: list[list[float]] = [[], []]
        for _ in range(1 + max(pieces, REPEATS)):
            for call, times in zip(pair, taken, strict=True):
                start = clock()
                call()
                times.append(clock() - start)
        ours, peer = (pieces * median(times[1:]) for times in taken)  # the first sets up what is set up once
        _print_pair(name, ours, peer)
        sums = [sums[0] + ours, sums[1] + peer]
    _print_pair("the epoch" + (" (bar 1.5)" if device.type == "cpu" else ""), *sums)


def _phases(
    net: str, train: Set, test: Set, device: torch.device, schedule: Schedule
) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """What an epoch is made of: ours, and the plain loop's."""
    ours, peer = our_training(net, train, test, device, schedule), PlainEpoch(net, train, test, device, schedule)
    ask = partial(ours.recorder.after_epoch, ours.model, {}, _unheard_tick)
    steps = partial(ours.train_epoch, _unheard_tick)
    return {
        "its steps": (steps, peer.train),
        "asking about its rows and the test rows": (ask, peer.ask),
    }


def _print_pair(name: str, ours: float, peer: float) -> None:
    print(f"  {name}: {ours:.3f} s; DataLoader and eager loop {peer:.3f} s; ratio {peer / ours:.2f}", flush=True)


def _unheard_tick(rows: int) -> None:
    """Nobody listens."""


def our_training(net: str, train: Set, test: Set, device: torch.device, schedule: Schedule) -> Training:
    """The lab's training of a network on images, a Recorder for every row included."""
    scaling = Scaling.of_rows(train.x)
    parts = {
        name: Labelled(Rows(each.x, device, scaling=scaling), torch.tensor(each.y, device=device))
        for name, each in (("train", train), ("test", test))
    }
    rows, y_given, _ = parts["train"]
    model = build(net, input_shape=rows.shape, n_classes=10, generator=torch_rng(0, "network"))
    return Training(
        placed(model, device),
        rows,
        objective_of(row_loss(CrossEntropy(), None, device), y_given),
        schedule,
        Recorder(parts, Record(), epochs=schedule.epochs, n_classes=10),
        order=torch_rng(0, "order"),
        augmentation=torch_rng(0, "augmentation", device.type),
    )


def images(n: int, n_test: int) -> tuple[Set, Set, str]:
    """Training and test images of Fashion-MNIST, stratified; made ones where LAB_DATA has none."""
    file = next(iter(SETS["fashion_mnist"].files))
    if os.path.isfile(os.path.join(os.environ.get("LAB_DATA", ""), file)):
        dataset = subset(load("fashion_mnist"), n, rng=numpy_rng(0, "bench"))
        train, test = (Set(part.x[:m], part.y_given[:m]) for part, m in ((dataset.train, n), (dataset.test, n_test)))
        return train, test, "Fashion-MNIST"
    shape = (28, 28, 1)
    return made_images(n, shape), made_images(n_test, shape), "no set (LAB_DATA has no Fashion-MNIST)"


def made_images(n: int, shape: tuple[int, int, int]) -> Set:
    """Random pixels and labels: as fast or slow as real ones."""
    rng = numpy_rng(0, "made images")
    return Set(rng.integers(0, 256, (n, *shape), dtype=np.uint8), rng.integers(0, 10, n))


def _precision(device: torch.device) -> str:
    with autocast(device, torch.nn.Conv2d(1, 1, 1)):
        return "bfloat16" if torch.is_autocast_enabled(device.type) else "float32 (no bfloat16 in this hardware)"


def _when_the_device_is_done() -> float:
    torch.cuda.synchronize()
    return perf_counter()
