"""Searches that are made once for all who ask about the same rows."""

from __future__ import annotations

import numpy as np
import pytest

from lab.analysis.concentration_alarm import concentration_alarm
from lab.analysis.detect import find_label_issues
from lab.core.rng import numpy_rng
from lab.neighbors import Neighborhoods, NeighborTable
from lab.neighbors import neighborhoods as module


@pytest.fixture
def rows(rng):
    return rng.normal(size=(300, 4)).astype(np.float32)


def test_shorter_lists_come_from_the_longer_search(rows, monkeypatch):
    near = Neighborhoods(rows, ahead=40)
    expected = {k: NeighborTable.build(rows, k_max=k) for k in (5, 20, 40)}
    near.table(5)
    monkeypatch.setattr(module.NeighborTable, "build", None)  # no further search
    for k, table in expected.items():
        np.testing.assert_array_equal(near.table(k).idx, table.idx)
        np.testing.assert_array_equal(near.table(k).dist, table.dist)


def test_a_longer_list_or_another_metric_is_searched_for(rows):
    near = Neighborhoods(rows)
    assert near.table(3).k_max == 3
    np.testing.assert_array_equal(near.table(7).idx, NeighborTable.build(rows, k_max=7).idx)
    cosine = NeighborTable.build(rows, k_max=7, metric="cosine")
    np.testing.assert_array_equal(near.table(7, metric="cosine").idx, cosine.idx)


def test_there_are_no_more_neighbours_than_other_rows(rows):
    assert Neighborhoods(rows[:4], ahead=100).table(50).k_max == 3


def test_thinned_rows_are_drawn_once(rows):
    near = Neighborhoods(rows)
    first = near.thinned(60, 10, numpy_rng(0, "a"))
    assert near.thinned(60, 10, numpy_rng(1, "b")) is first
    assert len(np.unique(first)) <= 60


def test_detectors_answer_alike_with_and_without_the_search_made_before(rows, rng):
    y = rng.integers(3, size=300)
    near = Neighborhoods(rows, ahead=100)
    for detector in ("auto", "knn", "knn_weighted", "knn_average", "simifeat"):
        with_it = find_label_issues(y, features=near, detector=detector)
        without = find_label_issues(y, features=rows, detector=detector)
        np.testing.assert_array_equal(with_it, without)
    assert concentration_alarm(y, near).message == concentration_alarm(y, rows).message


def test_a_search_says_how_far_it_is_and_is_stopped_by_what_is_raised(rows):
    near, told = Neighborhoods(rows), []
    near.tick = told.append
    near.table(5)
    assert sum(told) == 300

    def stop(rows: int) -> None:
        raise KeyboardInterrupt

    near.tick = stop
    with pytest.raises(KeyboardInterrupt):
        near.table(50)


def test_two_threads_find_what_one_does(monkeypatch, rng):
    from lab.core.threads import threads
    from lab.neighbors import search

    monkeypatch.setattr(search, "SMALL", 0)
    monkeypatch.setattr(search, "CHUNK", 64)
    monkeypatch.setattr(search, "usable_cores", lambda: 2)
    x = rng.normal(size=(1000, 8)).astype(np.float32)
    with threads(1):
        alone = NeighborTable.build(x, k_max=10)
    with threads(2):
        together = NeighborTable.build(x, k_max=10)
    np.testing.assert_array_equal(alone.idx, together.idx)


def test_many_equal_rows_are_listed_without_measuring_all(rng):
    x = np.repeat(rng.normal(size=(10, 3)), 50, axis=0)
    table = NeighborTable.build(x, k_max=20, thorough=False)
    assert (table.dist == 0).all()
    assert not (table.idx == np.arange(500)[:, None]).any()


def test_labels_of_another_number_are_refused(rows):
    with pytest.raises(ValueError, match="300"):
        find_label_issues([0, 1, 1], features=Neighborhoods(rows), detector="knn")
