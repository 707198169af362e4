"""How a network is trained: schedule, early stopping, and the three seeds."""

from __future__ import annotations

from dataclasses import dataclass

from lab.core.checks import check_choice, check_integer, check_number

EARLY_STOPPING = ("off", "noisy", "clean")


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """Adam with a learning rate that falls linearly to zero.

    Defaults: the toy's small network on 1,500 points, long enough to fit some of the wrong labels; about 0.8 s on one
    slow core.
    """

    epochs: int = 60
    batch_size: int = 128
    learning_rate: float = 0.02
    early_stopping: str = "off"  # on which validation labels; "clean" needs labels nobody has in practice
    patience: int = 10  # epochs without a better validation accuracy before stopping

    def __post_init__(self) -> None:
        check_integer("epochs", self.epochs, 1, 2000)
        check_integer("batch_size", self.batch_size, 4, 65_536)
        check_number("learning_rate", self.learning_rate, 1e-6, 10)
        check_choice("early_stopping", self.early_stopping, EARLY_STOPPING)
        check_integer("patience", self.patience, 1, 1000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seeds:
    """Which labels flip, where the weights start, and the order of the batches vary apart from one another."""

    noise: int = 0
    init: int = 0
    batch: int = 0

    def __post_init__(self) -> None:
        for name in ("noise", "init", "batch"):
            check_integer(f"seeds.{name}", getattr(self, name), 0, 2**32 - 1)
