"""What a method costs whoever uses it: numbers kept, bytes, and microseconds for a query, measured."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

from jaxtyping import Shaped
from numpy import ndarray
from torch import nn

from lab.core.checks import check_integer, require
from lab.core.threads import threads


class Memory(NamedTuple):
    """numbers: what the paper counts. bytes: all that must be kept in order to answer."""

    numbers: int
    bytes: int


def knn_memory(features: Shaped[ndarray, "n d"]) -> Memory:
    """Of k nearest neighbours: n d numbers, 4 bytes each; and a byte for every label, which the paper does not count.

    Source: KNET §4. Departs from it: the formula, not the printed 12.8M for SVHN, which is CIFAR-10's.
    """
    n, d = features.shape
    return Memory(n * d, n * (4 * d + 1))


def network_memory(net: nn.Module) -> Memory:
    """Of a network: its trainable or frozen parameters; and the bytes of these and of its buffers.

    Buffers are BatchNorm's running statistics, and in kNet the mean and spread of every feature.
    """
    tensors = [*net.parameters(), *net.buffers()]
    return Memory(sum(p.numel() for p in net.parameters()), sum(t.numel() * t.element_size() for t in tensors))


def microseconds_per_query(
    answer: Callable[[Shaped[ndarray, "m ..."]], object], queries: Shaped[ndarray, "m ..."], *, repeats: int = 5
) -> float:
    """Wall time of `answer(queries)` on one thread, by the number of queries: the shortest of `repeats` calls.

    The shortest, because what else the machine does only ever adds; one more call before them is not counted.
    Raises: ValueError if there is no query, or `repeats` is not a positive integer.
    """
    check_integer("repeats", repeats, 1)
    require(len(queries) > 0, "queries", "at least one", len(queries))
    taken = []
    with threads(1):
        answer(queries)
        for _ in range(repeats):
            start = perf_counter()
            answer(queries)
            taken.append(perf_counter() - start)
    return 1e6 * min(taken) / len(queries)
