"""The page of words: every kind of noise and every paper stands on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lab.specs import NOISE_MODELS
from lab.ui.reference import SOURCES, WORDS

PAGE = Path(__file__).parents[2] / "pages" / "reference.py"


@pytest.fixture
def tables(line, monkeypatch) -> list[dict[str, dict[str, str]]]:
    """The page's tables: first column -> name of a column -> text."""
    monkeypatch.setattr("lab.ui.jobs.submit", lambda request: pytest.fail("a worker was asked"))
    page = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert not page.exception
    assert page.title[0].value == "Words and sources"
    return [table.value.to_dict(orient="index") for table in page.table]


def test_every_noise_model_is_explained_with_its_source(tables) -> None:
    assert {name: tuple(row.values()) for name, row in tables[1].items()} == {
        model.__name__: (model.about, model.source) for model in NOISE_MODELS
    }


def test_words_and_papers_are_sentences_and_titles(tables) -> None:
    assert {word: row["Meaning"] for word, row in tables[0].items()} == WORDS
    assert {paper: row["Paper"] for paper, row in tables[2].items()} == SOURCES
    assert all(meaning.endswith(".") for meaning in WORDS.values())


def test_every_abbreviation_of_a_source_is_a_paper_of_the_list() -> None:
    known = {*SOURCES, "CIFAR-10N", "CIFAR-100N", "CIFAR-100"}
    for model in NOISE_MODELS:
        words = model.source.replace("(", " ").replace(",", " ").replace(";", " ").replace("'", " ").split()
        assert {word for word in words if word.isupper() and len(word) > 2} <= known, model.source
