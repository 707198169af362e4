"""The map of every layer, small and side by side. Arrays in, Figure out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float16, UInt8
from numpy import ndarray
from plotly.subplots import make_subplots

from lab.core.checks import require
from lab.core.palette import COLOURS, SHAPES

INKS = COLOURS[:7]  # and again from the eighth class on, in another shape, as on the large maps
HEIGHT = 280  # pixels of a row


def layer_maps(
    titles: Sequence[str],
    places: Sequence[Float16[ndarray, "_ 2"]],
    y: Sequence[UInt8[ndarray, " _"]],
    classes: Sequence[str],
    *,
    columns: int = 3,
) -> go.Figure:
    """One map a layer, its points by true class: colour, and shape as the second channel.

    Raises: ValueError if there is no map, or not one title and one set of classes for each.
    """
    require(0 < len(titles) == len(places) == len(y), "titles", "one for each map", len(titles))
    columns = min(columns, len(titles))
    fig = make_subplots(
        rows=math.ceil(len(titles) / columns),
        cols=columns,
        subplot_titles=list(titles),
        horizontal_spacing=0.02,
        vertical_spacing=0.1,
    )
    names = np.array(list(classes))
    for i, (xy, labels) in enumerate(zip(places, y, strict=True)):
        marks = go.Scattergl(
            x=xy[:, 0].astype(np.float32),
            y=xy[:, 1].astype(np.float32),
            mode="markers",
            text=names[labels],
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
            marker={
                "size": 5,
                "color": np.array(INKS)[labels % len(INKS)],
                "symbol": np.array(SHAPES)[labels % len(SHAPES)],
                "line": {"width": 0.5, "color": "#000000"},  # a light line makes so small a point pale
            },
        )
        fig.add_trace(marks, row=i // columns + 1, col=i % columns + 1)
    fig.update_xaxes(showticklabels=False, showgrid=False, zeroline=False, showline=True, mirror=True)
    fig.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, showline=True, mirror=True)
    fig.update_annotations(font_size=14, yshift=5)
    return fig.update_layout(
        height=HEIGHT * math.ceil(len(titles) / columns) + 30, margin={"l": 5, "r": 5, "t": 30, "b": 5}
    )


def layer_maps_alt(titles: Sequence[str]) -> str:
    """What the figure shows, for those who do not see it."""
    return f"A map of each layer by true class: {'; '.join(titles)}."
