"""Words on the page."""

from __future__ import annotations


def sentence(error: Exception | str) -> str:
    """An error message as a sentence, with nothing in it read as markup."""
    text = str(error)
    for character in "\\`*_[]#$:<~":
        text = text.replace(character, "\\" + character)
    text = text[0].upper() + text[1:]
    return text if text.endswith(".") else text + "."
