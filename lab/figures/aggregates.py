"""What a network answers, class by class, as bars: medians with their central half, and beside them what theory says.

Arrays in, Figure out. Text and grid take the page's colours; `dark` chooses those of the bars' outlines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Int
from numpy import ndarray
from plotly.subplots import make_subplots

from lab.core.checks import require
from lab.core.palette import COLOURS, COLOURS_DARK

GREEN, BLUE = 2, 0  # of the palette, as in DRO Fig. 6: softmax green, neighbours blue
MOST_DIAGRAMS, MOST_NAMED = 25, 12
ROW_HEIGHT = 210


@dataclass(frozen=True, eq=False)
class Diagrams:
    """A diagram a row; its bars a column each. Rows without samples are nan.

    theory: P(given | clean), or None to leave it out. near: the median of the neighbours' histograms.
    own: the bar to be outlined in each diagram. counts: samples in each.
    """

    titles: Sequence[str]
    bars: Sequence[str]
    median: Float[ndarray, "rows c"]
    low: Float[ndarray, "rows c"]
    high: Float[ndarray, "rows c"]
    near: Float[ndarray, "rows c"]
    theory: Float[ndarray, "rows c"]
    own: Int[ndarray, " rows"]
    counts: Int[ndarray, " rows"]

    def __post_init__(self) -> None:
        rows = len(self.titles)
        require(0 < rows <= MOST_DIAGRAMS, "diagrams", f"1 to {MOST_DIAGRAMS}", rows)
        for name in ("median", "low", "high", "near", "theory"):
            array = getattr(self, name)
            require(array.shape == (rows, len(self.bars)), name, f"{rows} x {len(self.bars)}", array.shape)


def aggregate_bars(diagrams: Diagrams, *, columns: int = 5, dark: bool = False) -> go.Figure:
    """Bars are medians, thin lines their central half; dashes are theory, rings the neighbours' labels."""
    n, n_bars = len(diagrams.titles), len(diagrams.bars)
    columns = min(columns, n)
    rows = math.ceil(n / columns)
    fig = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[f"{title} ({count:,})" for title, count in zip(diagrams.titles, diagrams.counts, strict=True)],
        shared_yaxes=True,
        horizontal_spacing=0.025,
        vertical_spacing=0.42 / (rows + 1) if rows > 1 else 0,
    )
    places = np.arange(n_bars)
    for i in range(n):
        where = {"row": i // columns + 1, "col": i % columns + 1}
        for trace in _traces(diagrams, i, places, dark):
            fig.add_trace(trace, **where)
    named = n_bars <= MOST_NAMED
    short = [name if len(name) < 8 else f"{name[:6]}…" for name in diagrams.bars]
    fig.update_xaxes(
        tickmode="array" if named else "auto",
        tickvals=places if named else None,
        ticktext=short if named else None,
        tickangle=0 if max(map(len, short)) < 3 or n == 1 else -90,
        showgrid=False,
        zeroline=False,
    )
    fig.update_yaxes(range=[0, 1.04], tickformat=".0%", tickvals=[0, 0.5, 1], zeroline=False)
    fig.update_annotations(font_size=14)
    return fig.update_layout(
        height=max(ROW_HEIGHT * rows, 300) + 70,
        margin={"l": 10, "r": 10, "t": 84, "b": 10},
        bargap=0.25,
        legend={"orientation": "h", "y": 1, "yanchor": "top", "x": 0, "yref": "container", "itemclick": False},
        hovermode="closest",
    )


def _traces(d: Diagrams, i: int, places: Int[ndarray, " c"], dark: bool) -> list[go.Bar | go.Scatter]:
    colours = COLOURS_DARK if dark else COLOURS
    ink = "#FFFFFF" if dark else "#000000"
    names = np.array(d.bars)
    numbers = np.column_stack([d.low[i], d.high[i], d.theory[i], d.near[i]])
    hover = (
        "%{text}: median %{y:.1%}<br>central half %{customdata[0]:.1%} to %{customdata[1]:.1%}<br>"
        "noise alone %{customdata[2]:.1%}<br>neighbours’ labels, median %{customdata[3]:.1%}<extra></extra>"
    )
    bars = go.Bar(
        x=places,
        y=d.median[i],
        text=names,
        textposition="none",
        customdata=numbers,
        hovertemplate=hover,
        name="softmax, median and central half; outlined: the true class",
        legendgroup="softmax",
        showlegend=i == 0,
        marker={"color": colours[GREEN], "line": {"color": ink, "width": np.where(places == d.own[i], 3, 0)}},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": d.high[i] - d.median[i],
            "arrayminus": d.median[i] - d.low[i],
            "thickness": 1.5,
            "width": 3,
            "color": ink,
        },
    )
    marks = {"x": places, "mode": "markers", "hoverinfo": "skip", "showlegend": i == 0}
    theory = go.Scatter(
        y=d.theory[i],
        name="what the noise alone makes of the labels there",
        legendgroup="theory",
        marker={
            "symbol": "line-ew",
            "size": 11,
            "line": {"width": 3, "color": "#FF9B52" if dark else colours[5]},
        },
        **marks,
    )
    near = go.Scatter(
        y=d.near[i],
        name="labels of the neighbours, median",
        legendgroup="near",
        marker={
            "symbol": "circle-open",
            "size": 8,
            "line": {"width": 2},
            "color": colours[4] if dark else colours[BLUE],
        },
        **marks,
    )
    return [bars, theory, near]


def aggregate_alt(diagrams: Diagrams) -> str:
    """The diagrams in words: in how many the tallest bar is the true class."""
    seen = diagrams.counts > 0
    tallest = np.nan_to_num(diagrams.median).argmax(axis=1)
    right = int((tallest == diagrams.own)[seen].sum())
    own = np.nan_to_num(diagrams.median)[np.arange(len(tallest)), diagrams.own]
    low, high = float(own[seen].min(initial=1)), float(own[seen].max(initial=0))
    return (
        f"Median softmax in {len(diagrams.titles)} diagrams of {len(diagrams.bars)} classes. The tallest bar is the true "
        f"class in {right} of {int(seen.sum())}; the median of the true class is {low:.0%} to {high:.0%}."
    )
