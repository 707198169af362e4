"""The message of the score distributions: what goes in comes out, and a line counts as one expects."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lab.figures.inn import groups_chart, line_chart, paths_chart
from lab.figures.inn_payload import Mark, Scores, below, counts_at, encode

SCORE = np.array([0.1, 0.2, 0.2, 0.9], dtype=np.float32)


def scores(**fields) -> Scores:
    told = {"name": "a", "title": "A", "score": SCORE, "auroc": "0.9", "low": 0.0, "high": 1.0, "cut": 0.2}
    return Scores(**told | {"marks": [Mark(0.75, "3/4")]} | fields)


def test_every_score_label_and_pixel_is_in_the_message_where_it_says() -> None:
    pictures = np.arange(2 * 3 * 2, dtype=np.uint8).reshape(2, 3, 2, 1)
    message = encode(
        [scores(), scores(name="b")],
        y_given=np.array([0, 1, 2, 300]),
        y_clean=np.array([0, 1, 1, 2]),
        classes=["x"] * 301,
        pictures=pictures,
        picture_rows=np.array([1, 3]),
    )
    length = int.from_bytes(message[:4], "little")
    head, body = json.loads(message[4 : 4 + length]), message[4 + length :]
    assert [one["name"] for one in head["detectors"]] == ["a", "b"]
    assert head["detectors"][0]["marks"] == [{"at": 0.75, "name": "3/4"}]
    np.testing.assert_array_equal(np.frombuffer(body[:32], "<f4").reshape(2, 4), [SCORE, SCORE])
    np.testing.assert_array_equal(np.frombuffer(body[32:40], "<u2"), [0, 1, 2, 300])
    np.testing.assert_array_equal(np.frombuffer(body[48:56], "<i4"), [1, 3])
    assert body[56:] == pictures.tobytes()
    assert head["picture"] == {"count": 2, "height": 3, "width": 2, "channels": 1}


def test_a_label_on_the_line_is_believed() -> None:
    wrong = np.array([True, False, True, False])
    assert below(SCORE, float(SCORE[1])).tolist() == [True, False, False, False]
    counts = counts_at(SCORE, wrong, 0.5)
    assert (counts.flagged, counts.hits) == (3, 2)
    assert (counts.precision, counts.recall, counts.f1) == (2 / 3, 1.0, 0.8)
    assert np.isnan(counts_at(SCORE, wrong, 0.0).precision)


@given(arrays.arrays(np.float32, 20, elements=st.floats(0, 1, width=32)), st.floats(0, 1))
def test_a_higher_line_never_catches_less(score, cut) -> None:
    wrong = np.arange(20) < 7
    lower, higher = counts_at(score, wrong, cut / 2), counts_at(score, wrong, cut)
    assert lower.flagged <= higher.flagged
    assert lower.hits <= higher.hits


def test_no_detectors_and_too_many_are_refused() -> None:
    y = np.zeros(4, dtype=np.int64)
    for n in (0, 31):
        with pytest.raises(ValueError, match=f"detectors must be 1 to 30, got {n}"):
            encode([scores()] * n, y_given=y, y_clean=y, classes=["x"])


def test_a_density_without_bound_is_drawn_with_one() -> None:
    spike = np.array([[np.inf, 1.0], [0.0, 2.0]])
    message = encode([scores(at=np.array([0.0, 1.0]), densities=spike)], y_given=np.zeros(4, int), y_clean=np.zeros(4, int), classes=["x"])  # fmt: skip
    length = int.from_bytes(message[:4], "little")
    assert json.loads(message[4 : 4 + length])["detectors"][0]["mixture"]["wrong"] == [1e6, 1.0]


def test_the_charts_hold_the_numbers_they_are_given() -> None:
    option = line_chart([1, 2], {"a": [0.5, None]}, x_name="x", y_name="y", dark=False)
    assert option["series"][0]["data"] == [0.5, None]
    paths = paths_chart(np.array([[0.0, 0.5, 1.0]] * 3), ["1", "2", "3"], dark=True)
    assert paths["series"][2]["data"] == [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]
    group = np.array([0, 1, 2, 3, 3])
    _, counts = groups_chart(np.arange(5.0), group, name="loss", dark=False)
    assert [sum(each) for each in counts] == [1, 1, 1, 2]
