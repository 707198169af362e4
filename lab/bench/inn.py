"""`lab bench inn`: INN scores of digits beside the plain loops: 110 passes at once for each sample, or one by one.

Bars on one thread of a CPU, in one run: >= 4 times the loop of 110, >= 25 times the loop of single passes, preview
>= 3.5 times the exact scores; scores within 1e-6 of the loop's. The loops are timed on some of the samples and counted
for all; both run without gradients. Takes about two minutes. In float32 the bar of 4 was not
reached when last seen, on a busy machine: 3.0 times, 1.75 of it by fewer passes; the loop's own batches of 110 already
keep the processor busy. In bfloat16 4.5 to 5.4 times, with ranks that agree to .99997.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int
from numpy import ndarray
from scipy.stats import spearmanr
from torch import Tensor, nn

from lab.analysis.inn import Segments, inn_preview, inn_scores, inn_segments
from lab.bench.measure import cpu_seconds, medians
from lab.core.rng import numpy_rng, torch_rng
from lab.core.threads import threads
from lab.data import load
from lab.neighbors import NeighborTable
from lab.nets.registry import build
from lab.noise import Symmetric, corrupt
from lab.specs import Schedule
from lab.train.classifier import train_classifier

N_SEGMENTS, N_NEIGHBORS = 10, 10
NODES = torch.linspace(0, 1, N_SEGMENTS + 1)


def main(quick: bool = False) -> None:
    """Print each network's figures beside its peers'; `quick` is too small to say anything about the bars."""
    epochs, n, n_loop, repeats = (1, 100, 20, 1) if quick else (20, 1797, 120, 3)
    x, y_given = _digits(n)
    print(f"{n:,} digits, 20 % of the labels wrong; CPU ms a sample on one thread, median of {repeats}")
    with threads(1):
        for name, shape in (("DigitsMLP", (64,)), ("MNIST-CNN5", (1, 8, 8))):
            rows = x.reshape(n, *shape)
            net = build(name, input_shape=shape, n_classes=10, generator=torch_rng(0))
            schedule = Schedule(epochs=epochs, learning_rate=0.01)
            train_classifier(net, torch.from_numpy(rows), torch.from_numpy(y_given), schedule, generator=torch_rng(1))
            _compare(name, net, rows, y_given, n_loop, repeats)


def _digits(n: int) -> tuple[Float32[ndarray, "n 64"], Int[ndarray, " n"]]:
    digits = load("digits")
    y = digits.y_given[:n]
    return digits.x[:n], corrupt(y, Symmetric(0.2), rng=numpy_rng(0, "noise"), n_classes=10).y_given


def _compare(
    name: str, net: nn.Module, x: Float32[ndarray, "n ..."], y: Int[ndarray, " n"], n_loop: int, repeats: int
) -> None:
    table = NeighborTable.build(x.reshape(len(x), -1), k_max=N_NEIGHBORS)
    tensors = (torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(table.idx).long())
    given: tuple[Any, ...] = (net, x, y, table)  # searched once, for the loops too
    times = medians(
        {
            "exact": partial(inn_scores, *given),
            "preview": partial(inn_preview, *given),
            "loop": partial(loop_of_110, net, *tensors, n_loop),
            "single": partial(loop_of_1, net, *tensors, n_loop // 20),
        },
        repeats,
    )
    counted = {"loop": n_loop, "single": n_loop // 20}
    ms = {what: 1000 * seconds / counted.get(what, len(x)) for what, seconds in times.items()}
    segments = inn_segments(*given)
    off = np.abs(segments.scores[:n_loop] - loop_of_110(net, *tensors, n_loop)).max()
    print(
        f"  {name}: {ms['exact']:.3f}; loop of 110 {ms['loop']:.2f}, ratio {ms['loop'] / ms['exact']:.1f} (bar 4); "
        f"loop of single passes {ms['single']:.1f}, ratio {ms['single'] / ms['exact']:.0f} (bar 25); "
        f"off by {off:.0e} (bar 1e-6)"
    )
    print(f"    {_passes(segments)}; 110 a sample would be {110 * len(x):,}")
    rank = spearmanr(inn_preview(*given), segments.scores).statistic
    print(
        f"    preview {ms['preview']:.3f}, {ms['exact'] / ms['preview']:.1f} times faster (bar 3.5), rank correlation {rank:.6f}"
    )
    low: list[ndarray] = []
    seconds = cpu_seconds(lambda: low.append(inn_scores(*given, precision="bfloat16")))
    ratio, rank = ms["exact"] * len(x) / 1000 / seconds, spearmanr(low[0], segments.scores).statistic
    print(
        f"    bfloat16, for chips that have it: here {ratio:.1f} times faster, {ratio * ms['loop'] / ms['exact']:.1f} times the "
        f"loop of 110 (bar 4), rank correlation {rank:.6f} (bar .9999)"
    )


def _passes(segments: Segments) -> str:
    n, expected = len(segments.idx), (N_SEGMENTS - 1) * segments.n_pairs + len(segments.idx)
    found = "" if segments.passes == expected else f", but {expected:,} was expected"
    return f"{segments.passes:,} passes = 9 x {segments.n_pairs:,} pairs + {n:,}{found}"


@torch.no_grad()
def loop_of_110(
    net: nn.Module, x: Tensor, y: Int[Tensor, " n"], idx: Int[Tensor, "n l"], n: int
) -> Float64[ndarray, " m"]:
    """The scores of the first n samples: every node of every line of one sample in one batch."""
    net.eval()
    t = NODES.view(-1, 1, *[1] * (x.ndim - 1))
    scores = np.empty(n)
    for i in range(n):
        line = (1 - t) * x[i] + t * x[idx[i]]
        f = net(line.flatten(0, 1)).softmax(dim=1)[:, y[i]].view(len(NODES), -1)
        scores[i] = ((f[1:] + f[:-1]) / 2).mean().item()
    return scores


@torch.no_grad()
def loop_of_1(
    net: nn.Module, x: Tensor, y: Int[Tensor, " n"], idx: Int[Tensor, "n l"], n: int
) -> Float64[ndarray, " m"]:
    """The same, one pass at a time."""
    net.eval()
    scores = np.empty(n)
    for i in range(n):
        f = torch.stack(
            [net((1 - t) * x[i : i + 1] + t * x[j][None]).softmax(dim=1)[0, y[i]] for t in NODES for j in idx[i]]
        ).view(len(NODES), -1)
        scores[i] = ((f[1:] + f[:-1]) / 2).mean().item()
    return scores


if __name__ == "__main__":
    main()
