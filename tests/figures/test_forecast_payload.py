"""The message of the accuracy curves: every level is in it, with all digits."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.polynomial import Chebyshev

from lab.figures.forecast_payload import VERSION, Curves, Networks, encode

CURVES = Curves(
    what="a set",
    n_classes=3,
    ks=(1, 7),
    highest=0.8,
    coefficients=np.array([[0.5, -0.25, 1 / 3], [0.7, 0.1, 0.0]]),
    effective_factor=2 / 3,
    breaking=None,
    n_draws=2,
    levels=np.array([0.0, 0.8]),
    mean=np.full((2, 2), 0.5),
    spread=np.zeros((2, 2)),
)


def changed(**fields: object) -> Curves:
    return Curves(**{name: getattr(CURVES, name) for name in Curves.__dataclass_fields__} | fields)


def test_the_message_holds_every_digit() -> None:
    body = json.loads(encode(CURVES))
    assert body["version"] == VERSION
    for i, coefficients in enumerate(body["coefficients"]):
        np.testing.assert_array_equal(coefficients, CURVES.coefficients[i])
    assert body["effective_factor"] == 2 / 3


def test_networks_travel_with_the_curves_and_must_be_numbers() -> None:
    points = np.array([[0.9, 0.01]])
    fields = {"name": "a network", "levels": np.array([0.4]), "last": points, "n_seeds": 3, "clean_best": True}
    assert json.loads(encode(CURVES))["networks"] is None
    body = json.loads(encode(changed(networks=Networks(**fields, best=points))))
    assert body["networks"]["best"] == [[0.9, 0.01]]
    with pytest.raises(ValueError, match="best must be finite"):
        Networks(**fields, best=points * np.nan)


def test_a_level_reads_as_numpys_own_series_does() -> None:
    for level in (0.0, 0.31, 0.8):
        own = [Chebyshev(row, domain=[0, 0.8])(level) for row in CURVES.coefficients]
        np.testing.assert_allclose(CURVES(level), own, atol=1e-14)
    with pytest.raises(ValueError, match=r"level must be a finite number in \[0, 0.8\]"):
        CURVES(0.9)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"coefficients": np.array([[np.nan], [0.0]])}, "coefficients must be finite"),
        ({"effective_factor": 1.5}, "effective_factor must be a finite number"),
        ({"highest": 0}, "highest must be a finite number"),
    ],
)
def test_what_does_not_fit_is_refused(fields: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(**fields)
