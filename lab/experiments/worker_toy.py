"""The toy from data to decision fields: what KNET's Fig. 2 shows, for every k from 1 to 101.

At 3,000 points: network, neighbours, kNet, and both fields on a 200 x 200 grid take about 1.0 s on one slow core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from time import process_time

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8

from lab.analysis.knet_field import knet_labels, softmax
from lab.core.checks import require
from lab.core.rng import numpy_rng, torch_rng
from lab.data.toy import bayes_labels, extent, log_density, make_toy
from lab.experiments.progress import PlainReport, unheard
from lab.methods.knet import fit_knet
from lab.neighbors import NeighborTable, search_grid, search_groups
from lab.nets.knet import KNetModule
from lab.nets.mlp import ToyMLP
from lab.noise import NoisyLabels, corrupt
from lab.specs import Experiment, Toy
from lab.specs.backbones import ToyMLP as ToyMLPSpec
from lab.specs.toy import MIN_PER_CLASS
from lab.train.classifier import History, train_classifier

N_TEST = 9000  # points of the clean test draw


@dataclass
class Clock:
    """CPU seconds of each phase, in order."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        start = process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + process_time() - start


@dataclass(frozen=True)
class Sample:
    """The training points of a toy experiment."""

    x: Float[np.ndarray, "n 2"]
    y_clean: Int[np.ndarray, " n"]
    y_given: Int[np.ndarray, " n"]
    edited: Bool[np.ndarray, " n"]
    labels: NoisyLabels


@dataclass(frozen=True)
class Place:
    """Points at which every method is asked: the grid of the field, or the clean test draw."""

    x: Float[np.ndarray, "m 2"]
    truth: Int[np.ndarray, " m"]  # Bayes-optimal class on the grid, clean label on the test draw
    weight: Float[np.ndarray, " m"]  # sums to 1


def draw_sample(experiment: Experiment) -> Sample:
    """Points, clean labels, labels after the noise, and after the edits by hand."""
    toy = experiment.toy
    x, y_clean = make_toy(toy, rng=numpy_rng(toy.seed, "toy train"))
    labels = corrupt(y_clean, experiment.noise, rng=numpy_rng(experiment.seeds.noise, "noise"), n_classes=3)
    y_given, edited = labels.y_given.copy(), np.zeros(len(x), dtype=bool)
    for row, label in experiment.edits:
        y_given[row], edited[row] = label, True
    rule = "of at least two classes (with one class left there is nothing to tell apart)"
    require(len(np.unique(y_given)) > 1, "the given labels", rule, toy.class_names[y_given[0]])
    return Sample(x, y_clean, y_given, edited, labels)


def clean_test_draw(toy: Toy) -> Place:
    """A large clean draw with the class proportions of the training set; its seed is the data's."""
    total = sum(toy.class_counts)
    first, second, third = (max(MIN_PER_CLASS, round(N_TEST * count / total)) for count in toy.class_counts)
    large = replace(toy, n_per_class=(first, second, third), imbalance=1.0)
    x, y = make_toy(large, rng=numpy_rng(toy.seed, "toy test"))
    return Place(x, y, np.full(len(x), 1 / len(x)))


def grid_place(toy: Toy, side: int) -> Place:
    """Cell centres of the decision field, row by row from the bottom, weighted by the density of the data."""
    low_x, high_x, low_y, high_y = extent(toy)
    across, up = (
        low + (np.arange(side) + 0.5) * (high - low) / side for low, high in ((low_x, high_x), (low_y, high_y))
    )
    x = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2).astype(np.float32)
    density = np.exp(log_density(toy, x)) @ np.asarray(toy.class_counts, dtype=float)
    return Place(x, bayes_labels(toy, x), density / density.sum())


def train_network(experiment: Experiment, sample: Sample, report: PlainReport) -> tuple[ToyMLP, History]:
    """The preliminary network, trained on the given labels with cross-entropy."""
    seeds, schedule = experiment.seeds, experiment.schedule
    assert isinstance(experiment.backbone, ToyMLPSpec)  # as the experiment demands
    net = ToyMLP(2, experiment.backbone.width, 3, generator=torch_rng(seeds.init, "network"))
    validation = None
    if schedule.early_stopping != "off":
        x, y = make_toy(experiment.toy, rng=numpy_rng(experiment.toy.seed, "toy validation"))
        if schedule.early_stopping == "noisy":
            rng = numpy_rng(seeds.noise, "validation noise")
            y = corrupt(y, experiment.noise, rng=rng, n_classes=3).y_given
        validation = torch.from_numpy(x), torch.from_numpy(y)
    history = train_classifier(
        net,
        torch.from_numpy(sample.x),
        torch.from_numpy(sample.y_given),
        schedule,
        generator=torch_rng(seeds.batch, "network"),
        validation=validation,
        report=lambda epoch, epochs: report(epoch / epochs, f"training the network, epoch {epoch} of {epochs}"),
    )
    return net, history


