"""Figures of noise: what is drawn is what was counted, and it can be read in either theme."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from lab.core.palette import ERROR
from lab.figures.noise import (
    INK,
    SCALES,
    counts_alt,
    feature_map,
    label_counts,
    look_of,
    transition_alt,
    transition_heatmap,
)

T = np.array([[0.9, 0.1, 0.0], [0.0, 0.5, 0.5], [0.2, 0.0, 0.8]])  # not symmetric, so a transposed one must fail
NAMES = ["cat", "dog", "<b>bird</b>"]


def cell_texts(fig: go.Figure) -> dict[tuple[int, int], str]:
    """Text of each cell by (row, column)."""
    text = fig.data[1]
    return {(y, x): t for y, x, t in zip(text.y, text.x, text.text, strict=True)}


def test_rows_are_true_classes_and_run_downwards() -> None:
    fig = transition_heatmap(T, NAMES, title="Planned")
    np.testing.assert_allclose(fig.data[0].z, 100 * T)
    assert fig.layout.yaxis.title.text == "true class"
    assert fig.layout.yaxis.autorange == "reversed"
    assert cell_texts(fig) == {(0, 0): "90", (0, 1): "10", (1, 1): "50", (1, 2): "50", (2, 0): "20", (2, 2): "80"}


def test_a_class_without_samples_has_empty_cells() -> None:
    fig = transition_heatmap(np.where([[True], [False], [True]], T, np.nan), NAMES, title="Drawn here")
    assert all(row != 1 for row, _ in cell_texts(fig))


def test_a_hundred_classes_carry_no_text() -> None:
    fig = transition_heatmap(np.eye(100), [f"class {i}" for i in range(100)], title="Planned")
    assert len(fig.data) == 1
    assert fig.data[0].showscale


def test_a_class_name_is_never_markup() -> None:
    figures = (
        transition_heatmap(T, NAMES, title="Planned"),
        label_counts([1, 2, 3], [3, 2, 1], NAMES),
        feature_map(np.zeros((3, 2)), np.arange(3), np.ones(3, dtype=bool), NAMES, title="All classes"),
    )
    for fig in figures:
        text = fig.to_json()
        assert "<b>" not in text
        assert "\\u003cb\\u003e" not in text
        assert "&lt;b&gt;" in text or "\\u0026lt;b" in text


@pytest.mark.parametrize("dark", [False, True])
def test_the_number_of_a_cell_can_be_read_at_every_value(dark: bool) -> None:
    start, below, above = INK[dark]
    for percent in np.linspace(0, 100, 201):
        ink = above if percent >= start else below
        assert contrast(ink, colour_at(SCALES[dark], percent / 100)) >= 4.5, percent


def test_the_bars_are_the_counts_and_differ_by_more_than_colour() -> None:
    fig = label_counts([10, 20, 30], [25, 5, 30], NAMES)
    before, after = fig.data
    assert list(before.y) == [10, 20, 30]
    assert list(after.y) == [25, 5, 30]
    assert before.width > after.width
    assert after.marker.pattern.shape == "/"
    assert before.marker.color == "rgba(0,0,0,0)"


def test_exactly_the_wrong_labels_are_ringed() -> None:
    places = np.arange(12, dtype=float).reshape(6, 2)
    changed = np.array([0, 1, 0, 0, 1, 0], dtype=bool)
    fig = feature_map(places, np.array([0, 0, 1, 1, 2, 2]), changed, NAMES, title="All classes")
    ring = fig.data[-1]
    np.testing.assert_array_equal(np.stack([ring.x, ring.y], axis=1), places[changed])
    assert ring.marker.symbol == "circle-open"
    assert ring.marker.color == ERROR
    assert sum(len(trace.x) for trace in fig.data[:-1]) == 6


def test_no_two_of_twenty_classes_look_alike() -> None:
    looks = [tuple(look_of(c).values()) for c in range(20)]
    assert len(set(looks)) == 20


def test_alternative_texts_name_the_largest_mistake_and_the_largest_gain() -> None:
    assert transition_alt(T, NAMES, title="Planned") == (
        "Planned. Between 50 and 90 % of a class keep their label. "
        "Most frequent mistake: true dog given as <b>bird</b>, 50.0 %."
    )
    assert "Largest gain: cat, 10 to 25. Largest loss: dog, 20 to 5." in counts_alt([10, 20, 30], [25, 5, 30], NAMES)


def colour_at(scale: tuple, place: float) -> np.ndarray:
    """RGB in [0, 1] of a colour scale."""
    stops = [stop for stop, _ in scale]
    colours = np.array([rgb(colour) for _, colour in scale])
    return np.array([np.interp(place, stops, channel) for channel in colours.T])


def rgb(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def contrast(ink: str, ground: np.ndarray) -> float:
    """WCAG's contrast ratio."""

    def luminance(channels: np.ndarray) -> float:
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    light, dark = sorted((luminance(np.array(rgb(ink))), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
