"""Stands in for `lab.experiments.worker` in the engine's tests: quick, and able to misbehave on request."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

import numpy as np

from lab.experiments import Report, Run
from lab.specs import digest, register


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What the stub is asked for: `steps` reports, `pause` seconds before each, then an ending."""

    name: str
    steps: int = 3
    pause: float = 0.01
    ending: str = "done"
    lane: str = "quick"
    log: str = ""  # a file that gets one line for every computation
    points: int = 0  # sent one after another at the end; a second computation goes on from the last one

    @property
    def digest(self) -> str:
        return digest(self)


register(Task)


def warm_up() -> None:
    np.linalg.inv(np.eye(3))


def compute(request: Task, report: Report) -> Run:
    start, resumed = time.perf_counter(), False
    if request.log:
        with open(request.log, "a+") as file:
            file.write(f"{request.name} {os.getpid()}\n")
            file.seek(0)
            resumed = len(file.readlines()) > 1
    for step in range(request.steps):
        report(step / request.steps, f"step {step}")
        time.sleep(request.pause)
    for epoch in range(request.points - 1 if resumed else 0, request.points):
        report(1.0, f"epoch {epoch}", point={"epoch": np.int64(epoch), "test_accuracy": np.float32(0.5)})
    if request.ending == "value":
        raise ValueError("rate must be in [0, 1], got 7")
    if request.ending == "bug":
        raise KeyError("two\nlines")
    if request.ending == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if request.ending == "deaf" or (request.ending == "deaf at first" and not resumed):
        time.sleep(60)
    x = np.random.default_rng(len(request.name)).random(1_000_000 if request.ending == "large" else 10)  # 8 MB
    place = {"nice": os.nice(0), "pid": os.getpid(), "gpu": os.environ.get("CUDA_VISIBLE_DEVICES")}
    return Run(request, {"name": request.name} | place, {"x": x}, time.perf_counter() - start)
