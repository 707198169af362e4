"""Words on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def percent(share: float, digits: int = 1) -> str:
    """0.923 as "92.3 %"."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def with_interval(about: Mapping[str, Any]) -> str:
    """A mean over seeds with its interval, in percent."""
    if not about["interval"]:
        return percent(about["mean"])
    half = (about["interval"][1] - about["interval"][0]) / 2
    return f"{percent(about['mean'])} ±\N{NO-BREAK SPACE}{100 * half:.1f}"


def duration(seconds: float) -> str:
    """12 as "12 s", 754 as "13 min", 9000 as "2.5 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))}\N{NO-BREAK SPACE}s"
    if seconds < 5400:
        return f"{round(seconds / 60)}\N{NO-BREAK SPACE}min"
    return f"{seconds / 3600:.1f}\N{NO-BREAK SPACE}h"


def bytes_words(n: float) -> str:
    """4200000 as "4.2 MB"."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= size:
            return f"{n / size:.1f}\N{NO-BREAK SPACE}{unit}"
    return f"{n:.0f}\N{NO-BREAK SPACE}bytes"


def literal(text: str) -> str:
    """A name as it is, with nothing in it read as markup."""
    for character in "\\`*_[]#$:<~":
        text = text.replace(character, "\\" + character)
    return text.replace("\n", " ").replace("\r", " ")


def sentence(error: Exception | str) -> str:
    """An error message as a sentence, with nothing in it read as markup."""
    text = literal(str(error))
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else text + "."
