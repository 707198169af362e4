"""The charts of “kNN or kNet?”: numbers go in and come out, a missing bin is no point, and words tell what is drawn."""

from __future__ import annotations

import json

import numpy as np

from lab.figures.comparison import (
    KNET,
    KNN,
    Curve,
    k_alt,
    k_option,
    reliability_alt,
    reliability_option,
    sizes_alt,
    sizes_option,
)


def test_a_curve_has_a_point_for_every_k_and_a_constant_two() -> None:
    curves = [Curve("kNN", [0.5, 0.75, 0.625], KNN, mark=2), Curve("network", [0.25], KNET)]
    option = k_option(curves, 3, "accuracy", dark=False, percents=True)
    json.dumps(option)
    assert option["series"][0]["data"] == [[1, 50.0], [2, 75.0], [3, 62.5]]
    assert option["series"][0]["markPoint"]["data"] == [{"coord": [2, 75.0]}]
    assert option["series"][1]["data"] == [[1, 25.0], [3, 25.0]]
    told = k_alt(curves, "Accuracy")
    assert "kNN: 0.500 at k = 1, 0.625 at k = 3, marked at k = 2" in told
    assert "network: 0.250" in told


def test_an_empty_bin_is_no_point_and_overconfidence_is_told() -> None:
    bins = np.array([[0, np.nan, np.nan], [0.5, 0.6, 0.5], [0.5, 0.9, 0.6]], dtype=np.float16)
    option = reliability_option({"kNN": (bins, KNN)}, dark=True)
    json.dumps(option, allow_nan=False)
    np.testing.assert_allclose(option["series"][1]["data"], [[0.6, 0.5], [0.9, 0.6]], atol=1e-3)
    assert "kNN is 20% surer than it is right" in reliability_alt({"kNN": (bins, KNN)}, "clean")


def test_sizes_are_named_on_the_axis_and_in_words() -> None:
    lines = {"k = 1": [0.2, 0.1], "k = 51": [0.1, 0.05]}
    option = sizes_option(["4", "16"], lines, dark=False)
    assert option["xAxis"]["data"] == ["4", "16"]
    assert [one["data"] for one in option["series"]] == list(lines.values())
    assert sizes_alt(["4", "16"], lines, "Width") == "Width. k = 1: 4 0.200, 16 0.100; k = 51: 4 0.100, 16 0.050."


def test_lines_differ_in_dash_and_mark_as_well_as_in_colour() -> None:
    option = sizes_option(["a"], {f"k = {k}": [k / 10] for k in range(4)}, dark=False)
    looks = [(str(one["lineStyle"]["type"]), one["symbol"], one["itemStyle"]["color"]) for one in option["series"]]
    assert all(len({look[i] for look in looks}) == 4 for i in range(3))
