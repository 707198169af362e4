"""The effective K of networks against the epoch, and accuracy against a noise rate that was only estimated."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Int
from numpy import ndarray

from lab.core.palette import COLOURS, COLOURS_DARK


def effective_k_option(ks: Int[ndarray, " epochs"], errors: Float[ndarray, " epochs"], *, dark: bool) -> dict[str, Any]:
    """K on a scale of ratios, as an ECharts option; a second line says how far its curve is from the networks."""
    ink = "#fffc" if dark else "#000c"
    colours = COLOURS_DARK if dark else COLOURS
    axis = {"nameTextStyle": {"color": ink}, "axisLabel": {"color": ink}, "nameLocation": "middle"}
    epochs = range(1, len(ks) + 1)
    lines = [
        ("effective K", ks.tolist(), colours[0], "solid", 0),
        ("its curve is off by, points", (100 * errors).round(2).tolist(), colours[5], "dashed", 1),
    ]
    return {
        "animation": False,
        "grid": {"left": 30, "right": 30, "top": 34, "bottom": 34, "containLabel": True},
        "legend": {"top": 0, "left": 0, "textStyle": {"color": ink}},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "value", "name": "Epoch", "nameGap": 26, "min": 0, "max": len(ks), **axis},
        "yAxis": [
            {"type": "log", "name": "effective K", "nameGap": 36, "min": 1, "max": 100, **axis},
            {"type": "value", "name": "points", "nameGap": 30, "min": 0, "splitLine": {"show": False}, **axis},
        ],
        "series": [
            {
                "type": "line",
                "name": name,
                "data": [list(pair) for pair in zip(epochs, values, strict=True)],
                "step": "end" if side == 0 else False,
                "showSymbol": False,
                "yAxisIndex": side,
                "itemStyle": {"color": colour},
                "lineStyle": {"color": colour, "width": 2.5, "type": dash},
            }
            for name, values, colour, dash, side in lines
        ],
    }


def effective_k_alt(ks: Int[ndarray, " epochs"], errors: Float[ndarray, " epochs"]) -> str:
    """The figure in words."""
    peak = int(ks.argmax())
    return (
        f"Effective K by epoch: {ks[0]} after epoch 1, at most {ks[peak]} after epoch {peak + 1}, {ks[-1]} after epoch "
        f"{len(ks)}, where its curve is off by {100 * errors[-1]:.1f} points."
    )


def what_if_figure(
    what_if: Float[ndarray, "rates 5"], *, k: int, rate: float, interval: tuple[float, float], dark: bool = False
) -> go.Figure:
    """Accuracy of K between a cautious and a hopeful guess, against the share of wrong labels.

    Args:
        what_if: rate, cautious, hopeful, and the ends of the interval around both.
        rate, interval: the estimated share of wrong labels, and where it lies.
    """
    x, cautious, hopeful, low, high = what_if.T
    colour = (COLOURS_DARK if dark else COLOURS)[0]
    pale = "rgba(86, 180, 233, 0.25)"
    fig = go.Figure()
    fig.add_trace(
        go.Scatter(
            x=np.concatenate([x, x[::-1]]),
            y=np.concatenate([high, low[::-1]]),
            mode="lines",
            fill="toself",
            fillcolor=pale,
            line={"width": 0},
            hoverinfo="skip",
            name="95 % interval around both",
        )
    )
    for name, values, dash in (("hopeful", hopeful, "dash"), ("cautious", cautious, "solid")):
        fig.add_trace(
            go.Scatter(
                x=x,
                y=values,
                mode="lines",
                name=f"K = {k}, {name}",
                line={"color": colour, "width": 2.5, "dash": dash},
                hovertemplate="%{x:.0%} wrong labels: %{y:.1%}<extra>" + name + "</extra>",
            )
        )
    fig.add_vrect(*interval, fillcolor="rgba(128, 128, 128, 0.2)", line_width=0)
    fig.add_vline(x=rate, line={"width": 2, "dash": "dot"}, annotation_text="estimated now")
    fig.update_xaxes(title="wrong labels π", tickformat=".0%", zeroline=False)
    fig.update_yaxes(title="expected accuracy", tickformat=".0%", range=[0, 1.02], zeroline=False)
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return fig.update_layout(height=340, margin={"l": 10, "r": 10, "t": 40, "b": 10}, legend=legend)


def what_if_alt(what_if: Float[ndarray, "rates 5"], *, k: int) -> str:
    """The figure in words."""
    told = [f"{rate:.0%} wrong: {low:.0%} to {high:.0%}" for rate, low, high, *_ in what_if[::2]]
    return f"Expected accuracy of K = {k} against the share of wrong labels. " + "; ".join(told) + "."
