"""A training of a tenth of a second: 200 digits, three epochs."""

from __future__ import annotations

from lab.noise import Uniform
from lab.specs import CrossEntropy, DataSource, Experiment, Record, Schedule
from lab.specs.backbones import DigitsMLP

SHORT = Schedule(epochs=3, batch_size=32, optimiser="sgd")
SMALL = Experiment(
    dataset=DataSource(name="digits", n=200),
    noise=Uniform(0.4),
    backbone=DigitsMLP(),
    schedule=SHORT,
    method=CrossEntropy(),
    record=Record(epochs=(2,), consistency=True),
)
