"""What a study of one's own data will take, and so the line it waits in."""

from __future__ import annotations

import pytest

from lab.specs.upload_budget import QUICK, study_lane, study_seconds


@pytest.mark.parametrize(
    ("n", "columns", "classes", "measured"),
    [
        (1_000, 20, 5, 1.9),
        (5_000, 20, 10, 3.0),
        (20_000, 20, 10, 11.3),
        (20_000, 50, 10, 13.6),
        (5_000, 20, 100, 7.0),
        (60_000, 20, 10, 22.0),
        (100_000, 50, 10, 45.2),
    ],
)
def test_the_prediction_is_near_what_was_measured(n, columns, classes, measured):
    assert measured / 1.6 < study_seconds(n, columns, classes) < measured * 1.6
    assert study_lane(n, columns, classes) == ("training" if measured > QUICK else None)


def test_more_of_anything_takes_longer():
    first = study_seconds(1_000, 10, 3)
    for n, columns, classes, pictures in (
        (2_000, 10, 3, False),
        (1_000, 20, 3, False),
        (1_000, 10, 9, False),
        (1_000, 10, 3, True),
    ):
        assert study_seconds(n, columns, classes, pictures=pictures) > first
