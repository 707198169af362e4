"""Every check lets through what it names, refuses the rest, and says `<name> must be <rule>, got <value>`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.checks import check_choice, check_integer, check_labels, check_number, require


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: require(False, "rate", "in [0, 1]", 7), "rate must be in [0, 1], got 7"),
        (lambda: check_number("rate", "a"), "rate must be a number, got 'a'"),
        (lambda: check_number("rate", True), "rate must be a number, got True"),
        (lambda: check_number("rate", np.True_), "rate must be a number, got np.True_"),
        (lambda: check_number("rate", math.nan, 0, 1), "rate must be a finite number in [0, 1], got nan"),
        (lambda: check_number("rate", math.inf), "rate must be a finite number in [-inf, inf], got inf"),
        (lambda: check_number("rate", 1.1, 0, 1), "rate must be a finite number in [0, 1], got 1.1"),
        (lambda: check_integer("k", 0, 1), "k must be an integer >= 1, got 0"),
        (lambda: check_integer("k", 102, 1, 101), "k must be an integer in [1, 101], got 102"),
        (lambda: check_integer("k", 2.0, 1), "k must be an integer >= 1, got 2.0"),
        (lambda: check_integer("k", True, 0), "k must be an integer >= 0, got True"),
        (lambda: check_choice("loss", "mse", ("ce", "kl")), "loss must be one of 'ce', 'kl', got 'mse'"),
        (lambda: check_labels("y", [[0]]), "y must be one-dimensional, got (1, 1)"),
        (lambda: check_labels("y", [0.5]), "y must be integers, got dtype('float64')"),
        (lambda: check_labels("y", [0, -1]), "y must be class indices >= 0, got -1"),
        (lambda: check_labels("y", [0, 3], 3), "y must be class indices below 3, got 3"),
    ],
)
def test_a_refusal_names_the_argument_the_rule_and_the_value(check: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check()


@settings(deadline=None)
@given(value=st.integers(-5, 5), low=st.integers(-3, 0), high=st.integers(0, 3))
def test_the_ends_of_a_range_belong_to_it(value: int, low: int, high: int) -> None:
    for kind in (int, np.int64, np.int8):
        if low <= value <= high:
            assert check_integer("k", kind(value), low, high) == value
            assert check_number("k", kind(value), low, high) == value
        else:
            with pytest.raises(ValueError, match="k must be"):
                check_integer("k", kind(value), low, high)
            with pytest.raises(ValueError, match="k must be"):
                check_number("k", kind(value), low, high)


def test_what_passes_has_pythons_own_type() -> None:
    assert type(check_number("rate", np.float32(0.5))) is float
    assert type(check_number("rate", 1)) is float
    assert type(check_integer("k", np.uint8(3), 0)) is int


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_come_out_as_int64(dtype: type) -> None:
    y = check_labels("y", np.array([2, 0, 1], dtype=dtype), 3)
    assert y.dtype == np.int64
    assert y.tolist() == [2, 0, 1]
    assert check_labels("y", []).size == 0


def test_a_check_hands_back_what_it_was_given() -> None:
    assert check_choice("loss", "ce", ("ce", "kl")) == "ce"
    assert check_choice("k", 3, {1, 3}) == 3
