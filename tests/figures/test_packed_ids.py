"""Ids as text: nothing is lost, little is sent, and junk from a browser is refused."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.figures import packed_ids


@settings(max_examples=200, deadline=None)
@given(st.sets(st.integers(0, 100_000), max_size=60), st.integers(0, 3), st.integers(0, 500))
def test_ids_come_back_and_cost_at_most_eight_characters_each(ids: set[int], start: int, run: int) -> None:
    chosen = np.array(sorted(ids | set(range(start, start + run))), dtype=np.int64)
    text = packed_ids.ids_to_text(chosen)
    np.testing.assert_array_equal(packed_ids.ids_from_text(text, 100_001), chosen)
    assert len(text) <= 8 * len(chosen)


def test_a_lasso_of_half_of_50000_points_costs_little_more_than_a_byte_each() -> None:
    chosen = np.flatnonzero(np.random.default_rng(0).random(50_000) < 0.5)
    size = len(packed_ids.ids_to_text(chosen))
    print(f"\n{len(chosen)} ids: {size} characters, {size / len(chosen):.2f} each; all 50,000: ", end="")
    print(len(packed_ids.ids_to_text(np.arange(50_000))), "characters")
    assert size < 1.5 * len(chosen)
    assert packed_ids.pack_ids(np.array([0, 1, 2, 5, 200])) == bytes([0, 3, 2, 1, 0x80 | (194 & 127), 1, 1])


@pytest.mark.parametrize("junk", ["&", "AAE", "gA==", "AA==", "AAAA", "//////8=", "gICAgICAgICAgAEB"])
def test_a_text_that_is_no_selection_is_refused(junk: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        packed_ids.ids_from_text(junk, 10)


def test_an_id_beyond_the_points_is_refused() -> None:
    text = packed_ids.ids_to_text(np.array([3, 9]))
    assert packed_ids.ids_from_text(text, 10).tolist() == [3, 9]
    with pytest.raises(ValueError, match="packed ids must be below 9, got 9"):
        packed_ids.ids_from_text(text, 9)
    huge = base64.b64encode(bytes([0, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])).decode()
    with pytest.raises(ValueError, match="packed ids must be below 10"):
        packed_ids.ids_from_text(huge, 10)
