"""What a noise does to labels, drawn: the transition matrix, label counts, and where the wrong labels sit.

Arrays in, Figure out. Text and grid take the page's colours; `dark` chooses the cells' colours of the heat map.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from lab.core.checks import require
from lab.core.palette import COLOURS, ERROR, SHAPES

MOST_WITH_TEXT = 20  # classes up to which every cell carries its number
SCALES = {  # one hue from pale to deep: safe for every kind of colour vision, and in grey
    False: ((0, "#F2F6FA"), (0.5, "#8DBFE3"), (1, "#08306B")),
    True: ((0, "#1B222C"), (0.5, "#24608F"), (1, "#BFE3FF")),
}
INK = {False: (75, "#000000", "#FFFFFF"), True: (60, "#FFFFFF", "#000000")}  # from that percent on the second
GREY = "#8A8A8A"


def transition_heatmap(
    T: Float[ndarray, "c c"], classes: Sequence[str], *, title: str, dark: bool = False
) -> go.Figure:
    """Row = true class, column = given label, cell = P(given | true) in percent; a class without samples stays empty."""
    n = len(classes)
    require(T.shape == (n, n), "T", f"{n} x {n}", T.shape)
    percent = np.round(100 * T, 1)
    few = n <= MOST_WITH_TEXT
    names = [short(name) for name in classes]
    places = list(range(n))
    fig = go.Figure(
        go.Heatmap(
            z=percent,
            x=places,
            y=places,
            customdata=np.array([[(plain(i), plain(j)) for j in classes] for i in classes]),
            hovertemplate="true %{customdata[0]}<br>given as %{customdata[1]}: %{z:.1f} %<extra></extra>",
            zmin=0,
            zmax=100,
            colorscale=[list(stop) for stop in SCALES[dark]],
            showscale=not few,
            colorbar={"title": "%", "thickness": 12},
            xgap=int(few),
            ygap=int(few),
        )
    )
    ticks: dict[str, Any] = {"showgrid": False, "zeroline": False}
    if few:
        fig.add_trace(_numbers(percent, dark))
        ticks |= {"tickmode": "array", "tickvals": places, "ticktext": names}
    fig.update_xaxes(title="given label", tickangle=-90 if upright(names) else 0, **ticks)
    fig.update_yaxes(title="true class", autorange="reversed", **ticks)
    side = 420 if n <= 12 else 520
    return fig.update_layout(title=title, height=side, margin={"l": 10, "r": 10, "t": 48, "b": 10})


def _numbers(percent: Float[ndarray, "c c"], dark: bool) -> go.Scatter:
    """The number of every cell that is not 0, in whichever ink can be read on it."""
    start, below, above = INK[dark]
    cells = np.argwhere(percent >= 0.5 if len(percent) > 5 else percent >= 0.05)
    values = percent[cells[:, 0], cells[:, 1]]
    return go.Scatter(
        x=cells[:, 1],
        y=cells[:, 0],
        mode="text",
        text=[f"{value:.0f}" if len(percent) > 5 else f"{value:.3g}" for value in values],
        textfont={"color": [above if value >= start else below for value in values], "size": 12},
        hoverinfo="skip",
        showlegend=False,
    )


def transition_alt(T: Float[ndarray, "c c"], classes: Sequence[str], *, title: str) -> str:
    """The heat map for those who do not see it: what is kept, and the most frequent mistake."""
    kept = np.diag(T)
    others = np.where(np.eye(len(T), dtype=bool) | ~np.isfinite(T), 0, T)
    i, j = divmod(int(others.argmax()), len(T))
    words = (
        f"{title}. Between {100 * np.nanmin(kept):.0f} and {100 * np.nanmax(kept):.0f} % of a class keep their label."
    )
    if others[i, j] > 0:
        words += f" Most frequent mistake: true {classes[i]} given as {classes[j]}, {100 * others[i, j]:.1f} %."
    return words


def label_counts(
    clean: Int[ndarray, " c"] | Sequence[int], given: Int[ndarray, " c"] | Sequence[int], classes: Sequence[str]
) -> go.Figure:
    """Before: a wide outline. After: a narrow hatched bar inside it."""
    names, places = [short(name) for name in classes], list(range(len(classes)))
    few = len(classes) <= MOST_WITH_TEXT
    shared = {"x": places, "customdata": [plain(name) for name in classes]}
    fig = go.Figure(
        [
            go.Bar(
                y=list(clean),
                name="before: true classes",
                width=0.86,
                marker={"color": "rgba(0,0,0,0)", "line": {"color": GREY, "width": 2 if few else 1}},
                hovertemplate="%{customdata}<br>before: %{y:,}<extra></extra>",
                **shared,
            ),
            go.Bar(
                y=list(given),
                name="after: given labels",
                width=0.5,
                marker={
                    "color": COLOURS[0],
                    "pattern": {"shape": "/" if few else "", "fillmode": "overlay", "fgcolor": "#FFFFFF", "size": 8},
                },
                hovertemplate="%{customdata}<br>after: %{y:,}<extra></extra>",
                **shared,
            ),
        ]
    )
    if few:
        fig.update_xaxes(tickmode="array", tickvals=places, ticktext=names, tickangle=-90 if upright(names) else 0)
    fig.update_yaxes(title="samples", rangemode="tozero")
    return fig.update_layout(
        barmode="overlay",
        height=360,
        title={"text": "Labels of each class, before and after", "y": 0.97, "yanchor": "top"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        margin={"l": 10, "r": 10, "t": 84, "b": 10},
    )


def counts_alt(clean: Sequence[int], given: Sequence[int], classes: Sequence[str]) -> str:
    """The bars in words: the class that gains and the one that loses most."""
    gain = np.asarray(given) - np.asarray(clean)
    up, down = int(gain.argmax()), int(gain.argmin())
    return (
        "Labels of each class before and after the noise. Largest gain: "
        f"{classes[up]}, {clean[up]:,} to {given[up]:,}. Largest loss: {classes[down]}, {clean[down]:,} to {given[down]:,}."
    )


def feature_map(
    places: Float[ndarray, "n 2"],
    y_clean: Shaped[ndarray, " n"],
    changed: Bool[ndarray, " n"],
    classes: Sequence[str],
    *,
    title: str,
) -> go.Figure:
    """Every sample by colour and shape of its true class; the wrongly labelled ones ringed.

    Source: DRO Figs. 2 and 4h. Departs from it: principal components, not t-SNE.
    """
    fig = go.Figure()
    for c, name in enumerate(classes):
        of_class = y_clean == c
        if of_class.any():
            fig.add_trace(
                go.Scattergl(
                    x=places[of_class, 0],
                    y=places[of_class, 1],
                    mode="markers",
                    name=short(name),
                    marker=look_of(c) | {"size": 7, "opacity": 0.75, "line": {"width": 0.5, "color": "#FFFFFF"}},
                    hovertemplate=f"true class {plain(name)}<extra></extra>",
                )
            )
    fig.add_trace(
        go.Scattergl(
            x=places[changed, 0],
            y=places[changed, 1],
            mode="markers",
            name="wrong label",
            marker={"symbol": "circle-open", "size": 12, "color": ERROR, "line": {"width": 1.5}},
            hoverinfo="skip",
        )
    )
    axis = {"showticklabels": False, "zeroline": False}
    fig.update_xaxes(title="first principal component", **axis)
    fig.update_yaxes(title="second", **axis)
    return fig.update_layout(title=title, height=520, margin={"l": 10, "r": 10, "t": 48, "b": 10})


def look_of(c: int) -> dict[str, str]:
    """Colour and shape of a class; seven colours and eight shapes, so that 56 classes differ."""
    n = len(COLOURS) - 1  # black vanishes on a dark page
    return {"color": COLOURS[c % n], "symbol": SHAPES[c % len(SHAPES)]}


def plain(name: str) -> str:
    """A class name in which plotly finds no markup."""
    return str(name).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def short(name: str, most: int = 14) -> str:
    """A class name that fits an axis."""
    return plain(name if len(name) <= most else name[: most - 1] + "…")


def upright(names: Sequence[str]) -> bool:
    """Whether names stand upright under an axis, because side by side they would collide."""
    return len(names) > 4 and max(map(len, names)) > 3
