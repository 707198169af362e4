"""Decisions about labels, checked, and what each row gets of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.core.checks import check_choice, check_integer, require
from lab.core.spreadsheet import plain_cell
from lab.data.upload_labels import LONGEST_LABEL, is_missing
from lab.specs.uploads import DECISIONS, Decision


@dataclass(frozen=True)
class Plan:
    """What happens to which row.

    Attributes:
        decisions: file row -> (one of `DECISIONS`, new label of "relabel").
        protect: put an apostrophe before every cell that a spreadsheet would run.
    """

    decisions: Mapping[int, tuple[str, str | None]]
    protect: bool = True

    def drops(self, row: int) -> bool:
        """Whether a row is left out."""
        return row in self.decisions and self.decisions[row][0] == "drop"

    def cells(self, row: int, given: str) -> tuple[str, str]:
        """The corrected label and the decision of a row; without one, its given label and nothing."""
        kind, label = self.decisions.get(row, ("", None))
        return (label if kind == "relabel" and label is not None else given), kind

    def guard(self, text: str) -> str:
        """A cell of a table that a spreadsheet may open."""
        return plain_cell(text, numbers=True) if self.protect else text

    def check_rows(self, n_rows: int) -> None:
        """Raises: ValueError for a decision on a row that the file does not have."""
        last = max(self.decisions, default=0)
        require(last < n_rows, "row of a decision", f"below {n_rows:,}, the rows of the file", last)

    def names(self, label: str, taken: Sequence[str]) -> tuple[str, str]:
        """The two new columns, called so that no column of the file has their names."""
        return free(f"{label}_corrected", taken), free(f"{label}_decision", taken)


def check_decisions(decisions: Sequence[Decision]) -> dict[int, tuple[str, str | None]]:
    """By row. Raises: ValueError for another form, a row that comes twice, or a new label that is none."""
    checked: dict[int, tuple[str, str | None]] = {}
    for row, kind, label in decisions:
        check_integer("row of a decision", row, 0)
        require(row not in checked, "rows of the decisions", "different", row)
        check_choice("decision", kind, DECISIONS)
        if kind == "relabel":
            whole = isinstance(label, str) and len(label) <= LONGEST_LABEL and not is_missing(label.strip())
            require(whole, "new label", f"a name of at most {LONGEST_LABEL} letters", label)
        checked[row] = (kind, label)
    return checked


def free(name: str, taken: Sequence[str]) -> str:
    """A name that is not taken."""
    return next(new for i in range(1, len(taken) + 2) if (new := name if i == 1 else f"{name}_{i}") not in taken)
