"""What a comparison stands on: a finished training, the features its neighbours are searched in, and the neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Int
from numpy import ndarray

from lab.core.checks import require
from lab.core.device import choose_device
from lab.core.rng import torch_rng
from lab.core.threads import threads
from lab.experiments.progress import PlainReport
from lab.experiments.results import Run
from lab.experiments.worker_runs import Inputs, finished, inputs_of
from lab.experiments.worker_training import network_of
from lab.experiments.worker_training_data import scaling_of
from lab.methods.knet import fit_knet
from lab.methods.knet_targets import Targets, targets_of
from lab.neighbors import NeighborTable
from lab.nets.backbone import Backbone
from lab.nets.knet import KNetModule
from lab.nets.registry import COLOUR_ONLY
from lab.specs import Comparison, KNet
from lab.specs.methods import K_LIMIT
from lab.train.loop import SMALLEST_BATCH
from lab.train.rows import Rows, autocast, evaluation_batch


@dataclass(frozen=True, eq=False)
class Ground:
    """Attributes:
    reference: features of the training rows. queries: of the rows that are asked.
    y: true labels of the asked rows. softmax: the network's answers to them.
    table: neighbours of the asked rows among the training rows.
    left_out: there are no test rows: the training rows are asked, none being its own neighbour.
    """

    comparison: Comparison
    run: Run
    net: Backbone
    inputs: Inputs
    reference: Float32[ndarray, "n d"]
    queries: Float32[ndarray, "m d"]
    y_given: Int[ndarray, " n"]
    y_clean: Int[ndarray, " n"]
    y: Int[ndarray, " m"]
    softmax: Float32[ndarray, "m c"]
    table: NeighborTable
    left_out: bool

    @property
    def n_classes(self) -> int:
        return self.softmax.shape[1]

    @cached_property
    def own_table(self) -> NeighborTable:
        """The neighbours of every training row, itself left out."""
        return self.table if self.left_out else search(self.comparison, self.reference)

    def targets(self) -> Targets:
        """What kNet is trained on."""
        include = self.comparison.knet.self_neighbour == "include"
        table = self.own_table
        if include:
            kept = min(K_LIMIT - 1, table.k_max)
            table = NeighborTable(table.idx[:, :kept], table.dist[:, :kept], table.n_reference).with_self()
        return targets_of(table, self.y_given, self.n_classes)

    def asked_rows(self) -> Rows:
        """The asked rows as the network takes them."""
        return rows_for(self.run, self.inputs, "train" if self.left_out else "test", torch.device("cpu"))


def ground(comparison: Comparison, report: PlainReport) -> Ground:
    """Find or train the network, and search the neighbours.

    Raises: ValueError in one sentence if the data is gone, there are too few rows, or a feature is not a number.
    """
    run = finished(comparison.experiment, report, part=0.4)
    report(0.4, "finding the neighbours")
    inputs, arrays = inputs_of(run), run.arrays
    best = comparison.weights == "best" and "best_train_softmax" in arrays
    prefix, asked = "best_" if best else "", "test" if len(arrays["test_y"]) else "train"
    net = network_of(run, comparison.weights)
    reference, queries = (features_of(comparison, run, net, inputs, prefix, part) for part in ("train", asked))
    n, left_out = len(reference), asked == "train"
    require(n >= SMALLEST_BATCH, "number of training rows", f">= {SMALLEST_BATCH}", n)
    return Ground(
        comparison,
        run,
        net,
        inputs,
        reference,
        queries,
        arrays["y_given"].astype(np.int64),
        arrays["y_clean"].astype(np.int64),
        arrays["y_clean" if left_out else "test_y"].astype(np.int64),
        arrays[f"{prefix}{asked}_softmax"].astype(np.float32),
        search(comparison, reference, None if left_out else queries),
        left_out,
    )


def search(comparison: Comparison, reference: Any, queries: Any = None) -> NeighborTable:
    """The nearest training rows, for as many k as there are, up to 101."""
    device = choose_device()
    return NeighborTable.build(
        reference,
        queries,
        k_max=min(K_LIMIT, len(reference) - 1),
        metric=comparison.metric,
        z_score=comparison.z_score,
        device="cpu" if device.type == "mps" else device,
    )


def features_of(
    comparison: Comparison, run: Run, net: Backbone, inputs: Inputs, prefix: str, part: str
) -> Float32[ndarray, "n d"]:
    """What neighbours of one part are searched in; raw pixels as shares of 255."""
    if comparison.features == "penultimate":
        return run.arrays[f"{prefix}{part}_features"].astype(np.float32)
    if comparison.features == "raw":
        x = np.asarray(getattr(inputs, part)[:])
        flat = x.reshape(len(x), -1).astype(np.float32)
        return flat / np.float32(255) if x.dtype == np.uint8 else flat
    device = choose_device()
    rows, net = rows_for(run, inputs, part, device), net.to(device)
    size, taps = evaluation_batch(rows), []
    with torch.inference_mode():
        for start in range(0, len(rows), size):
            with autocast(device, net):
                taps.append(net.taps(rows[start : start + size])[comparison.features].float().cpu())
    net.cpu()
    return torch.cat(taps).numpy()


def rows_for(run: Run, inputs: Inputs, part: str, device: torch.device) -> Rows:
    """Rows of one part, scaled as they were for the training."""
    scaling = scaling_of(run.request.dataset.name, inputs.train)
    return Rows(getattr(inputs, part), device, scaling=scaling, colour=isinstance(run.request.backbone, COLOUR_ONLY))


def trained_knet(
    stand: Ground, targets: Targets, config: KNet, report: PlainReport, what: str, *, fixed_k: int | None = None
) -> KNetModule:
    """One kNet, on the CPU; `report` hears fractions in [0, 1] of this training."""
    seed = stand.comparison.seed
    with threads(1):  # so small a network only waits for a second one
        net = fit_knet(
            torch.from_numpy(stand.reference),
            targets,
            config,
            fixed_k=fixed_k,
            init=torch_rng(seed, "kNet weights"),
            order=torch_rng(seed, "kNet order"),
            device=choose_device(),
            report=lambda epoch, epochs: report(epoch / epochs, what),
        )
    return net.cpu()
