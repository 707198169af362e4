"""A finished study of detectors, as the parts of the page read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray

from lab.experiments import Run
from lab.figures.inn_payload import MAJORITY_LINE, Mark, Scores

PACKED_STEPS = 65_000  # as `lab.experiments.worker_detection.packed`


@dataclass(frozen=True, eq=False)
class Study:
    """Shorthands for a run of a `Detection`."""

    run: Run

    @property
    def detectors(self) -> list[dict[str, Any]]:
        """A dict for each: name, title, source, needs, and its figures."""
        return self.run.metrics["detectors"]

    @property
    def names(self) -> list[str]:
        """The detectors' names, in the order of the arrays."""
        return [one["name"] for one in self.detectors]

    @property
    def classes(self) -> list[str]:
        """Names of the classes."""
        return self.run.metrics["classes"]

    @property
    def wrong(self) -> Bool[ndarray, " n"]:
        """Which labels are truly wrong."""
        return self.run.arrays["y_given"] != self.run.arrays["y_clean"]

    def score(self, name: str) -> Float32[ndarray, " n"]:
        """A detector's scores."""
        return self.run.arrays["scores"][self.names.index(name)]

    def verdict(self, name: str) -> Bool[ndarray, " n"]:
        """The labels that a detector calls wrong by its own rule."""
        bits = self.run.arrays["verdicts"][self.names.index(name)]
        return np.unpackbits(bits, count=len(self.wrong)).astype(bool)

    def cut(self, name: str) -> float:
        """The score below which as many labels lie as the detector calls wrong."""
        return float(self.run.arrays["cutoffs"][self.names.index(name), 0])

    def picture(self, row: int) -> ndarray | None:
        """A sample as an image, if there is one."""
        rows = self.run.arrays.get("picture_rows")
        if rows is None:
            return None
        place = int(np.searchsorted(rows, row))
        return self.run.arrays["pictures"][place] if place < len(rows) and rows[place] == row else None

    def paths(self, row: int) -> Float[ndarray, "l m"]:
        """The probability of the given label along the lines to the neighbours."""
        return self.run.arrays["paths"][row].astype(np.float64) / PACKED_STEPS

    def scores_of(self, name: str) -> Scores:
        """What the component draws of a detector."""
        i, found = self.names.index(name), self.detectors[self.names.index(name)]
        arrays = self.run.arrays
        turn, mixture_turn = (float(cut) for cut in arrays["cutoffs"][i])
        at = arrays["density_at"][i]
        marks = [Mark(turn, "own cut-off")]
        if np.isfinite(mixture_turn):
            marks.append(Mark(mixture_turn, ""))
        if name == "inn":
            marks.insert(0, Mark(MAJORITY_LINE, "3/4"))
            if abs(turn - MAJORITY_LINE) < 0.12:
                marks[1] = Mark(turn, "")
        auc = found["auroc"]
        return Scores(
            name=name,
            title=found["title"],
            score=arrays["scores"][i],
            auroc="not defined" if auc is None else f"{auc:.3f}",
            low=float(at[0]),
            high=float(at[-1]),
            cut=min(max(turn, float(at[0])), float(at[-1])),
            marks=marks,
            note=found["note"],
            at=at,
            densities=arrays["densities"][i],
        )


def trapezoid_area(values: Float[ndarray, "l m"]) -> Float[ndarray, " l"]:
    """The area under each path."""
    return (values[:, 1:] + values[:, :-1]).mean(axis=1) / 2