@torch.inference_mode()
def features_of(net: ToyMLP, x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n d"]:
    return net.features(torch.from_numpy(x)).numpy()


def votes_for_knet(table: NeighborTable, sample: Sample, include_self: bool) -> UInt8[np.ndarray, "n k c"]:
    """Cumulative votes of every training row's neighbours; with itself in front if asked for."""
    if not include_self:
        return table.votes(sample.y_given, 3)
    own = np.arange(len(sample.x), dtype=table.idx.dtype)[:, None]
    idx = np.concatenate([own, table.idx], axis=1)[:, : table.idx.shape[1]]
    dist = np.concatenate([np.zeros_like(table.dist[:, :1]), table.dist], axis=1)[:, : table.idx.shape[1]]
    return NeighborTable(idx, dist, len(sample.x)).votes(sample.y_given, 3)


@dataclass(frozen=True)
class Answers:
    """What every method answers at the points of one place; K rows for k = 1..K."""

    neighbours: UInt8[np.ndarray, "k m"]  # given labels of the neighbours, nearest first
    knn: UInt8[np.ndarray, "k m"]
    knet: UInt8[np.ndarray, "k m"]
    network: Float[np.ndarray, "m c"]  # softmax


def tiles(x: Float[np.ndarray, "m 2"], size: int = 36) -> Int[np.ndarray, " m"]:
    """Groups of about `size` points that lie close together: columns of equal count, each cut into equal counts."""
    n, across = len(x), max(1, round((len(x) / size) ** 0.5))
    column = np.argsort(np.argsort(x[:, 0])) * across // n
    group = np.empty(n, dtype=np.int64)
    group[np.lexsort((x[:, 1], column))] = np.arange(n) * across**2 // n
    return group


def answer_knn(
    table: NeighborTable, y_given: Int[np.ndarray, " n"]
) -> tuple[UInt8[np.ndarray, "k m"], UInt8[np.ndarray, "k m"]]:
    """Labels of the neighbours and the vote for every k, both with k first."""
    neighbours = y_given.astype(np.uint8)[table.idx].T
    return np.ascontiguousarray(neighbours), np.ascontiguousarray(table.predict_all(y_given, 3).T)


@dataclass
class Pipeline:
    """The stages of the toy, one after another, each timed."""

    experiment: Experiment
    report: PlainReport = unheard
    clock: Clock = field(default_factory=Clock)

    def run(self) -> None:
        """All that the side-by-side view needs; `fixed()` and `payload()` come after it."""
        experiment, report, phase = self.experiment, self.report, self.clock.phase
        with phase("data"):
            self.sample = draw_sample(experiment)
            self.test, self.grid = clean_test_draw(experiment.toy), grid_place(experiment.toy, experiment.grid)
        with phase("network"):
            self.net, self.history = train_network(experiment, self.sample, self.stage(0.0, 0.35))
        with phase("neighbours"):
            report(0.35, "finding the neighbours")
            self.features = features_of(self.net, self.sample.x)
            table = NeighborTable.build(self.features)
            self.votes = votes_for_knet(table, self.sample, experiment.knet.self_neighbour == "include")
        with phase("kNet"):
            self.knet = self.fit(None, self.stage(0.4, 0.65))
        with phase("test draw"):
            report(0.65, "asking both on the clean test draw")
            self.test_answers = self.answer(self.test, partial(search_groups, group=tiles(self.test.x)))
        with phase("fields"):
            report(0.75, "drawing the fields")
            side = experiment.grid
            self.grid_answers = self.answer(self.grid, partial(search_grid, shape=(side, side)))

    def stage(self, low: float, high: float) -> PlainReport:
        """PlainReport of a stage that takes the given share of the whole."""
        return lambda fraction, message: self.report(low + fraction * (high - low), message)

    def fit(self, fixed_k: int | None, report: PlainReport) -> KNetModule:
        seeds, what = self.experiment.seeds, "kNet" if fixed_k is None else f"kNet for k = {fixed_k} alone"
        return fit_knet(
            torch.from_numpy(self.features),
            self.votes,
            self.experiment.knet,
            fixed_k=fixed_k,
            init=torch_rng(seeds.init, what),
            order=torch_rng(seeds.batch, what),
            report=lambda epoch, epochs: report(epoch / epochs, f"training {what}, epoch {epoch} of {epochs}"),
        )

    def answer(self, place: Place, search: Callable[..., NeighborTable]) -> Answers:
        features, k_max = features_of(self.net, place.x), self.votes.shape[1]
        table = search(self.features, features, k_max=k_max)
        neighbours, knn = answer_knn(table, self.sample.y_given)
        with torch.inference_mode():
            logits = self.net.head(torch.from_numpy(features)).numpy()
        return Answers(neighbours, knn, knet_labels(self.knet.fold(), features)[: len(knn)], softmax(logits))

    def fixed(self) -> dict[int, KNetModule]:
        """One kNet per k of `fixed_ks`, each trained for that k alone."""
        ks = self.experiment.knet.fixed_ks
        with self.clock.phase("fixed kNet"):
            return {
                k: self.fit(k, self.stage(0.8 + 0.15 * i / len(ks), 0.8 + 0.15 * (i + 1) / len(ks)))
                for i, k in enumerate(ks)
            }
