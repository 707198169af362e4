"""Timing for the benchmarks: CPU seconds of one thread, rivals in turn, medians."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import process_time


def cpu_seconds(call: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = process_time()
    call()
    return process_time() - start


def medians(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median CPU seconds of each call; they take turns, so that a slow minute of the machine falls on all of them."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            taken[name].append(cpu_seconds(call))
    return {name: median(seconds) for name, seconds in taken.items()}
