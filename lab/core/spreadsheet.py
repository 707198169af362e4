"""Tables and texts that a spreadsheet shows and does not run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four are full-width
NUMBER = re.compile(r"[+-]?(\d[\d.,]*|\.\d+)(e[+-]?\d+)?%?", re.IGNORECASE)


def csv_text(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table as CSV. Of its texts none is a formula; what reads as a number stays one."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in chain([heads], rows):
        writer.writerow([plain_cell(cell, numbers=True) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()


def plain_cell(text: str, *, numbers: bool = False) -> str:
    """The text, with an apostrophe before it where a spreadsheet would take it for a formula.

    Args:
        numbers: leave -1 a number; else whatever starts with a sign gets its apostrophe.
    """
    return f"'{text}" if is_formula(text, numbers=numbers) else text


def is_formula(text: str, *, numbers: bool = False) -> bool:
    """Whether a spreadsheet may take a text for a formula; see `plain_cell`."""
    if not text.startswith(STARTS) and not text.lstrip().startswith(STARTS):
        return False
    return not (numbers and NUMBER.fullmatch(text.strip()))
