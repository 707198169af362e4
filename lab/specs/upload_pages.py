"""What the page about one's own data asks a worker to read from the file: some of its rows, and the corrected file."""

from __future__ import annotations

from dataclasses import dataclass

from lab.core.checks import check_integer, require
from lab.specs.codec import Asked
from lab.specs.uploads import DECISIONS, LONGEST_NAME, Decision, Upload

MOST_ROWS = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadRows(Asked):
    """Some rows of the file as they stand there: texts of their columns, and their pictures.

    Attributes:
        rows: of the file, ascending; at most `MOST_ROWS`.
    """

    upload: Upload
    rows: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(self.rows))
        require(0 < len(self.rows) <= MOST_ROWS, "rows", f"1 to {MOST_ROWS}", len(self.rows))
        for row in self.rows:
            check_integer("rows", row, 0)
        require(list(self.rows) == sorted(set(self.rows)), "rows", "ascending, without repeats", self.rows[:10])


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadExport(Asked):
    """The file with the decisions carried out, in its own format and order; without decisions, the very bytes.

    Attributes:
        decisions: (row of the file, what, the new label if it is "relabel"), ascending by row.
    """

    upload: Upload
    decisions: tuple[Decision, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "decisions", tuple((row, kind, label) for row, kind, label in self.decisions))
        for row, kind, label in self.decisions:
            check_integer("row", row, 0)
            require(kind in DECISIONS, "decision", "one of " + ", ".join(DECISIONS), kind)
            named = isinstance(label, str) and len(label) <= LONGEST_NAME
            require(named if kind == "relabel" else label is None, "label", "a class name with relabel alone", label)
        rows = [row for row, _, _ in self.decisions]
        require(rows == sorted(set(rows)), "decisions", "ascending by row, one a row", rows[:10])
