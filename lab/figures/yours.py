"""Figures of the page about one's own data, as ECharts options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Integer
from numpy import ndarray

from lab.core.palette import COLOURS, COLOURS_DARK
from lab.figures.inn import INK

MOST_BARS = 24  # classes; the rest is summed up in one bar
N_BINS = 40
HATCH = {"symbol": "rect", "dashArrayX": [1, 0], "dashArrayY": [2, 4], "rotation": -0.78}


def most_first(counts: Integer[ndarray, " c"], classes: Sequence[str]) -> tuple[list[str], list[list[int]]]:
    """Names of bars and, of each, its classes: the largest ones first, all others in the last bar."""
    order = np.argsort(-counts, kind="stable")
    shown, rest = order[:MOST_BARS], order[MOST_BARS:]
    names = [short(classes[c]) for c in shown]
    groups = [[int(c)] for c in shown]
    if len(rest):
        names.append(f"{len(rest):,} more: {int(counts[rest].sum()):,}")
        groups.append([int(c) for c in rest])
    return names, groups


def short(name: str, most: int = 22) -> str:
    """A long name by its beginning and its end, which tells it from others of its kind."""
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[:half]}…{name[-half:]}"


def class_bars(
    counts: Integer[ndarray, " c"], called: Integer[ndarray, " c"] | None, classes: Sequence[str], *, dark: bool
) -> dict[str, Any]:
    """Labels of each class, the ones called wrong hatched at the left of each bar. The bars sum to all labels.

    Of many classes the smaller ones share the last bar, which may be cut off: its number stands beside it.
    """
    colours, ink = COLOURS_DARK if dark else COLOURS, INK[dark]
    names, groups = most_first(counts, classes)
    wrong = [0 if called is None else int(called[group].sum()) for group in groups]
    rest = [int(counts[group].sum()) - bad for group, bad in zip(groups, wrong, strict=True)]
    series: list[dict[str, Any]] = [
        {"name": "others" if called is not None else "labels", "data": rest, "itemStyle": {"color": colours[0]}},
    ]
    if called is not None:
        style = {"color": colours[5], "decal": HATCH, "borderColor": ink, "borderWidth": 0.5}
        series.insert(0, {"name": "called wrong", "data": wrong, "itemStyle": style})
    text = {"color": ink, "fontSize": 13}
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 34 if called is not None else 10, "bottom": 8, "containLabel": True},
        "legend": {"show": called is not None, "top": 0, "left": 0, "textStyle": text},
        "tooltip": {"trigger": "axis", "confine": True, "renderMode": "richText"},
        "xAxis": {"type": "value", "axisLabel": text, "minInterval": 1}
        | ({"max": int(counts.max())} if len(counts) > MOST_BARS else {}),
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": names,
            "axisLabel": text,
        },
        "series": [{"type": "bar", "stack": "labels", **one} for one in series],
    }


def bars_height(n_classes: int) -> int:
    """Pixels that `class_bars` needs."""
    return 64 + 22 * min(n_classes, MOST_BARS + 1)


def score_bars(score: Float[ndarray, " n"], called: Bool[ndarray, " n"], *, dark: bool) -> dict[str, Any]:
    """How the scores spread; the ones called wrong hatched. Bars as high as the root of the count: one is still seen."""
    colours, ink = COLOURS_DARK if dark else COLOURS, INK[dark]
    low, high = float(score.min()), float(score.max())
    edges = np.linspace(low, high if high > low else low + 1, N_BINS + 1)
    wrong, right = (np.histogram(score[part], edges)[0] for part in (called, ~called))
    digits = max(0, 2 - int(np.floor(np.log10(edges[-1] - edges[0]))) - 1) + 1
    text = {"color": ink, "fontSize": 13}
    looks: list[tuple[str, dict[str, Any]]] = [
        ("others", {"color": colours[0]}),
        ("called wrong", {"color": colours[5], "decal": HATCH, "borderColor": ink, "borderWidth": 0.5}),
    ]
    rows = [
        [f"{edge:.{digits}f}", round(float(a) ** 0.5, 3), int(a), round(float(b) ** 0.5, 3), int(b)]
        for edge, a, b in zip(edges[:-1], right, wrong, strict=True)
    ]
    return {
        "animation": False,
        "dataset": {"dimensions": ["score", "y0", "others", "y1", "called wrong"], "source": rows},
        "grid": {"left": 8, "right": 24, "top": 34, "bottom": 24, "containLabel": True},
        "legend": {"top": 0, "left": 0, "textStyle": text},
        "tooltip": {"trigger": "axis", "confine": True, "renderMode": "richText"},
        "xAxis": {
            "type": "category",
            "axisLabel": text,
            "name": "score (low: doubtful)",
            "nameLocation": "middle",
            "nameGap": 26,
            "nameTextStyle": text,
        },
        "yAxis": {"type": "value", "axisLabel": {"show": False}, "splitLine": {"show": False}},
        "series": [
            {
                "type": "bar",
                "name": name,
                "barGap": "-100%",
                "encode": {"x": 0, "y": 1 + 2 * i, "tooltip": [2 + 2 * i]},
                "itemStyle": look,
            }
            for i, (name, look) in enumerate(looks)
        ],
    }
