"""Train a backbone on the given labels of a data set, and write down what the lab asks of a training.

60 epochs of DigitsMLP on the digits take about 3 s on one slow core.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from numpy import ndarray
from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of
from torch import Tensor

from lab.core.checks import require
from lab.core.device import choose_device
from lab.core.rng import torch_rng
from lab.core.threads import threads
from lab.experiments.home import checkpoint_folder
from lab.experiments.progress import Report
from lab.experiments.results import Run
from lab.experiments.worker_training_data import TrainingData, load_training_data
from lab.neighbors import NeighborTable
from lab.nets.backbone import Backbone
from lab.nets.registry import RULES, build
from lab.specs import Experiment, KNet
from lab.specs.backbones import BACKBONES
from lab.specs.budget import training_threads
from lab.train.checkpoint import Checkpoint
from lab.train.objectives import objective_of, row_loss
from lab.train.record import Recorder
from lab.train.rows import placed
from lab.train.training import Training

SMALL = np.uint8  # of labels: the worker takes at most 200 classes


def run_training(experiment: Experiment, report: Report) -> Run:
    """Train, from the checkpoint if there is one, and return everything that was recorded.

    The checkpoint stays: whoever has put the run in safety removes it.

    Metrics: `epochs` (a point each), `last` and `best` (the points of these epochs), `best_epoch`, `nominal_rate`,
    `effective_rate`, `realised_rate`, `n_train` (rows that steps are taken on), `n_val`, `n_test`, `n_parameters`,
    `seconds`, `device`, `uses_clean_labels`, `classes`, `input_shape`.
    Arrays: `y_given`, `y_clean` and `rows` (numbers in the data set) of the training rows, `val_rows`, `test_y`;
    `train_features`, `train_softmax`, `test_features`, `test_softmax` of the last epoch, the same with `best_` before
    them if the best is another one, and with `epoch<number>_` for each epoch of `Record.epochs`; `sample_loss`,
    `sample_p_given`, `sample_predicted` (epochs, n) and `consistency` (epochs, 4) where they were asked for;
    `last_weights`, `best_weights`: bytes for `network_of`.
    Raises: ValueError in one sentence if it can not be carried out.
    """
    start, device = monotonic(), choose_device()
    known = type(experiment.backbone) in RULES  # an Experiment made in Python is not checked for it
    require(known, "backbone", "one of " + ", ".join(BACKBONES), experiment.backbone)
    with _told_as_a_sentence(experiment, device), threads(training_threads(experiment.backbone)), _same_every_time():
        data = load_training_data(experiment, device, lambda fraction, message: report(0.0, message))
        training = prepare(experiment, data, device)
        checkpoint = Checkpoint(checkpoint_folder(experiment.digest))

        def say(fraction: float, *, point: Mapping[str, float] | None = None) -> None:
            message = (
                f"training, epoch {min(training.epoch + 1, experiment.schedule.epochs)} of {experiment.schedule.epochs}"
            )
            message += f"; {checkpoint.trouble}" if checkpoint.trouble else ""
            report(fraction, message) if point is None else report(fraction, message, point=point)

        training.run(checkpoint, say)
        report(1.0, "collecting what was recorded")
        arrays = collect(data, training, lambda rows: report(1.0, "collecting what was recorded"))
    seconds = training.seconds + monotonic() - start
    return Run(experiment, describe(experiment, data, training, seconds), arrays, seconds)


def prepare(experiment: Experiment, data: TrainingData, device: torch.device) -> Training:
    """The network with its weights drawn, before its first step."""
    assert not isinstance(experiment.method, KNet)  # as the experiment demands
    seeds, schedule, n_classes = experiment.seeds, experiment.schedule, len(data.classes)
    init = torch_rng(seeds.init, "network")
    net = build(experiment.backbone, input_shape=data.input_shape, n_classes=n_classes, generator=init)
    train = data.parts["train"]
    recorder = Recorder(
        data.parts,
        experiment.record,
        epochs=schedule.epochs,
        n_classes=n_classes,
        nearest=partial(nearest_other, device=device),
    )
    return Training(
        placed(net, device),
        train.rows,
        objective_of(row_loss(experiment.method, data.labels.T, device), train.y_given),
        schedule,
        recorder,
        order=torch_rng(seeds.batch, "order"),
        augmentation=torch_rng(seeds.batch, "augmentation", device.type),
    )


def nearest_other(features: Float[ndarray, "n d"], *, device: torch.device) -> Int[ndarray, " n"]:
    """Each row's nearest other row."""
    where = "cpu" if device.type == "mps" else device
    return NeighborTable.build(features, k_max=1, device=where).idx[:, 0].astype(np.int64)


