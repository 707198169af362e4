"""Text that a spreadsheet shows and does not run."""

from __future__ import annotations

import re

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four are full-width
NUMBER = re.compile(r"[+-]?(\d[\d.,]*|\.\d+)(e[+-]?\d+)?%?", re.IGNORECASE)


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
