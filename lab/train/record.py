"""What is written down after every epoch: the numbers of the curves, every training row, INN's consistency effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor, nn

from lab.specs.training import Record
from lab.train.evaluate import Answers, RowScores, Tick, answer, score
from lab.train.fuse import to_ask
from lab.train.losses import Labels
from lab.train.rows import Rows

Nearest = Callable[[Float[ndarray, "n d"]], Int[ndarray, " n"]]
"""Features of all rows -> the number of each row's nearest other row."""


class Labelled(NamedTuple):
    """Rows with the labels they are trained or judged by, on the rows' device; `y_clean` where it may differ."""

    rows: Rows
    y_given: Labels
    y_clean: Labels | None = None


class Recorder:
    """Asks the network after every epoch, in one pass over each part, and keeps what `record` asks for.

    Args:
        parts: "train", and "val" and "test" where there are any.
        epochs: how many there may be.
        nearest: needed for the consistency effect.
    Attributes:
        points: the numbers of every epoch so far. For each part `<part>_accuracy` and `<part>_loss` (cross-entropy) by
            its given labels, `<part>_clean_accuracy` and `<part>_clean_loss` where the clean ones may differ.
        arrays: `sample_loss`, `sample_p_given`, `sample_predicted`, each (epochs, n), and `consistency`, (epochs, 4);
            rows of epochs to come are zero.
        tensors: what `snapshot` kept.
    """

    def __init__(
        self,
        parts: Mapping[str, Labelled],
        record: Record,
        *,
        epochs: int,
        n_classes: int,
        nearest: Nearest | None = None,
    ) -> None:
        self.parts, self.record, self._nearest = parts, record, nearest
        self.points: list[dict[str, float]] = []
        self.snapshots: dict[str, ndarray] = {}
        self.arrays: dict[str, ndarray] = {}
        n = len(parts["train"].rows)
        if record.samples:
            self.arrays["sample_loss"] = np.zeros((epochs, n), dtype=np.float16)
            self.arrays["sample_p_given"] = np.zeros((epochs, n), dtype=np.float16)
            self.arrays["sample_predicted"] = np.zeros((epochs, n), dtype=np.min_scalar_type(n_classes - 1))
        if record.consistency:
            self.arrays["consistency"] = np.zeros((epochs, 4), dtype=np.float32)

    @property
    def rows_asked(self) -> int:
        """Rows that go through the network after an epoch."""
        asked = sum(len(part.rows) for part in self.parts.values())
        return asked + (len(self.parts["train"].rows) if self.record.consistency else 0)

    def after_epoch(self, model: nn.Module, more: Mapping[str, Tensor], tick: Tick) -> dict[str, float]:
        """Ask the network and return the point of the epoch; `more` numbers (scalars) are added to it."""
        epoch, asked = len(self.points) + 1, to_ask(model)
        numbers = dict(more)
        for name, part in self.parts.items():
            answers = answer(asked, part.rows, features=name == "train" and self.record.consistency, tick=tick)
            log_p, predicted = answers.log_p, answers.logits.argmax(dim=1)
            scores = score(log_p, predicted, part.y_given)
            numbers |= _means(name, scores)
            if part.y_clean is not None:
                numbers |= _means(f"{name}_clean", score(log_p, predicted, part.y_clean))
            if name == "train":
                self._keep_samples(epoch, scores.loss, predicted)
                if self.record.consistency:
                    self.arrays["consistency"][epoch - 1] = self._consistency(asked, part, answers, tick)
        values = torch.stack(list(numbers.values())).tolist()  # the one wait for the device in an epoch
        self.points.append({"epoch": epoch, **dict(zip(numbers, values, strict=True))})
        if epoch in self.record.epochs:
            self.snapshots |= {f"epoch{epoch}_{name}": array for name, array in self.snapshot(model, tick).items()}
        return self.points[-1]

    def snapshot(self, model: nn.Module, tick: Tick) -> dict[str, ndarray]:
        """Features (float16) and softmax (float32) of training and test rows."""
        kept, asked = {}, to_ask(model)
        for name, part in self.parts.items():
            if name != "val":
                answers = answer(asked, part.rows, features=True, tick=tick)
                assert answers.features is not None
                kept[f"{name}_features"] = answers.features.cpu().numpy()
                kept[f"{name}_softmax"] = answers.log_p.exp().cpu().numpy()
        return kept

    def recorded(self) -> dict[str, ndarray]:
        """The arrays of the epochs so far."""
        return {name: array[: len(self.points)] for name, array in self.arrays.items()}

    def state(self) -> dict[str, ndarray]:
        """What a checkpoint keeps beside the points."""
        return {f"array.{name}": array for name, array in self.recorded().items()} | {
            f"snapshot.{name}": array for name, array in self.snapshots.items()
        }

    def load(self, points: list[dict[str, float]], state: Mapping[str, ndarray]) -> None:
        """Go on from a checkpoint."""
        self.points = points
        for key, array in state.items():
            kind, _, name = key.partition(".")
            if kind == "snapshot":
                self.snapshots[name] = array
            else:
                self.arrays[name][: len(points)] = array

    def _keep_samples(self, epoch: int, loss: Float[Tensor, " n"], predicted: Labels) -> None:
        if self.record.samples:
            self.arrays["sample_loss"][epoch - 1] = loss.half().cpu().numpy()
            self.arrays["sample_p_given"][epoch - 1] = (-loss).exp().half().cpu().numpy()
            self.arrays["sample_predicted"][epoch - 1] = predicted.cpu().numpy()

    def _consistency(self, model: nn.Module, part: Labelled, answers: Answers, tick: Tick) -> list[float]:
        """Mean probability of the given label, of clean and of wrong labels: at the rows, and half way to a neighbour.

        The neighbour is the nearest other training row by the network's own penultimate features at that epoch.
        Returns: E_cor, E_inc, E^m_cor, E^m_inc; nan where there is no clean or no wrong label.
        Source: INN §3.2, Fig. 2. Departs from it: the paper does not say which network's features; these are f's own.
        """
        assert self._nearest is not None
        assert answers.features is not None
        assert part.y_clean is not None
        nearest = torch.from_numpy(self._nearest(answers.features.float().cpu().numpy())).to(part.rows.device)
        middle = answer(model, part.rows, tick=tick, halfway_to=nearest)
        clean = part.y_given == part.y_clean
        curves = []
        for asked in (answers, middle):
            p = asked.log_p.gather(1, part.y_given[:, None])[:, 0].exp()
            curves += [p[clean].mean(), p[~clean].mean()]
        return torch.stack(curves).tolist()


def _means(name: str, scores: RowScores) -> dict[str, Tensor]:
    return {f"{name}_accuracy": scores.hit.float().mean(), f"{name}_loss": scores.loss.mean()}
