"""Figures of “what if?”, as ECharts options: curves with bands, measured points over them, and one dot a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from lab.core.palette import COLOURS, COLOURS_DARK
from lab.figures.inn import INK, LINES, SYMBOLS


def _axis(name: str, ink: str, **more: Any) -> dict[str, Any]:
    text = {"color": ink, "fontSize": 13}
    return {"type": "value", "name": name, "nameTextStyle": text, "axisLabel": text, "scale": True, **more}


def bands(
    x: Float[ndarray, " m"],
    low: Float[ndarray, "l m"],
    high: Float[ndarray, "l m"],
    points_x: Float[ndarray, " p"],
    points: Float[ndarray, "l p s"],
    names: Sequence[str],
    *,
    x_name: str,
    dark: bool,
) -> dict[str, Any]:
    """Of each line a band from low to high, and the mean of what was measured as marks over it; shares in percent."""
    colours, ink = COLOURS_DARK if dark else COLOURS, INK[dark]
    series: list[dict[str, Any]] = []
    for i, name in enumerate(names):
        colour = colours[LINES[i % len(LINES)]]
        for edge, end in ((low[i], "low"), (high[i], "high")):
            series.append(
                {
                    "name": name,
                    "id": f"{name}-{end}",
                    "type": "line",
                    "symbol": "none",
                    "data": _pairs(x, edge),
                    "lineStyle": {"color": colour, "width": 2, "type": "solid" if end == "high" else "dashed"},
                    "itemStyle": {"color": colour},
                }
            )
        series.append(
            {
                "name": name,
                "id": f"{name}-measured",
                "type": "scatter",
                "symbol": SYMBOLS[i % len(SYMBOLS)],
                "symbolSize": 12,
                "data": _pairs(points_x, points[i].mean(axis=-1)),
                "itemStyle": {"color": colour, "borderColor": ink, "borderWidth": 1},
            }
        )
    return _frame(ink, series, _axis(x_name, ink, nameLocation="middle", nameGap=28), "%")


def curves(
    x: Float[ndarray, " m"],
    lines: Mapping[str, Float[ndarray, "e m"]],
    *,
    x_name: str,
    dark: bool,
    mark: float | None = None,
) -> dict[str, Any]:
    """Shares in percent against x; a vertical line at `mark`.

    Args:
        lines: of each name one line, or two: a cautious one (dashed) and a hopeful one.
    """
    colours, ink = COLOURS_DARK if dark else COLOURS, INK[dark]
    series: list[dict[str, Any]] = []
    for i, (name, edges) in enumerate(lines.items()):
        for end, values in enumerate(edges):
            dash = "dashed" if len(edges) == 2 and end == 0 else "solid"
            series.append(
                {
                    "name": name,
                    "id": f"{name}-{end}",
                    "type": "line",
                    "showSymbol": False,
                    "data": _pairs(x, values),
                    "lineStyle": {"width": 2.5, "type": dash},
                    "itemStyle": {"color": colours[LINES[i % len(LINES)]]},
                }
            )
    if mark is not None and series:
        series[0]["markLine"] = {
            "silent": True,
            "symbol": "none",
            "label": {"show": False},
            "lineStyle": {"color": ink, "type": "solid", "width": 1.5},
            "data": [{"xAxis": mark}],
        }
    return _frame(ink, series, _axis(x_name, ink, nameLocation="middle", nameGap=28, min=0), "%")


def seeds(values: Float[ndarray, "arms s"], names: Sequence[str], *, dark: bool) -> dict[str, Any]:
    """One dot a seed for each name, and a diamond at their mean; shares in percent."""
    colours, ink = COLOURS_DARK if dark else COLOURS, INK[dark]
    dots = [[round(100 * float(v), 3), i] for i, row in enumerate(values) for v in row]
    means = [[round(100 * float(row.mean()), 3), i] for i, row in enumerate(values)]
    text = {"color": ink, "fontSize": 13}
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 30, "bottom": 30, "containLabel": True},
        "legend": {"top": 0, "left": 0, "textStyle": text},
        "tooltip": {"trigger": "item", "confine": True, "renderMode": "richText"},
        "xAxis": _axis("accuracy on held-out rows, %", ink, nameLocation="middle", nameGap=26),
        "yAxis": {"type": "category", "data": list(names), "inverse": True, "axisLabel": text},
        "series": [
            {
                "name": "one seed",
                "type": "scatter",
                "symbolSize": 9,
                "data": dots,
                "itemStyle": {"color": colours[4], "borderColor": ink, "borderWidth": 0.5},
            },
            {
                "name": "mean",
                "type": "scatter",
                "symbol": "diamond",
                "symbolSize": 18,
                "data": means,
                "itemStyle": {"color": colours[5], "borderColor": ink, "borderWidth": 1},
            },
        ],
    }


def _frame(ink: str, series: list[dict[str, Any]], x_axis: dict[str, Any], y_name: str) -> dict[str, Any]:
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 60, "bottom": 30, "containLabel": True},
        "legend": {
            "type": "scroll",
            "top": 0,
            "left": 0,
            "textStyle": {"color": ink, "fontSize": 13},
            "pageTextStyle": {"color": ink},
            "pageIconColor": ink,
        },
        "tooltip": {"trigger": "item", "confine": True, "renderMode": "richText"},
        "xAxis": x_axis,
        "yAxis": _axis(y_name, ink),
        "series": series,
    }


def _pairs(x: Float[ndarray, " m"], y: Float[ndarray, " m"]) -> list[list[float]]:
    """x as it is, y in percent."""
    return [[round(float(a), 4), round(100 * float(b), 3)] for a, b in zip(x, np.asarray(y), strict=True)]
