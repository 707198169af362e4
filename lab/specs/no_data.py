"""In place of a data set: how many classes there are, and what the neighbours of every sample are."""

from __future__ import annotations

from dataclasses import dataclass

from lab.core.checks import check_choice, check_integer, check_number

OTHERS = ("all", "next")
MOST_CLASSES = 1000  # ImageNet's


@dataclass(frozen=True, kw_only=True, slots=True)
class NoData:
    """Classes of one size, in which every sample's neighbours are alike; nothing is measured.

    Attributes:
        n_classes: L.
        purity: the share of a sample's neighbours that are of its own class; 1 is a set that can be learnt perfectly
            (DRO Eq. 14).
        others: of which classes the rest are: of "all" others evenly, or of the "next" class alone, which looks alike.
    """

    n_classes: int = 10
    purity: float = 1.0
    others: str = "all"

    def __post_init__(self) -> None:
        check_integer("n_classes", self.n_classes, 2, MOST_CLASSES)
        object.__setattr__(self, "purity", check_number("purity", self.purity, 0, 1))
        check_choice("others", self.others, OTHERS)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names: numbers."""
        return tuple(map(str, range(self.n_classes)))
