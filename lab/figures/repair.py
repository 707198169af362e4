"""KED Figs 3 to 6 as line charts: shares in, ECharts options out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.core.palette import COLOURS, COLOURS_DARK

ORDER = (0, 5, 2, 3, 4, 1, 7)  # of the palette, without yellow, which no line shows on white
SYMBOLS = ("circle", "rect", "triangle", "diamond", "emptyCircle", "emptyRect", "emptyTriangle")

LEGEND_LINE = 24  # pixels


def legend_height(n_lines: int) -> int:
    """Pixels above the drawing; a chart is to be so much higher."""
    return LEGEND_LINE * n_lines


def share_lines(
    lines: Mapping[str, Sequence[float | None]], x: Sequence[Any], *, x_name: str, y_name: str, dark: bool
) -> dict[str, Any]:
    """Shares in [0, 1] against `x`, drawn in percent; a line's marks differ as well as its colour.

    Args:
        lines: by name, as many shares as there are `x`; None leaves a gap.
    """
    colours = COLOURS_DARK if dark else COLOURS
    ink, faint = ("#E6E6E6", "#4A4A4A") if dark else ("#31333F", "#D9D9D9")
    axis = {"axisLabel": {"color": ink, "fontSize": 14}, "nameTextStyle": {"color": ink, "fontSize": 14}}
    return {
        "animation": False,
        "color": [colours[i] for i in ORDER],
        "grid": {"left": 56, "right": 24, "top": legend_height(len(lines)) + 32, "bottom": 48},
        "legend": {
            "orient": "vertical",  # a line of names is cut off where a column is narrow
            "top": 0,
            "left": 0,
            "itemGap": LEGEND_LINE - 14,
            "textStyle": {"color": ink, "fontSize": 14},
            "data": list(lines),
        },
        "tooltip": {"trigger": "axis"},
        "xAxis": axis
        | {"type": "category", "data": [str(v) for v in x], "name": x_name, "nameLocation": "middle", "nameGap": 30},
        "yAxis": axis
        | {"type": "value", "min": 0, "max": 100, "name": y_name, "splitLine": {"lineStyle": {"color": faint}}},
        "series": [
            {
                "type": "line",
                "name": name,
                "symbol": SYMBOLS[i % len(SYMBOLS)],
                "symbolSize": 9,
                "data": [None if share is None else round(100 * share, 2) for share in shares],
            }
            for i, (name, shares) in enumerate(lines.items())
        ],
    }


def lines_alt(what: str, lines: Mapping[str, Sequence[float | None]]) -> str:
    """The first and last share of every line, for who does not see them."""
    told = (f"{name} from {100 * (line[0] or 0):.1f} to {100 * (line[-1] or 0):.1f} %" for name, line in lines.items())
    return f"{what}: " + "; ".join(told) + "."
