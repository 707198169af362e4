"""Silhouettes by blocks beside scikit-learn's, on rows that are far from 0, alike, or alone in their class."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_samples

from lab.analysis import silhouette
from lab.analysis.silhouette import silhouettes


@pytest.fixture(params=["one block", "many blocks"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "many blocks":
        monkeypatch.setattr(silhouette, "ROWS", 7)
        monkeypatch.setattr(silhouette, "COLUMNS", 11)


def rows(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """90 rows of four classes of unequal sizes, in no order."""
    rng = np.random.default_rng(1)
    y = rng.permutation(np.repeat([0, 1, 3, 4], [50, 25, 13, 2]))
    x = 3 * rng.normal(size=(5, 6))[y] + rng.normal(size=(90, 6))
    if kind == "far away":
        x += 1000
    if kind == "collapsed":  # as a network's classes after long training: far apart, each of them a point, almost
        x = 100 * rng.normal(size=(5, 6))[y] + 1e-3 * rng.normal(size=(90, 6))
    if kind == "copies":
        x = np.repeat(x[:45], 2, axis=0)
    return x, y


@pytest.mark.parametrize("kind", ["plain", "far away", "collapsed", "copies"])
def test_every_row_has_scikit_learns_silhouette(blocks, kind: str) -> None:
    x, y = rows(kind)
    np.testing.assert_allclose(silhouettes(x, y), silhouette_samples(x, y), atol=2e-5)


def test_the_only_row_of_a_class_has_0_and_equal_rows_too(blocks) -> None:
    x, y = rows("plain")
    y[3] = 9
    np.testing.assert_allclose(silhouettes(x, y), silhouette_samples(x, y), atol=2e-5)
    assert silhouettes(x, y)[3] == 0
    assert (silhouettes(np.ones((90, 2)), y) == 0).all()


def test_it_tells_how_far_it_is_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silhouette, "ROWS", 10)
    x, y = rows("plain")
    told: list[float] = []
    silhouettes(x, y, tick=told.append)
    assert told == sorted(told)
    assert len(told) > 5
    assert told[-1] == 1

    def stop(fraction: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        silhouettes(x, y, tick=stop)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.ones((4, 2)), [0, 0, 0, 0], "y must be of at least two classes, and fewer than rows, got 1"),
        (np.ones((4, 2)), [0, 1, 2, 3], "y must be of at least two classes, and fewer than rows, got 4"),
        (np.ones((3, 2)), [0, 1, 1, 1], "features must be 4 rows, one per label, got 3"),
        (np.full((4, 2), np.nan), [0, 1, 1, 1], "features must be finite"),
    ],
)
def test_what_has_no_silhouette_is_refused_in_a_sentence(x, y, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        silhouettes(x, np.array(y))
