"""INN's figures as ECharts options: curves, the paths of one sample (Fig. 1), four groups (Fig. 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Integer
from numpy import ndarray

from lab.core.palette import COLOURS, COLOURS_DARK

DASHES = ("solid", "dashed", "dotted")
SYMBOLS = ("circle", "rect", "triangle", "diamond")
LINES = (0, 5, 2, 3, 4, 1, 7)  # of the palette, without yellow, which no line shows on white
INK = ("#31333f", "#fafafa")  # text on light and on dark
COLUMNS = 5  # of small paths
N_BINS = 25
GROUPS = (
    "large class, label right",
    "large class, label wrong",
    "small class, label wrong",
    "small class, label right",
)
GROUP_COLOURS = (0, 1, 5, 2)  # as INN: blue, orange, red, green


def line_chart(
    x: Sequence[float],
    lines: Mapping[str, Sequence[float | None]],
    *,
    x_name: str,
    y_name: str,
    dark: bool,
    low: float | None = None,
    high: float | None = 1.0,
    even: bool = True,
) -> dict[str, Any]:
    """One line a name; None leaves a gap.

    Args:
        even: places the values of `x` at even distances, whatever they are; else where they belong.
    """
    colours, ink = COLOURS_DARK if dark else COLOURS, INK[dark]
    series = [
        {
            "name": name,
            "type": "line",
            "data": list(values) if even else [[a, b] for a, b in zip(x, values, strict=True)],
            "symbol": SYMBOLS[i % len(SYMBOLS)],
            "symbolSize": 8,
            "itemStyle": {"color": colours[LINES[i % len(LINES)]]},
            "lineStyle": {"type": DASHES[i % len(DASHES)], "width": 2.5},
        }
        for i, (name, values) in enumerate(lines.items())
    ]
    axis = {"axisLabel": {"color": ink, "fontSize": 13}, "nameTextStyle": {"color": ink, "fontSize": 13}}
    return {
        "animation": False,
        "textStyle": {"fontSize": 13},
        "grid": {"left": 8, "right": 20, "top": 34 + 20 * -(-len(lines) // 5), "bottom": 26, "containLabel": True},
        "legend": {"top": 0, "left": 0, "textStyle": {"color": ink, "fontSize": 13}, "itemWidth": 34},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {
            "type": "category" if even else "value",
            "name": x_name,
            "nameLocation": "middle",
            "nameGap": 28,
            **({"data": [f"{value:g}" for value in x]} if even else {}),
            **axis,
        },
        "yAxis": {"type": "value", "name": y_name, "nameLocation": "end", "min": low, "max": high, "scale": True}
        | axis
        | {"nameTextStyle": {"color": ink, "fontSize": 13, "align": "left"}},
        "series": series,
    }


def paths_chart(values: Float[ndarray, "l m"], names: Sequence[str], *, dark: bool) -> dict[str, Any]:
    """The probability of the given label on the way to each neighbour, with the trapezoids under it (INN Fig. 1).

    Args:
        values: at even steps; the sample on the left, the neighbour on the right.
        names: of the neighbours, above each.
    """
    colour, ink = (COLOURS_DARK if dark else COLOURS)[0], INK[dark]
    rows = -(-len(values) // COLUMNS)
    n_steps = values.shape[1] - 1
    grids, x_axes, y_axes, series, titles = [], [], [], [], []
    for i, line in enumerate(values):
        row, column = divmod(i, COLUMNS)
        left, top = 3 + column * 97 / COLUMNS, row * 100 / rows
        grids.append({"left": f"{left}%", "top": f"{top + 13}%", "width": "16%", "height": f"{100 / rows - 20}%"})
        titles.append(
            {
                "text": names[i],
                "left": f"{left}%",
                "top": f"{top + 3}%",
                "textStyle": {"color": ink, "fontSize": 13, "fontWeight": "normal"},
            }
        )
        x_axes.append({"gridIndex": i, "type": "value", "min": 0, "max": 1, "show": False})
        y_axes.append(
            {
                "gridIndex": i,
                "type": "value",
                "min": 0,
                "max": 1,
                "interval": 1,
                "axisLabel": {"color": ink, "show": column == 0},
            }
        )
        points = [[h / n_steps, round(float(v), 6)] for h, v in enumerate(line)]
        series.append(
            {
                "type": "line",
                "xAxisIndex": i,
                "yAxisIndex": i,
                "data": points,
                "symbolSize": 4,
                "symbol": "circle",
                "itemStyle": {"color": colour},
                "lineStyle": {"width": 2},
                "areaStyle": {"color": colour, "opacity": 0.28},
                "markLine": {
                    "silent": True,
                    "symbol": "none",
                    "label": {"show": False},
                    "lineStyle": {"color": ink, "opacity": 0.4, "width": 1, "type": "solid"},
                    "data": [[{"coord": [x, 0]}, {"coord": [x, y]}] for x, y in points],
                },
            }
        )
    return {
        "animation": False,
        "title": titles,
        "grid": grids,
        "xAxis": x_axes,
        "yAxis": y_axes,
        "series": series,
        "tooltip": {"trigger": "item", "confine": True},
    }


def groups_chart(
    values: Float[ndarray, " n"], group: Integer[ndarray, " n"], *, name: str, dark: bool
) -> tuple[dict[str, Any], list[list[int]]]:
    """Histograms of the four groups 2 * true + given, one above the other, as shares of each group (INN Fig. 6).

    Returns: the option and the counts in each bar.
    """
    colours, ink = COLOURS_DARK if dark else COLOURS, INK[dark]
    edges = np.linspace(float(values.min()), float(values.max()) + 1e-9, N_BINS + 1)
    counts = [np.histogram(values[group == g], edges)[0].tolist() for g in range(4)]
    labels = [f"{left:.2f}" for left in edges[:-1]]
    grids, x_axes, y_axes, series, titles = [], [], [], [], []
    for g, title in enumerate(GROUPS):
        total = max(1, sum(counts[g]))
        grids.append({"left": 44, "right": 10, "top": f"{8 + 24 * g}%", "height": "13%"})
        titles.append(
            {
                "text": f"{title} ({sum(counts[g])})",
                "left": 40,
                "top": f"{2 + 24 * g}%",
                "textStyle": {"color": ink, "fontSize": 13, "fontWeight": "normal"},
            }
        )
        x_axes.append({"gridIndex": g, "type": "category", "data": labels, "axisLabel": {"color": ink, "show": g == 3}})
        y_axes.append(
            {"gridIndex": g, "type": "value", "axisLabel": {"color": ink, "formatter": "{value} %"}, "splitNumber": 2}
        )
        series.append(
            {
                "type": "bar",
                "name": title,
                "xAxisIndex": g,
                "yAxisIndex": g,
                "barCategoryGap": "8%",
                "data": [round(100 * count / total, 2) for count in counts[g]],
                "itemStyle": {
                    "color": colours[GROUP_COLOURS[g]],
                    "borderColor": ink,
                    "borderWidth": 0.5,
                    **(
                        {"decal": {"symbol": "rect", "dashArrayX": [1, 0], "dashArrayY": [2, 4], "rotation": -0.78}}
                        if g in (1, 2)
                        else {}
                    ),
                },
            }
        )
    x_axes[3] |= {
        "name": name,
        "nameLocation": "middle",
        "nameGap": 26,
        "nameTextStyle": {"color": ink, "fontSize": 13},
    }
    option = {
        "animation": False,
        "title": titles,
        "grid": grids,
        "xAxis": x_axes,
        "yAxis": y_axes,
        "series": series,
        "tooltip": {"trigger": "item", "confine": True},
    }
    return option, counts
