"""One side of a feature map: a training looked at after some epoch, its features, answers and neighbours."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, UInt8
from numpy import ndarray

from lab.analysis.knet_field import knet_labels, knet_probabilities
from lab.core.checks import require
from lab.core.device import choose_device
from lab.core.rng import torch_rng
from lab.core.threads import threads
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_runs import Inputs, finished, inputs_of
from lab.experiments.worker_training import network_of, prepare
from lab.experiments.worker_training_data import TrainingData, load_training_data
from lab.methods.knet import fit_knet
from lab.methods.knet_targets import targets_of
from lab.neighbors import NeighborTable
from lab.nets.backbone import Backbone
from lab.nets.knet import KNetModule
from lab.specs import Experiment, KNet, MapSource
from lab.specs.budget import training_threads
from lab.specs.methods import K_LIMIT
from lab.train.checkpoint import Checkpoint

ROWS = 512  # through the network at a time
LAYERS = ("early", "mid", "last_conv", "penultimate", "logits")  # of the layer study


class _Enough(Exception):
    """The epoch that was asked for is over."""


def network_after(experiment: Experiment, epoch: int, data: TrainingData, report: PlainReport) -> Backbone:
    """The network as it was after an epoch whose weights nobody kept: trained once more, as far as that.

    The same seeds take the same steps, so that it is the very network. On the CPU, in eval mode.
    """
    training = prepare(experiment, data, choose_device())

    def say(fraction: float, *, point: Any = None) -> None:
        share = min(1.0, fraction * experiment.schedule.epochs / epoch)
        report(0.3 * share, f"training once more, as far as epoch {epoch}")
        if point is not None and training.epoch >= epoch:
            raise _Enough

    one = threads(training_threads(experiment.backbone))
    with tempfile.TemporaryDirectory() as folder, one, contextlib.suppress(_Enough):
        training.run(Checkpoint(Path(folder)), say)
    model: Any = training.model
    return model.cpu().eval().requires_grad_(False)


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished training, looked at after one epoch. What is costly is done when it is first asked for."""

    run: Run
    wanted: int | str  # "last", "best" or a number
    report: PlainReport

    @property
    def experiment(self) -> Experiment:
        """What was trained."""
        request: Experiment = self.run.request
        return request

    @property
    def last(self) -> int:
        """Number of its last epoch."""
        return len(self.run.metrics["epochs"])

    @property
    def epoch(self) -> int:
        """The number of the epoch that is looked at."""
        named = {"last": self.last, "best": int(self.run.metrics["best_epoch"])}
        if isinstance(self.wanted, str):
            return named[self.wanted]
        require(self.wanted <= self.last, "epoch", f"at most {self.last}, where this training ended", self.wanted)
        return self.wanted

    @cached_property
    def inputs(self) -> Inputs:
        """The rows as they came."""
        return inputs_of(self.run)

    @cached_property
    def data(self) -> TrainingData:
        """The rows as the network takes them."""
        return load_training_data(self.experiment, choose_device(), lambda fraction, message: self.report(0.0, message))

    @cached_property
    def network(self) -> Backbone:
        """On the CPU, in eval mode."""
        if self.epoch == self.last:
            return network_of(self.run, "last")
        if self.epoch == self.run.metrics["best_epoch"]:
            return network_of(self.run, "best")
        return network_after(self.experiment, self.epoch, self.data, self.report)

    def features(self, part: str) -> Float32[ndarray, "n d"]:
        """Penultimate features of the training or test rows."""
        kept = self._kept(f"{part}_features")
        return np.asarray(self._asked(part)["penultimate"] if kept is None else kept, dtype=np.float32)

    def softmax(self, part: str) -> Float32[ndarray, "n c"]:
        """What the network answers to them."""
        kept = self._kept(f"{part}_softmax")
        if kept is not None:
            return np.asarray(kept, dtype=np.float32)
        logits = self._asked(part)["logits"].astype(np.float64)
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (e / e.sum(axis=1, keepdims=True)).astype(np.float32)

    def layer(self, part: str, tap: str) -> Float32[ndarray, "n d"]:
        """What a layer puts out, or the input itself, one row each."""
        if tap == "penultimate":
            return self.features(part)
        if tap == "input":
            rows = getattr(self.inputs, part)
            return np.asarray(rows[:], dtype=np.float32).reshape(len(rows), -1)
        return self._asked(part)[tap]

    def _kept(self, name: str) -> ndarray | None:
        """An array of the run at this epoch, if it was recorded."""
        prefixes = [f"epoch{self.epoch}_"]
        if self.epoch == self.last:
            prefixes.append("")
        if self.epoch == self.run.metrics["best_epoch"]:
            prefixes.append("best_")
        return next((self.run.arrays[p + name] for p in prefixes if p + name in self.run.arrays), None)

    @cached_property
    def _answers(self) -> dict[str, dict[str, Any]]:
        return {}

    def _asked(self, part: str) -> dict[str, Any]:
        """Every layer's output for all rows of a part, from one pass."""
        if part not in self._answers:
            self._answers[part] = self.layers(part, np.arange(len(self.data.parts[part].rows)))
        return self._answers[part]

    def layers(self, part: str, which: Int[ndarray, " m"], names: Collection[str] = LAYERS) -> dict[str, Any]:
        """The output of some layers for some rows of a part."""
        return all_layers(self.network, self.data.parts[part].rows, which, self.report, names)


