"""What a training will take and leave behind, before anything heavy is imported: bytes and seconds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from time import thread_time

import numpy as np

from lab.core.checks import require
from lab.core.threads import threads, usable_cores
from lab.specs.backbones import BackboneSpec, DigitsMLP, ToyMLP
from lab.specs.datasets import DATASETS
from lab.specs.experiment import Experiment
from lab.specs.labels import RareClass, RarePair
from lab.specs.network_sizes import NetworkSize, network_size

TEST_ROWS = {"digits": 500, "iris": 50, "wine": 60, "breast_cancer": 190, "svhn": 26_032}  # 10,000 of the others
FEATURES = {"iris": 4, "wine": 13, "breast_cancer": 30}
FULLY_CONNECTED = (ToyMLP, DigitsMLP)
VALIDATION_SHARE = 10  # one training row in so many is held out for early stopping
SAMPLE_BYTES = 2 + 2 + 1  # of a row after an epoch: loss and probability in float16, label in uint8
KEPT_FOR_GRADIENT = 3  # of every number that a convolution puts out: itself, and what BatchNorm and ReLU keep

# One thread of the machine on which it was measured (a Xeon at 2.5 GHz); `pace` tells how another one compares.
GFLOPS_SMALL, GFLOPS = 40.0, 90.0  # of matrices of a hundred rows and columns; of convolutions
SECONDS_A_NUMBER = 2.6e-9  # that a convolution puts out, for all that BatchNorm and ReLU do with it, forward
SECONDS_A_LAYER = 130e-6  # of a step, forward, backward and optimiser
STEP_COST = 3  # of forward and backward, in units of forward
SECONDS_BEFORE = 0.3  # reading and describing
CUDA_GFLOPS, CUDA_SECONDS_A_NUMBER, CUDA_SECONDS_A_LAYER = 150e3, 3e-12, 60e-6  # estimates, not measured
REFERENCE_PACE = (0.00105, 0.00032)  # seconds of the two tasks of `pace` there


@dataclass(frozen=True, slots=True)
class DataSize:
    """Numbers of rows and classes, the shape of one row ((height, width, channels) or (features,)), and whether its
    numbers are pixels of a byte each.
    """

    n_train: int
    n_test: int
    n_classes: int
    row: tuple[int, ...]
    pixels: bool = False


def data_size(experiment: Experiment) -> DataSize | None:
    """The size of an experiment's data; None for data of one's own, which must be opened first.

    Rows that an imbalance takes away are counted as if classes were equally frequent.
    """
    study = experiment.label_study
    known = DATASETS.get(study.dataset.name)
    if known is None:
        return None
    n_classes = len(known.classes)
    n = study.dataset.n or known.n_train
    n_test = TEST_ROWS.get(study.dataset.name, 10_000)
    row = known.image or (FEATURES.get(study.dataset.name, 2),)
    if isinstance(study.imbalance, RareClass):
        n = round(n * (1 - (1 - study.imbalance.fraction) / n_classes))
    elif isinstance(study.imbalance, RarePair):
        n, n_test = round(n * (1 + study.imbalance.fraction) / n_classes), 2 * n_test // n_classes
        n_classes = 2
    return DataSize(n, n_test, n_classes, row, pixels=known.marker is not None)


def record_bytes(experiment: Experiment, size: DataSize | None = None) -> int:
    """Bytes of the arrays that a finished run leaves behind, at most.

    Args:
        size: of the data; needed for data of one's own alone.
    """
    size, network = _sizes(experiment, size)
    schedule, record = experiment.schedule, experiment.record
    n, m = size.n_train, size.n_test
    labels = n * (1 + 1 + 4) + m
    samples = schedule.epochs * n * SAMPLE_BYTES if record.samples else 0
    snapshots = 2 + sum(epoch <= schedule.epochs for epoch in record.epochs)
    answers = snapshots * (n + m) * (2 * network.penultimate + 4 * size.n_classes)
    consistency = 16 * schedule.epochs if record.consistency else 0
    return labels + samples + answers + consistency + 2 * _weight_bytes(network)


def memory_bytes(experiment: Experiment, size: DataSize | None = None) -> int:
    """Bytes that a training needs on its device, about: data, network, optimiser, a batch, and what is recorded."""
    size, network = _sizes(experiment, size)
    row = math.prod(size.row)
    stored = row if size.pixels else 4 * row
    batch = 4 * experiment.schedule.batch_size * (KEPT_FOR_GRADIENT * 1e3 * network.outputs + 3 * row)
    data = (size.n_train + size.n_test) * stored
    return round(data + 4 * _weight_bytes(network) + batch) + record_bytes(experiment, size)


def predicted_seconds(
    experiment: Experiment, size: DataSize | None = None, *, device: str = "cpu", n_threads: int | None = None
) -> float:
    """Seconds that a training will take if all its epochs are run and nothing else is.

    Measured for the CPU, where the speed of this machine is found out once; for "cuda" an estimate.

    Args:
        size: of the data; needed for data of one's own alone.
        n_threads: of the CPU; None is what the worker takes.
    """
    size, network = _sizes(experiment, size)
    schedule = experiment.schedule
    held_out = size.n_train // VALIDATION_SHARE if schedule.early_stopping != "off" else 0
    n = size.n_train - held_out
    asked = n + held_out + size.n_test + (n if experiment.record.consistency else 0)
    epoch = epoch_seconds(
        experiment.backbone, network, n, asked, schedule.batch_size, device=device, n_threads=n_threads
    )
    return SECONDS_BEFORE + schedule.epochs * epoch


def epoch_seconds(
    backbone: BackboneSpec,
    network: NetworkSize,
    n: int,
    asked: int,
    batch_size: int,
    *,
    device: str = "cpu",
    n_threads: int | None = None,
) -> float:
    """Seconds of an epoch.

    Args:
        n: rows that are trained on. asked: rows that it answers after the epoch.
        device, n_threads: as in `predicted_seconds`.
    """
    rows = STEP_COST * n + asked  # in units of one forward pass
    layers = network.layers * max(1, n // batch_size)
    if device == "cuda":
        a_row = network.mflop / 1e3 / CUDA_GFLOPS + 1e3 * network.outputs * CUDA_SECONDS_A_NUMBER
        return rows * a_row + layers * CUDA_SECONDS_A_LAYER
    arithmetic, interpreter = pace()
    small = isinstance(backbone, FULLY_CONNECTED)
    a_row = network.mflop / 1e3 / (GFLOPS_SMALL if small else GFLOPS) + 1e3 * network.outputs * SECONDS_A_NUMBER
    a_row *= arithmetic / (n_threads or training_threads(backbone))
    return rows * a_row + layers * SECONDS_A_LAYER * interpreter


def training_threads(backbone: BackboneSpec) -> int:
    """One for fully connected nets, which are slower on two; else all cores but the one that serves pages.

    Where another process wants a core too, threads wait for each other: on two busy cores ResNet20 took 9.8 s with two
    threads and 4.1 s with one.
    """
    return 1 if isinstance(backbone, FULLY_CONNECTED) else max(1, usable_cores() - 1)


@lru_cache(maxsize=1)
def pace() -> tuple[float, float]:
    """How many times as long as the machine of the constants this one takes, for arithmetic and for Python itself."""
    matrix = np.ones((256, 256), dtype=np.float32)
    with threads(1):
        arithmetic = _fastest(lambda: [matrix @ matrix for _ in range(3)])
        interpreter = _fastest(lambda: sum(len(str(i)) for i in range(2000)))
    return arithmetic / REFERENCE_PACE[0], interpreter / REFERENCE_PACE[1]


def _fastest(task: Callable[[], object]) -> float:
    taken = []
    for _ in range(25):  # a millisecond each: one of them will not have been interrupted
        start = thread_time()
        task()
        taken.append(thread_time() - start)
    return min(taken)


def _weight_bytes(network: NetworkSize) -> int:
    return round(4.02 * network.parameters) + 600 * network.layers  # with BatchNorm's running statistics, and names


def _sizes(experiment: Experiment, size: DataSize | None) -> tuple[DataSize, NetworkSize]:
    size = size or data_size(experiment)
    require(size is not None, "size", "given for data of one's own", size)
    assert size is not None
    return size, network_size(experiment.backbone, size.row, size.n_classes)