def collect(data: TrainingData, training: Training, tick: Any) -> dict[str, ndarray]:
    """The arrays of the run; the network ends with its last weights."""
    recorder, model = training.recorder, training.model
    arrays: dict[str, ndarray] = {
        "y_given": data.y_given.astype(SMALL),
        "y_clean": data.y_clean.astype(SMALL),
        "rows": data.index.astype(np.int32),
        "val_rows": data.val_index.astype(np.int32),
        "test_y": data.test_y.astype(SMALL),
    }
    arrays |= recorder.recorded() | recorder.snapshots | recorder.snapshot(model, tick)
    last = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    arrays |= {"last_weights": packed(last), "best_weights": packed(training.best)}
    if training.best_epoch != training.epoch:
        model.load_state_dict(training.best)
        arrays |= {f"best_{name}": array for name, array in recorder.snapshot(model, tick).items()}
        model.load_state_dict(last)
    return arrays


def packed(weights: Mapping[str, Tensor]) -> UInt8[ndarray, " bytes"]:
    """Weights in the safetensors format."""
    return np.frombuffer(bytes_of({name: t.detach().cpu().contiguous() for name, t in weights.items()}), dtype=SMALL)


def network_of(run: Run, which: str = "last") -> Backbone:
    """The network of a finished training, on the CPU and in eval mode, with its "last" or "best" weights."""
    metrics = run.metrics
    net = build(
        run.request.backbone,
        input_shape=tuple(metrics["input_shape"]),
        n_classes=len(metrics["classes"]),
        generator=torch_rng(0),
    )
    net.load_state_dict(tensors_of(run.arrays[f"{which}_weights"].tobytes()))
    return net.eval().requires_grad_(False)


def describe(experiment: Experiment, data: TrainingData, training: Training, seconds: float) -> dict[str, Any]:
    """The metrics of the run."""
    points, labels = training.recorder.points, data.labels
    return {
        "epochs": points,
        "last": points[-1],
        "best": points[training.best_epoch - 1],
        "best_epoch": training.best_epoch,
        "nominal_rate": labels.nominal_rate,
        "effective_rate": labels.effective_rate,
        "realised_rate": labels.flip_rate,
        "n_train": len(data.y_given),
        "n_val": len(data.val_index),
        "n_test": len(data.test_y),
        "n_parameters": sum(p.numel() for p in training.step.parameters),
        "seconds": seconds,
        "device": device_name(training.rows.device),
        "uses_clean_labels": experiment.uses_clean_labels,
        "classes": list(data.classes),
        "input_shape": list(data.input_shape),
    }


def device_name(device: torch.device) -> str:
    """What the device is called."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


@contextmanager
def _told_as_a_sentence(experiment: Experiment, device: torch.device) -> Iterator[None]:
    """A lack of memory in one sentence that names the remedy."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        lack = isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)
        if not lack:
            raise
        rule = f"small enough for network and data to fit into the memory of {device_name(device)}"
        raise ValueError(f"batch_size must be {rule}, got {experiment.schedule.batch_size}") from error


@contextmanager
def _same_every_time() -> Iterator[None]:
    """cuDNN's algorithms that give the same sums in every run."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield
