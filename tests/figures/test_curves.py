"""Curves of several runs: what the chart shows is what its words say."""

from __future__ import annotations

import json

import pytest

from lab.figures.curves import MEASURES, Line, curves_alt, curves_option, measures_of

FIRST = Line(
    "1. symmetric", [{"epoch": e, "test_accuracy": a, "train_loss": 2.0 / e} for e, a in ((1, 0.5), (2, 0.9), (3, 0.8))]
)
YOUNG = Line("2. just begun", [])


def test_shares_are_percent_of_a_whole_axis_and_losses_are_not() -> None:
    shares = curves_option([FIRST], "test_accuracy", epochs=60, dark=False)
    assert shares["series"][0]["data"] == [[1, 50.0], [2, 90.0], [3, 80.0]]
    assert (shares["yAxis"]["min"], shares["yAxis"]["max"], shares["xAxis"]["max"]) == (0, 100, 60)
    losses = curves_option([FIRST], "train_loss", epochs=60, dark=False)
    assert losses["series"][0]["data"][0] == [1, 2.0]
    assert "max" not in losses["yAxis"]


def test_the_best_epoch_is_marked_and_told() -> None:
    option = curves_option([FIRST], "test_accuracy", epochs=3, dark=False)
    assert option["series"][0]["markPoint"]["data"][0]["coord"] == [2, 90.0]
    words = curves_alt([FIRST], "test_accuracy")
    assert "80.0% after epoch 3" in words
    assert "best 90.0% after epoch 2" in words


@pytest.mark.parametrize("measure", MEASURES)
def test_a_run_without_an_epoch_draws_an_empty_line(measure: str) -> None:
    option = curves_option([YOUNG], measure, epochs=10, dark=True)
    assert option["series"][0]["data"] == []
    assert "No epoch has finished yet" in curves_alt([YOUNG], measure)


def test_the_option_is_json_and_every_line_looks_different() -> None:
    lines = [Line(str(i), FIRST.points) for i in range(12)]
    series = json.loads(json.dumps(curves_option(lines, "test_accuracy", epochs=3, dark=False)))["series"]
    assert len({(s["itemStyle"]["color"], s["lineStyle"]["type"]) for s in series}) == 12


def test_only_measures_that_a_run_has_are_offered() -> None:
    assert measures_of([FIRST, YOUNG]) == ["test_accuracy", "train_loss"]
    assert measures_of([YOUNG]) == []
