"""A finished study of somebody's own labels, as the parts of the page read it. No Streamlit in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from numpy import ndarray

from lab.experiments import Run
from lab.experiments.reviews import Decision

CALLED, EVERY, OPEN, DECIDED = "called wrong", "all labels", "not decided", "decided"
COPIES, CLOSE, TOGETHER = "copies that differ", "close to others", "wrong together"  # where the health found any
SHOWS = (CALLED, OPEN, DECIDED, EVERY)
ANY = -1  # class


@dataclass(frozen=True, eq=False)
class Study:
    """Shorthands for a run of an `UploadStudy`. A place is a row of the study, 0 .. n - 1; a row one of the file."""

    run: Run
    lane: str | None = None  # where questions about it wait, if not where they say; see `lab.specs.upload_budget`
    _rankings: dict[str, Int[ndarray, " n"]] = field(default_factory=dict, repr=False)

    @property
    def metrics(self) -> dict[str, Any]:
        """The numbers."""
        return self.run.metrics

    @property
    def classes(self) -> list[str]:
        """Names of the classes."""
        return self.run.metrics["classes"]

    @property
    def detectors(self) -> list[dict[str, Any]]:
        """A dict for each, in the order of the arrays."""
        return self.run.metrics["detectors"]

    @property
    def names(self) -> list[str]:
        """The detectors' names."""
        return [one["name"] for one in self.detectors]

    @property
    def rows(self) -> Int[ndarray, " n"]:
        """The file's row at each place, ascending."""
        return self.run.arrays["rows"]

    @property
    def y_given(self) -> Int[ndarray, " n"]:
        """The given class at each place."""
        return self.run.arrays["y_given"]

    @property
    def n(self) -> int:
        """How many labels there are."""
        return len(self.rows)

    @property
    def has_neighbors(self) -> bool:
        """Whether rows have anything by which some are near others; probabilities alone are not that."""
        return bool(self.run.arrays.get("neighbors", np.empty((0, 0))).shape[1])

    @property
    def mistakes(self) -> Float[ndarray, "c c"] | None:
        """T as estimated, rows summing to 1; of a class that says nothing, no mistakes. None where it is unknown."""
        T = self.run.arrays.get("T")
        if T is None:
            return None
        T = np.nan_to_num(T.astype(np.float64))
        T = np.where(T.sum(axis=1, keepdims=True) > 0, T, np.eye(len(T)))
        return T / T.sum(axis=1, keepdims=True)

    def title(self, name: str) -> str:
        """A detector's name for people."""
        return self.detectors[self.names.index(name)]["title"]

    def score(self, name: str) -> Float32[ndarray, " n"]:
        """A detector's scores, high = clean."""
        return self.run.arrays["scores"][self.names.index(name)]

    def called(self, name: str) -> Bool[ndarray, " n"]:
        """Which labels a detector calls wrong."""
        bits = self.run.arrays["verdicts"][self.names.index(name)]
        return np.unpackbits(bits, count=self.n).astype(bool)

    def suggested(self, name: str) -> Int[ndarray, " n"]:
        """The class that a detector would give each label; the given one where it has no other."""
        return self.run.arrays["suggested"][self.names.index(name)]

    def ranking(self, name: str) -> Int[ndarray, " n"]:
        """Places from the most suspect on: those called wrong first, each part by score, ties in the file's order."""
        if name not in self._rankings:
            self._rankings[name] = np.lexsort((np.arange(self.n), self.score(name), ~self.called(name)))
        return self._rankings[name]

    def ranks(self, name: str) -> Int[ndarray, " n"]:
        """Of every place, counted from 1."""
        ranks = np.empty(self.n, dtype=np.int64)
        ranks[self.ranking(name)] = np.arange(1, self.n + 1)
        return ranks

    def place(self, row: int) -> int | None:
        """Where a row of the file is; None if it carries no label, or is no row."""
        at = int(np.searchsorted(self.rows, row))
        return at if at < self.n and self.rows[at] == row else None

    def found(self) -> dict[str, Int[ndarray, " m"]]:
        """Places that the health has found, by what was found; without what was not."""
        arrays = self.run.arrays
        group = arrays.get("duplicate_group", np.full(self.n, -1))
        low, high = (np.full(int(group.max(initial=-1)) + 1, start) for start in (len(self.classes), -1))
        member = group >= 0
        np.minimum.at(low, group[member], self.y_given[member])
        np.maximum.at(high, group[member], self.y_given[member])
        copies = np.flatnonzero(np.isin(group, np.flatnonzero(low < high)))
        none = np.empty(0, dtype=np.int64)
        found = {
            COPIES: copies,
            CLOSE: arrays.get("near_conflict_rows", none),
            TOGETHER: arrays.get("alarm_rows", none),
        }
        return {name: places for name, places in found.items() if len(places)}

    def counts(self, chosen: Bool[ndarray, " n"]) -> Int[ndarray, " c"]:
        """How many of the chosen labels each class has."""
        return np.bincount(self.y_given[chosen], minlength=len(self.classes))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which labels are meant. show: one of SHOWS, or of what the study has `found`. given, suggested: a class or ANY."""

    detector: str
    show: str = CALLED
    given: int = ANY
    suggested: int = ANY

    def places(self, study: Study, decisions: Mapping[int, Decision]) -> Int[ndarray, " m"]:
        """The places that are meant, from the most suspect on."""
        order = study.ranking(self.detector)
        kept = np.ones(study.n, dtype=bool)
        if self.show == CALLED:
            kept = study.called(self.detector)
        elif self.show in (OPEN, DECIDED):
            decided = np.isin(study.rows, np.fromiter(decisions, dtype=np.int64, count=len(decisions)))
            kept = decided if self.show == DECIDED else ~decided
        elif self.show != EVERY:
            kept = np.isin(np.arange(study.n), study.found().get(self.show, []))
        if self.given != ANY:
            kept = kept & (study.y_given == self.given)
        if self.suggested != ANY:
            kept = kept & (study.suggested(self.detector) == self.suggested)
        return order[kept[order]]


def words_of(study: Study, detector: str) -> str:
    """How many labels a detector calls wrong, in words."""
    n, called = study.n, int(study.called(detector).sum())
    if called == 0:
        return f"None of {n:,} labels looks wrong to this detector"
    return f"{called:,} of {n:,} labels look wrong to this detector"


def corrected_counts(study: Study, decisions: Mapping[int, Decision]) -> dict[str, int]:
    """What comes out: rows as they were, relabelled, dropped."""
    kinds = [decision.kind for decision in decisions.values()]
    relabelled, dropped = kinds.count("relabel"), kinds.count("drop")
    n = int(study.metrics["n_rows"])
    return {"rows": n - dropped, "unchanged": n - dropped - relabelled, "relabelled": relabelled, "dropped": dropped}
