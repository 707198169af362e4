"""What is asked about a file of one's own: is it healthy, which labels are wrong, and what if.

Nothing that holds an `Upload` is written into the history: what was uploaded is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.core.checks import check_choice, check_integer, require
from lab.noise import HumanLabels, Noise
from lab.specs.backbones import BACKBONES
from lab.specs.codec import Asked
from lab.specs.uploads import DECISIONS, Decision, Upload

SPACES = ("columns", "network")
AUTO = "auto"  # of backbones: a fully connected net for columns, a small convolutional one for pictures
DEFAULT = "auto"  # of detectors: every scale
MOST_SEEDS, MOST_KS, MOST_DETECTORS, MOST_DECISIONS = 20, 12, 16, 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadStudy(Asked):
    """The health of a file, and every detector on its labels.

    Attributes:
        upload: the file and how it is read.
        space: where neighbours are looked for: the "columns" (pixels, embeddings) as they came; or the answers of a
            "network" that is trained here, each row's by one that did not see it.
        n_neighbors: that the plain neighbour detectors ask.
        backbone: of the network; a name of `BACKBONES`, or "auto".
        epochs, n_folds: of its training.
    """

    upload: Upload
    space: str = "columns"
    n_neighbors: int = 10
    backbone: str = AUTO
    epochs: int = 30
    n_folds: int = 4

    def __post_init__(self) -> None:
        require(isinstance(self.upload, Upload), "upload", "an Upload", self.upload)
        check_choice("space", self.space, SPACES)
        check_integer("n_neighbors", self.n_neighbors, 1, 100)
        check_choice("backbone", self.backbone, (AUTO, *BACKBONES))
        check_integer("epochs", self.epochs, 1, 500)
        check_integer("n_folds", self.n_folds, 2, 10)

    @property
    def lane(self) -> str:
        """A network takes minutes; all else seconds."""
        return "training" if self.space == "network" else "quick"


class _WhatIf(Asked):
    """What all questions about a study have."""

    __slots__ = ()
    study: UploadStudy
    seeds: tuple[int, ...]

    def _check(self) -> None:
        require(isinstance(self.study, UploadStudy), "study", "an UploadStudy", self.study)
        object.__setattr__(self, "seeds", tuple(self.seeds))
        for seed in self.seeds:
            check_integer("seeds", seed, 0, 2**32 - 1)
        require(len(set(self.seeds)) == len(self.seeds), "seeds", "different", self.seeds)
        require(1 <= len(self.seeds) <= MOST_SEEDS, "seeds", f"1 to {MOST_SEEDS}", len(self.seeds))

    def _check_detectors(self, names: Any) -> None:
        object.__setattr__(self, "detectors", tuple(names))
        for name in names:
            require(isinstance(name, str) and name.isidentifier(), "detectors", "names of detectors", name)
        require(len(names) <= MOST_DETECTORS, "detectors", f"at most {MOST_DETECTORS}", len(names))

    @property
    def lane(self) -> str:
        """That of the study, whose network may have to be trained first."""
        return self.study.lane


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadInjection(_WhatIf):
    """More wrong labels, put there on purpose: which detector would find them, and what they would cost.

    Attributes:
        noise: any model of `lab.noise` but the human labels of other data sets. `Symmetric` spreads x % over all rows,
            `Concentrated` or `LocallyConcentrated` puts them together.
        detectors: names; none are all that the file allows.
        seeds: one draw of the noise each.
    """

    study: UploadStudy
    noise: Noise
    detectors: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        self._check()
        self._check_detectors(self.detectors)
        fits = isinstance(self.noise, Noise) and not isinstance(self.noise, HumanLabels)
        require(fits, "noise", "a noise model that needs no other files", self.noise)


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadForecast(_WhatIf):
    """The accuracy of a vote of k neighbours at other noise levels, from T and C as estimated; and real votes over it.

    Attributes:
        ks: ascending.
        seeds: one draw of labels for each real vote.
    """

    study: UploadStudy
    ks: tuple[int, ...] = (1, 5, 11, 21)
    seeds: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        self._check()
        object.__setattr__(self, "ks", tuple(self.ks))
        for k in self.ks:
            check_integer("ks", k, 1, 101)
        require(1 <= len(self.ks) <= MOST_KS, "ks", f"1 to {MOST_KS} numbers", len(self.ks))
        require(list(self.ks) == sorted(set(self.ks)), "ks", "ascending, without repeats", self.ks)


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadBudget(_WhatIf):
    """How many wrong labels are found by checking the b most suspect ones.

    Attributes:
        detectors: names; none are "auto", kNN agreement and, where there are probabilities, their margin.
        seeds: one draw of wrong labels each.
    """

    study: UploadStudy
    detectors: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)

    def __post_init__(self) -> None:
        self._check()
        self._check_detectors(self.detectors)


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadRetrain(_WhatIf):
    """Train on the labels as given, without the flagged ones, and on the corrected ones; over several seeds.

    Attributes:
        detector: whose flags and suggestions are followed where nobody has decided.
        decisions: (file row, decision, new label), ascending; they go before the detector.
        seeds: of the rows that are held out, the weights and the batches.
        only_decisions: follow the decisions alone.
        epochs: of each training.
    """

    study: UploadStudy
    detector: str = DEFAULT
    decisions: tuple[Decision, ...] = ()
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    only_decisions: bool = False
    epochs: int = 30

    def __post_init__(self) -> None:
        self._check()
        check_choice("only_decisions", self.only_decisions, (True, False))
        check_integer("epochs", self.epochs, 1, 500)
        object.__setattr__(self, "decisions", tuple(map(tuple, self.decisions)))
        require(len(self.decisions) <= MOST_DECISIONS, "decisions", f"at most {MOST_DECISIONS:,}", len(self.decisions))
        for decision in self.decisions:
            _check_decision(decision)
        rows = [decision[0] for decision in self.decisions]
        require(rows == sorted(set(rows)), "decisions", "one a row, ascending", rows[:8])

    @property
    def lane(self) -> str:
        """It trains networks."""
        return "training"


def upload_of(request: Any) -> Upload | None:
    """The file that a request is about, if it is about one: such requests stay out of the history."""
    own = getattr(request, "upload", None)
    found = own if own is not None else getattr(getattr(request, "study", None), "upload", None)
    return found if isinstance(found, Upload) else None


def _check_decision(decision: Any) -> None:
    rule = "a file row, one of " + ", ".join(DECISIONS) + ", and a label where it is 'relabel'"
    require(len(decision) == 3 and decision[1] in DECISIONS, "decision", rule, decision)
    check_integer("row of a decision", decision[0], 0)
    relabels = decision[1] == "relabel"
    require(relabels == isinstance(decision[2], str) and (relabels or decision[2] is None), "decision", rule, decision)
