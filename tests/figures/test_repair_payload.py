"""The message of the replay: every row in one node of every column, and flows that connect the columns."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lab.experiments.gallery import shipped
from lab.figures.repair import lines_alt, share_lines
from lab.figures.repair_payload import encode, replay
from lab.specs.repair import FIRST, METHODS, correction_of


@pytest.fixture(params=list(METHODS))
def metrics(request: pytest.FixtureRequest) -> dict:
    run = shipped(correction_of(FIRST, request.param).digest)
    assert run is not None
    return run.metrics


def test_every_row_is_somewhere_and_flows_join_the_columns(metrics) -> None:
    found = replay(metrics)
    columns = np.array(found["columns"])
    assert (columns.sum(axis=1) == metrics["n_train"]).all()
    assert (columns >= 0).all()
    for before, after, flows in zip(columns[:-1], columns[1:], found["flows"], strict=True):
        matrix = np.zeros((3, 3), dtype=int)
        for source, target, count in flows:
            matrix[source, target] += count
        np.testing.assert_array_equal(matrix.sum(axis=1), before)
        np.testing.assert_array_equal(matrix.sum(axis=0), after)
    assert columns[-1][1] == metrics["n_train"] - metrics["kept"]
    assert [sum(one["counts"]) for one in found["numbers"]] == [metrics["n_train"]] * len(columns)


def test_the_message_is_json_with_names_and_a_version(metrics) -> None:
    body = json.loads(encode("digits", {"one": metrics, "other": metrics}))
    assert body["version"] == 1
    assert [method["name"] for method in body["methods"]] == ["one", "other"]
    with pytest.raises(ValueError, match="corrections must be one or more"):
        encode("nothing", {})


def test_lines_are_drawn_in_percent_with_marks_of_their_own() -> None:
    lines = {"a": [0.25, None], "b": [0.5, 1.0]}
    option = share_lines(lines, [5, 10], x_name="epoch", y_name="right", dark=False)
    assert [series["data"] for series in option["series"]] == [[25.0, None], [50.0, 100.0]]
    assert len({series["symbol"] for series in option["series"]}) == 2
    assert "b from 50.0 to 100.0 %" in lines_alt("curve", lines)
