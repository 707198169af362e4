"""Words on the page."""

from __future__ import annotations


def percent(share: float, digits: int = 1) -> str:
    """0.923 as "92.3 %"."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def sentence(error: Exception | str) -> str:
    """An error message as a sentence, with nothing in it read as markup."""
    text = str(error)
    for character in "\\`*_[]#$:<~":
        text = text.replace(character, "\\" + character)
    text = text[0].upper() + text[1:]
    return text if text.endswith(".") else text + "."