@torch.inference_mode()
def all_layers(
    network: Backbone,
    rows: Any,
    which: Int[ndarray, " m"],
    report: PlainReport = lambda fraction, message: None,
    names: Collection[str] = LAYERS,
) -> dict[str, Any]:
    """Taps of a network and its penultimate features, for `which` of the rows; feature maps by their mean."""
    found: dict[str, ndarray] = {}
    network = network.to(rows.device)
    for start in range(0, len(which), ROWS):
        report(0.3, f"asking the network about row {start:,} of {len(which):,}")
        x = rows[torch.from_numpy(which[start : start + ROWS]).to(rows.device)]
        taps = network.taps(x)
        if "penultimate" in names:
            taps["penultimate"] = network.features(x)
        for name in names:
            block = taps[name].float().cpu().numpy()
            if name not in found:
                found[name] = np.empty((len(which), block.shape[1]), dtype=np.float32)
            found[name][start : start + len(block)] = block
    network.cpu()
    return found


Shelf = Callable[[Experiment, int | str], Trained]
"""A training at an epoch, opened once however many sides look at it."""


def shelf(report: PlainReport) -> Shelf:
    """An empty one. Trainings that are not there yet are trained."""
    runs: dict[Experiment, Run] = {}
    opened: dict[tuple[Experiment, int | str], Trained] = {}

    def take(experiment: Experiment, epoch: int | str) -> Trained:
        if experiment not in runs:
            runs[experiment] = finished(experiment, report, part=0.1)
        if (experiment, epoch) not in opened:
            opened[experiment, epoch] = Trained(runs[experiment], epoch, report)
        return opened[experiment, epoch]

    return take


