"""Probabilities at data rows and on the straight lines between them, from whatever can predict: a torch module, a
function of tensors, or a function of numpy arrays such as a scikit-learn `predict_proba`. One path for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, Shaped
from numpy import ndarray
from torch import Tensor, nn

from lab.core.checks import ROW_SUM_TOLERANCE, check_choice, check_integer, check_probabilities, require
from lab.train.fuse import folded, in_place

PRECISIONS = ("float32", "bfloat16")
ON_CPU, ON_ACCELERATOR = (1024, 2**19), (8192, 2**23)  # rows and numbers at a time; CPU: what stays in its cache
FEWEST_ROWS = 64


class Predictor:
    """`predict_proba` over rows of `x`, in batches; every row put through it is counted in `passes`.

    Args:
        predict_proba: as in `lab.analysis.inn.inn_scores`; a module is copied and left as it is.
        x: `(n, ...)`, array or tensor. A function gets what `x` is, as floats in the units of `x`.
        precision: "bfloat16" lets torch multiply matrices in it; not for functions of arrays.
        batch_size: rows at a time; None chooses by the device and the size of a row. What does not fit into an
            accelerator's memory is halved until it does.
    Raises: ValueError if an argument breaks its rule.
    """

    def __init__(
        self, predict_proba: Any, x: Any, *, precision: str = "float32", batch_size: int | None = None
    ) -> None:
        check_choice("precision", precision, PRECISIONS)
        require(callable(predict_proba), "predict_proba", "a module or a function", type(predict_proba).__name__)
        x = x.detach() if isinstance(x, Tensor) else np.asarray(x)
        require(isinstance(x, Tensor) or x.dtype.kind in "fiub", "x", "real numbers", x.dtype)
        require(x.ndim >= 2 and min(x.shape) > 0 and len(x) >= 2, "x", "at least 2 rows of numbers", tuple(x.shape))
        is_module = isinstance(predict_proba, nn.Module)
        self._of_arrays = isinstance(x, ndarray) and not is_module
        rule = "float32 where predict_proba is a function of arrays"
        require(precision == "float32" or not self._of_arrays, "precision", rule, precision)
        self._call: Callable[[Any], Any] = (
            in_place(folded(predict_proba)).to(memory_format=torch.channels_last) if is_module else predict_proba
        )
        self.device, self._dtype = _home(self._call, x)
        if self.device.type != "cpu":
            x = torch.tensor(x, device=self.device) if isinstance(x, ndarray) else x.to(self.device)
        self._x, self._precision = x, precision
        self._channels_last = is_module and x.ndim == 4
        self._may_be_logits, self._are_logits = is_module, False
        rows, numbers = ON_CPU if self.device.type == "cpu" else ON_ACCELERATOR
        fitting = max(FEWEST_ROWS, min(rows, numbers // int(np.prod(x.shape[1:]))))
        self._batch_size = fitting if batch_size is None else check_integer("batch_size", batch_size, 1)
        self.passes = 0

    def at_rows(self) -> Float[ndarray, "n c"]:
        """Probabilities at the rows of `x`; to be called first, because it learns whether a module gives logits.

        Raises: ValueError unless probabilities come out (or logits, out of a module).
        """
        with self._inference():
            answers = torch.cat([self._run(self._take(rows)) for rows in self._batches(len(self._x), 1)])
        if self._may_be_logits and not _is_distribution(answers):
            self._are_logits, answers = True, answers.softmax(dim=1)
        return check_probabilities("predict_proba(x)", answers.cpu().numpy())

    def between(
        self, pairs: Int64[ndarray, "u 2"], nodes: Float[ndarray, " m"], labels: Int64[ndarray, "u 2"]
    ) -> Float32[ndarray, "u m 2"]:
        """Probabilities of two labels on the lines from one row of `x` to another.

        Args:
            pairs: rows where the lines start and end.
            nodes: places on the lines: 0 is the start, 1 the end.
            labels: whose probabilities are kept.
        """
        if not len(nodes):
            return np.empty((len(pairs), 0, 2), dtype=np.float32)
        t = torch.tensor(nodes, dtype=self._dtype, device=self.device).view(-1, *[1] * self._x.ndim)
        kept = []
        with self._inference():
            for some in self._batches(len(pairs), len(nodes)):
                first, second = pairs[some].T
                line = torch.lerp(self._take(first)[None], self._take(second)[None], t)
                answers = self._run(line.flatten(0, 1)).unflatten(0, line.shape[:2])
                probs = answers.softmax(dim=2) if self._are_logits else answers
                wanted = torch.tensor(labels[some], device=self.device).expand(len(nodes), -1, -1)
                kept.append(probs.gather(2, wanted).transpose(0, 1))
        return torch.cat(kept).cpu().numpy()

    def _batches(self, n: int, rows_each: int) -> Iterator[slice]:
        step = max(1, self._batch_size // rows_each)
        return (slice(start, start + step) for start in range(0, n, step))

    def _take(self, rows: slice | Int64[ndarray, " b"]) -> Shaped[Tensor, "b ..."]:
        """Some rows of `x` as floats on the device; of an array a copy, as it may be read-only or mapped from a file."""
        if isinstance(self._x, ndarray):
            taken = torch.tensor(self._x[rows])
        else:
            taken = self._x[rows if isinstance(rows, slice) else torch.tensor(rows, device=self._x.device)]
        taken = taken.to(self.device, self._dtype)
        return taken.contiguous(memory_format=torch.channels_last) if self._channels_last else taken

    def _run(self, batch: Shaped[Tensor, "b ..."]) -> Float32[Tensor, "b c"]:
        try:
            answers = self._call(batch.numpy() if self._of_arrays else batch)
        except torch.OutOfMemoryError:
            if len(batch) <= FEWEST_ROWS:
                raise
            return torch.cat([self._run(half) for half in batch.chunk(2)])
        self.passes += len(batch)
        answers = answers if isinstance(answers, Tensor) else torch.tensor(np.asarray(answers))
        fits = answers.ndim == 2 and len(answers) == len(batch)
        require(fits, "predict_proba(x)", f"one row of probabilities for each of {len(batch)}", tuple(answers.shape))
        return answers.to(self.device, torch.float32)

    @contextmanager
    def _inference(self) -> Iterator[None]:
        low = torch.autocast(self.device.type, torch.bfloat16, enabled=self._precision == "bfloat16")
        with torch.inference_mode(), low:
            yield


def _home(call: Callable[[Any], Any], x: Any) -> tuple[torch.device, torch.dtype]:
    """Where, and in which kind of floats, the rows are computed with."""
    own = [t for t in call.parameters() if t.is_floating_point()] if isinstance(call, nn.Module) else []
    if own:
        return own[0].device, own[0].dtype
    if isinstance(x, Tensor):
        return x.device, x.dtype if x.is_floating_point() else torch.float32
    return torch.device("cpu"), torch.float64 if x.dtype == np.float64 else torch.float32


def _is_distribution(rows: Float[Tensor, "n c"]) -> bool:
    return bool((rows >= 0).all() and ((rows.sum(dim=1) - 1).abs() <= ROW_SUM_TOLERANCE).all())
