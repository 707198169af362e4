"""The learning rate over time."""

from __future__ import annotations

import math

from lab.specs.training import Schedule


def learning_rate(schedule: Schedule, step: int, steps_per_epoch: int) -> float:
    """The rate of a step, counted from 0 over the whole training.

    "linear" and "cosine" reach zero after the last step; "steps" multiplies by `factor` after each epoch of
    `milestones`.
    """
    total = schedule.epochs * steps_per_epoch
    if schedule.decay == "linear":
        return schedule.learning_rate * (1 - step / total)
    if schedule.decay == "cosine":
        return schedule.learning_rate * 0.5 * (1 + math.cos(math.pi * step / total))
    if schedule.decay == "steps":
        passed = sum(step >= epoch * steps_per_epoch for epoch in schedule.milestones)
        return schedule.learning_rate * schedule.factor**passed
    return schedule.learning_rate
