"""The charts below the board of “kNN or kNet?” as ECharts options: curves against k, reliability, and kNet's size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float16
from numpy import ndarray

from lab.core.palette import COLOURS, COLOURS_DARK

KNN, KNET, OTHER, SOFTMAX = 0, 5, 2, 7  # places in the palette, the same on every chart of the page
DASHES = {KNN: "solid", KNET: [12, 3], OTHER: "dotted", SOFTMAX: "dashed"}
SYMBOLS = {KNN: "circle", KNET: "rect", OTHER: "triangle", SOFTMAX: "diamond"}


@dataclass(frozen=True, slots=True)
class Curve:
    """Values for k = 1, 2, ..., or one value that does not depend on k; mark: a k to point at."""

    name: str
    values: Sequence[float]
    place: int
    mark: int | None = None


def k_option(curves: Sequence[Curve], k_max: int, y_name: str, *, dark: bool, percents: bool = False) -> dict[str, Any]:
    """Curves against k."""
    factor = 100 if percents else 1
    series = []
    for curve in curves:
        values = [float(value) * factor for value in curve.values]
        points = (
            [[1, values[0]], [k_max, values[0]]] if len(values) == 1 else [[k + 1, v] for k, v in enumerate(values)]
        )
        marks = [] if curve.mark is None else [{"coord": [curve.mark, values[curve.mark - 1]]}]
        series.append(
            _line(curve.name, points, curve.place, dark, "%.1f %%" if percents else "%.4f")
            | {
                "showSymbol": False,
                "markPoint": {
                    "symbol": "circle",
                    "symbolSize": 12,
                    "data": marks,
                    "label": {"show": False},
                    "silent": True,
                },
            }
        )
    axis = _axis(dark)
    y_axis: dict[str, Any] = {"type": "value", "name": y_name, "scale": True, **axis}
    if percents:
        y_axis["axisLabel"] = axis["axisLabel"] | {"formatter": "{value} %"}
    x_axis = {"type": "value", "name": "k", "nameLocation": "middle", "nameGap": 26, "min": 1, "max": max(2, k_max)}
    return _chart(series, x_axis | axis, y_axis, dark)


def k_alt(curves: Sequence[Curve], what: str) -> str:
    """The chart in words."""
    told = []
    for curve in curves:
        if len(curve.values) == 1:
            told.append(f"{curve.name}: {curve.values[0]:.3f}")
        else:
            ends = f"{curve.values[0]:.3f} at k = 1, {curve.values[-1]:.3f} at k = {len(curve.values)}"
            told.append(f"{curve.name}: {ends}" + (f", marked at k = {curve.mark}" if curve.mark else ""))
    return f"{what} against k. {'; '.join(told)}."


def reliability_option(bins: Mapping[str, tuple[Float16[ndarray, "bins 3"], int]], *, dark: bool) -> dict[str, Any]:
    """How often a method is right where it is so sure: share right by mean largest probability, a mark a bin.

    Args:
        bins: of each method the count, confidence and accuracy of every bin, and its place in the palette.
    """
    ink = "#fff8" if dark else "#0008"
    series: list[dict[str, Any]] = [
        {
            "type": "line",
            "name": "sure as often as right",
            "data": [[0, 0], [1, 1]],
            "showSymbol": False,
            "lineStyle": {"color": ink, "width": 1, "type": "solid"},
            "itemStyle": {"color": ink},
        }
    ]
    for name, (rows, place) in bins.items():
        filled = [row for row in np.asarray(rows, dtype=np.float64) if row[0] > 0]
        points = [[round(sure, 4), round(right, 4)] for _, sure, right in filled]
        series.append(_line(name, points, place, dark, "%.3f") | {"showSymbol": True, "symbolSize": 8})
    axis = _axis(dark) | {"type": "value", "min": 0, "max": 1}
    x_axis = axis | {"name": "how sure", "nameLocation": "middle", "nameGap": 26}
    return _chart(series, x_axis, axis | {"name": "how often right"}, dark)


def reliability_alt(bins: Mapping[str, tuple[Float16[ndarray, "bins 3"], int]], against: str) -> str:
    """The diagram in words: whether each method promises too much."""
    told = []
    for name, (rows, _) in bins.items():
        filled = np.asarray(rows, dtype=np.float64)
        filled = filled[filled[:, 0] > 0]
        gap = float(filled[:, 0] @ (filled[:, 1] - filled[:, 2]))
        told.append(f"{name} is {abs(gap):.0%} {'surer than it is right' if gap > 0 else 'less sure than it is right'}")
    return f"Reliability against {against} labels. {'; '.join(told)}."


def sizes_option(names: Sequence[str], lines: Mapping[str, Sequence[float]], *, dark: bool) -> dict[str, Any]:
    """A line for each k over named sizes (widths, or forms of k)."""
    places = (KNN, OTHER, KNET, SOFTMAX)
    series = [
        _line(name, list(values), places[i % len(places)], dark, "%.4f") | {"showSymbol": True, "symbolSize": 8}
        for i, (name, values) in enumerate(lines.items())
    ]
    axis = _axis(dark)
    return _chart(series, {"type": "category", "data": list(names), **axis}, {"type": "value", "min": 0, **axis}, dark)


def sizes_alt(names: Sequence[str], lines: Mapping[str, Sequence[float]], what: str) -> str:
    """The chart in words."""
    told = (
        f"{line}: " + ", ".join(f"{name} {value:.3f}" for name, value in zip(names, values, strict=True))
        for line, values in lines.items()
    )
    return f"{what}. {'; '.join(told)}."


def _line(name: str, points: list[Any], place: int, dark: bool, digits: str) -> dict[str, Any]:
    colour = (COLOURS_DARK if dark else COLOURS)[place]
    return {
        "type": "line",
        "name": name,
        "data": points,
        "symbol": SYMBOLS[place],
        "itemStyle": {"color": colour},
        "lineStyle": {"color": colour, "width": 2.5, "type": DASHES[place]},
        "tooltip": {"valueFormatter": digits},
    }


def _axis(dark: bool) -> dict[str, Any]:
    ink = "#fffc" if dark else "#000c"
    return {"nameTextStyle": {"color": ink, "align": "left"}, "axisLabel": {"color": ink}}


def _chart(series: list[dict[str, Any]], x_axis: dict[str, Any], y_axis: dict[str, Any], dark: bool) -> dict[str, Any]:
    return {
        "animation": False,
        "grid": {"left": 12, "right": 24, "top": 66, "bottom": 32, "containLabel": True},
        "legend": {"top": 0, "left": 0, "textStyle": {"color": "#fffc" if dark else "#000c"}, "itemGap": 14},
        "tooltip": {"trigger": "axis"},
        "xAxis": x_axis,
        "yAxis": y_axis,
        "series": series,
    }
