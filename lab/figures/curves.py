"""Curves against epochs as an ECharts option: that chart is updated in place, so a live curve never blinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.core.palette import COLOURS, COLOURS_DARK

MEASURES = {  # of an epoch's point: what the chart calls it, and what it means
    "test_accuracy": ("Test accuracy", "on new rows with clean labels"),
    "train_accuracy": ("Training accuracy, given labels", "1 means that every wrong label is learned by heart"),
    "train_clean_accuracy": (
        "Training accuracy, clean labels",
        "how many training rows it gets right, wrong labels or not",
    ),
    "val_accuracy": ("Validation accuracy", "on held-out rows; the best epoch is chosen by it"),
    "test_loss": ("Test loss", "cross-entropy to clean labels"),
    "train_loss": ("Training loss, given labels", "what the training makes small"),
}
DASHES = ("solid", "dashed", "dotted")  # a second channel beside colour
PLOT, LEGEND, LEGEND_LINE = 320, 16, 24  # pixels: one run a line, whatever its name, so that none lies on the plot
SYMBOLS = ("circle", "rect", "triangle", "diamond")


@dataclass(frozen=True, slots=True)
class Line:
    """One run: its name, and the numbers of each finished epoch (`epoch` and some of `MEASURES`)."""

    name: str
    points: Sequence[Mapping[str, float]]

    def values(self, measure: str) -> list[tuple[float, float]]:
        """(epoch, value) of every epoch that has the measure."""
        return [(point["epoch"], point[measure]) for point in self.points if point.get(measure) is not None]


def is_share(measure: str) -> bool:
    """Whether it is a number in [0, 1] and reads as percent."""
    return measure.endswith("accuracy")


def measures_of(lines: Sequence[Line]) -> list[str]:
    """The measures that at least one run has."""
    return [measure for measure in MEASURES if any(line.values(measure) for line in lines)]


def curves_height(lines: Sequence[Line]) -> int:
    """Pixels: the plot's, and a line of the legend for each run."""
    return PLOT + LEGEND_LINE * len(lines)


def curves_option(lines: Sequence[Line], measure: str, *, epochs: int, dark: bool) -> dict[str, Any]:
    """One line a run; the best epoch of an accuracy is marked.

    Args:
        epochs: right end of the axis, so that a live curve grows into it.
    """
    colours = COLOURS_DARK if dark else COLOURS
    share = is_share(measure)
    series = []
    for i, line in enumerate(lines):
        colour = colours[i % len(colours)]
        values = [(epoch, 100 * value if share else value) for epoch, value in line.values(measure)]
        series.append(
            {
                "type": "line",
                "name": line.name,
                "data": [list(value) for value in values],
                "showSymbol": len(values) < 3,
                "symbol": SYMBOLS[i % len(SYMBOLS)],
                "symbolSize": 7,
                "itemStyle": {"color": colour},
                "lineStyle": {"color": colour, "width": 2.5, "type": DASHES[i // len(colours) % len(DASHES)]},
                "tooltip": {"valueFormatter": "%.1f %%" if share else "%.3f"},
                "markPoint": {
                    "symbol": SYMBOLS[i % len(SYMBOLS)],
                    "symbolSize": 13,
                    "data": _best(values) if share else [],
                },
            }
        )
    ink = "#fffc" if dark else "#000c"
    axis = {"nameTextStyle": {"color": ink}, "axisLabel": {"color": ink}}
    percents = {"min": 0, "max": 100, "axisLabel": {"color": ink, "formatter": "{value} %"}} if share else {}
    return {
        "animation": False,
        "grid": {"left": 12, "right": 24, "top": LEGEND + LEGEND_LINE * len(lines), "bottom": 32, "containLabel": True},
        "legend": {"orient": "vertical", "top": 0, "left": 0, "textStyle": {"color": ink}, "itemGap": 10},
        "tooltip": {"trigger": "axis"},
        "xAxis": {
            "type": "value",
            "name": "Epoch",
            "nameLocation": "middle",
            "nameGap": 26,
            "min": 0,
            "max": epochs,
            **axis,
        },
        "yAxis": {"type": "value", "scale": not share, **axis, **percents},
        "series": series,
    }


def _best(values: Sequence[tuple[float, float]]) -> list[dict[str, Any]]:
    if not values:
        return []
    epoch, value = max(values, key=lambda pair: pair[1])
    return [{"coord": [epoch, value], "name": "best", "label": {"show": False}}]


def curves_alt(lines: Sequence[Line], measure: str) -> str:
    """The chart in words."""
    title = MEASURES[measure][0]
    told = []
    for line in lines:
        values = line.values(measure)
        if values:
            show = (lambda v: f"{v:.1%}") if is_share(measure) else (lambda v: f"{v:.3f}")
            epoch, last = values[-1]
            words = f"{line.name}: {show(last)} after epoch {epoch:g}"
            if is_share(measure):
                best_epoch, best = max(values, key=lambda pair: pair[1])
                words += f", best {show(best)} after epoch {best_epoch:g}"
            told.append(words)
    return f"{title} by epoch. " + ("; ".join(told) if told else "No epoch has finished yet") + "."