class Side:
    """What one map shows of the rows of a part: features, and the answers and given labels of its judge.

    Args:
        ks: for which answers and votes are given; `k` is the one at which kNet's hidden layer is taken.
    """

    def __init__(self, source: MapSource, part: str, take: Shelf, *, ks: tuple[int, ...], k: int, knet: KNet) -> None:
        self.source, self.part, self.k, self.knet = source, part, k, knet
        self.placed = take(source.experiment, source.epoch)
        self.judge = self.placed
        if source.labels_of is not None:
            self.judge = take(source.labels_of, source.epoch)
            same = np.array_equal(self.judge.run.arrays["rows"], self.placed.run.arrays["rows"])
            require(same, "labels_of", "a training on the same rows", "one on others")
        self.y_given: Int[ndarray, " n"] = self.judge.run.arrays["y_given"].astype(np.int64)
        self.ks = tuple(one for one in ks if one < len(self.y_given))
        require(k in self.ks, "k", f"below the number of training rows, {len(self.y_given)}", k)

    @property
    def metrics(self) -> dict[str, Any]:
        """Of the judge's training."""
        return self.judge.run.metrics

    @property
    def rows(self) -> Int[ndarray, " m"]:
        """Numbers in the data set of the rows that can be on the map."""
        arrays = self.placed.run.arrays
        return np.arange(len(arrays["test_y"])) if self.part == "test" else arrays["rows"].astype(np.int64)

    @property
    def y_true(self) -> Int[ndarray, " m"]:
        """Their true classes."""
        return self.placed.run.arrays["test_y" if self.part == "test" else "y_clean"].astype(np.int64)

    @cached_property
    def reference(self) -> Float32[ndarray, "n d"]:
        """Features of the training rows, among which neighbours are searched."""
        return self._features("train")

    @cached_property
    def features(self) -> Float32[ndarray, "m d"]:
        """Features of the rows that can be on the map."""
        return self.reference if self.part == "train" else self._features("test")

    def neighbours(self, own: Int[ndarray, " m"]) -> NeighborTable:
        """Of these rows of the part, among the training rows; none is its own."""
        k_max = min(K_LIMIT, len(self.reference) - 1)
        own_rows = own if self.part == "train" else None
        return NeighborTable.build(self.reference, self.features[own], k_max=k_max, own=own_rows)

    @cached_property
    def answers(self) -> UInt8[ndarray, "m ks"]:
        """The predicted class of every row, for each k: a column for each where kNet answers, else the same."""
        if self.source.tap == "knet":
            labels = knet_labels(self._knet(self.judge).fold(), self.judge.features(self.part))
            return labels[np.array(self.ks) - 1].T
        answer = self.softmax.argmax(axis=1).astype(np.uint8)
        return np.repeat(answer[:, None], len(self.ks), axis=1)

    @cached_property
    def softmax(self) -> Float[ndarray, "m c"]:
        """The probabilities behind the answers, kNet's at k."""
        if self.source.tap == "knet":
            return knet_probabilities(self._knet(self.judge).fold(), self.judge.features(self.part), (self.k,))[0]
        return self.judge.softmax(self.part)

    @property
    def wrong(self) -> Bool[ndarray, " m"]:
        """Rows that are answered wrongly at k."""
        return self.answers[:, self.ks.index(self.k)] != self.y_true

    def _features(self, part: str) -> Float32[ndarray, "n d"]:
        if self.source.tap != "knet":
            return self.placed.layer(part, self.source.tap)
        net, h = self._knet(self.placed), torch.from_numpy(self.placed.features(part))
        with torch.inference_mode():
            return net.hidden(net.standardise(h), torch.full((len(h),), self.k)).numpy()

    @cached_property
    def _knets(self) -> dict[str, KNetModule]:
        return {}

    def _knet(self, trained: Trained) -> KNetModule:
        """kNet on the penultimate features and given labels of a training."""
        digest = trained.experiment.digest
        if digest not in self._knets:
            self._knets[digest] = knet_of(trained, self.knet)
        return self._knets[digest]


def knet_of(trained: Trained, knet: KNet) -> KNetModule:
    """kNet on a training's penultimate features, its weights and batches drawn by the training's own seeds."""
    features, y = trained.features("train"), trained.run.arrays["y_given"].astype(np.int64)
    table = NeighborTable.build(features, k_max=min(K_LIMIT, len(features) - 1))
    seeds, n_classes = trained.experiment.seeds, len(trained.run.metrics["classes"])
    return fit_knet(
        torch.from_numpy(features),
        targets_of(table, y, n_classes),
        knet,
        init=torch_rng(seeds.init, "kNet weights"),
        order=torch_rng(seeds.batch, "kNet order"),
        report=lambda epoch, epochs: trained.report(0.5, f"training kNet, epoch {epoch} of {epochs}"),
    )
