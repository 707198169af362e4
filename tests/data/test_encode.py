"""Columns as numbers: no gap, no slip and no unit decides a distance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.rng import numpy_rng
from lab.data import encode
from lab.data.encode import tidy
from lab.data.uploaded import Column


@pytest.fixture
def rng() -> np.random.Generator:
    return numpy_rng(0)


def features(frame: pd.DataFrame, **kinds: str):
    columns = [Column(name, "feature", kind, 0, 2, "") for name, kind in kinds.items()]
    return encode.encode(frame, columns, max_values=10**6)


def test_numbers_of_other_units_weigh_the_same(rng):
    x = rng.normal(size=(200, 3)) * [1, 1000, 1e-6]
    tidied, notes = tidy(x)
    np.testing.assert_allclose(tidied.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(tidied.std(axis=0), 1, atol=1e-5)
    assert notes == ["Numbers were brought to mean 0 and standard deviation 1."]


def test_pixels_stay_as_they_are(rng):
    x = rng.integers(0, 17, (100, 64)).astype(np.uint8)
    tidied, notes = tidy(x)
    np.testing.assert_array_equal(tidied, x)
    assert "used as they are" in notes[0]
    assert "deviation 1" in tidy(x[:, :7])[1][0]  # too few to tell


def test_one_slip_does_not_flatten_the_others(rng):
    x = rng.normal(size=(200, 1))
    slipped = np.vstack([x, [[1e300]]])
    tidied, notes = tidy(slipped)
    assert np.ptp(tidied[:-1]) > 1
    assert "1 numbers far beyond all others in one column" in notes[0]


def test_the_blocks_do_not_show(rng, monkeypatch):
    x = rng.normal(size=(50, 30)) * np.arange(1, 31)
    x[3, 4] = np.nan
    x[5, 20] = 1e9
    whole = tidy(x)
    monkeypatch.setattr(encode, "VALUES_AT_ONCE", 200)
    np.testing.assert_array_equal(whole[0], tidy(x)[0])
    assert whole[1] == tidy(x)[1]


numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(rows=st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=30))
@settings(max_examples=150, deadline=None)
def test_whatever_the_numbers_are_the_features_are_finite(rows):
    assert np.isfinite(tidy(np.array(rows))[0]).all()


def test_values_of_a_category_are_as_far_apart_as_two_numbers(rng):
    frame = pd.DataFrame({"c": list("rgb") * 40, "n": rng.normal(size=120)})
    encoded = features(frame, c="category", n="number")
    assert encoded.names == ["n", "c=b", "c=g", "c=r"]
    assert ((encoded.features()[:, 1:][0] - encoded.features()[:, 1:][1]) ** 2).sum() == 2


def test_a_gap_among_categories_is_a_category_and_rare_ones_are_one():
    frame = pd.DataFrame({"c": [None, *"ab" * 20], "many": [str(i % 60) if i > 5 else "x" for i in range(41)]})
    encoded = features(frame, c="category", many="category")
    assert "c=(none)" in encoded.names
    frame = pd.DataFrame({"many": [str(i % 60) for i in range(200)]})
    assert features(frame, many="category").names[-1] == "many=others"


def test_texts_about_the_same_are_near(rng):
    films, food = "a film with a weak plot and actors", "soup and bread with butter and salt"
    frame = pd.DataFrame({"t": [f"{films} {i % 7}" for i in range(20)] + [f"{food} {i % 7}" for i in range(20)]})
    x = features(frame, t="text").features()
    np.testing.assert_allclose((x**2).sum(axis=1), 1, atol=1e-5)
    near, far = x[0] @ x[7], x[0] @ x[25]
    assert near > far + 0.3


def test_dates_are_days_and_too_many_features_are_one_sentence():
    frame = pd.DataFrame({"d": ["2024-01-01", "2024-01-03", "2024-01-05", None]})
    x = features(frame, d="date").features()[:, 0]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], rel=1e-5)
    with pytest.raises(ValueError, match="features must be at most 3 numbers"):
        encode.encode(pd.DataFrame({"n": [1, 2, 3, 4]}), [Column("n", "feature", "number", 0, 4, "")], max_values=3)
