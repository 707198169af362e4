"""One small map a layer, its points in the colour and the shape of their true class."""

from __future__ import annotations

import numpy as np
import pytest

from lab.core.palette import COLOURS, SHAPES
from lab.figures.layers import layer_maps, layer_maps_alt


def test_each_layer_has_a_map_with_its_classes_colours_and_shapes() -> None:
    places, y = np.array([[0, 0], [1, 1], [1, 0]], dtype=np.float16), np.array([2, 0, 2], dtype=np.uint8)
    fig = layer_maps(["Early layer", "Logits"], [places, places[::-1]], [y, y[::-1]], "abc")
    assert [title.text for title in fig.layout.annotations] == ["Early layer", "Logits"]
    first, second = fig.data
    assert list(first.text) == ["c", "a", "c"]
    assert list(first.marker.color) == [COLOURS[2], COLOURS[0], COLOURS[2]]
    assert list(first.marker.symbol) == [SHAPES[2], SHAPES[0], SHAPES[2]]
    np.testing.assert_array_equal(second.x, [1, 1, 0])
    assert layer_maps_alt(["Early layer"]) == "A map of each layer by true class: Early layer."


def test_no_map_is_refused() -> None:
    with pytest.raises(ValueError, match="titles must be one for each map, got 0"):
        layer_maps([], [], [], "ab")
