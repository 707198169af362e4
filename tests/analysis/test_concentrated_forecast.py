"""Noise with a place: what is left of the accuracy, by the rate and by the region."""

from __future__ import annotations

import numpy as np
import pytest

from lab.analysis.concentrated_forecast import (
    accuracy_by_region,
    concentrated_forecast,
    forecast_by_region,
    regional_transitions,
)
from lab.analysis.plurality_noise import expected_accuracy, one_hot
from lab.core.rng import numpy_rng
from lab.neighbors import NeighborTable
from lab.noise import Concentrated, Flip, LocallyConcentrated, Uniform, corrupt


def two_lumps(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Three classes far apart, each of two lumps of which one holds a third of the samples."""
    rng = numpy_rng(seed, "lumps")
    y, small = np.arange(n) % 3, rng.random(n) < 1 / 3
    centre = np.stack([10.0 * y, 3.0 * small], axis=1)
    return centre + 0.2 * rng.normal(size=(n, 2)), y


def test_both_forecasts_meet_the_accuracy_of_neighbours_and_the_sharper_one_is_exact() -> None:
    x, y = two_lumps(600, 0)
    test_x, test_y = two_lumps(300, 1)
    labels = corrupt(y, LocallyConcentrated(2, pick="smallest"), rng=numpy_rng(0), features=x)
    forecast = concentrated_forecast(labels, test_x, test_y)
    predicted = NeighborTable.build(x, test_x, k_max=11).predict(labels.y_given, 11)
    found = accuracy_by_region(predicted, test_y, forecast.inside, np.array([1, 2, 0]))
    assert forecast.rate == labels.flip_rate == pytest.approx(1 / 3, abs=0.05)
    assert forecast.by_rate == 1 - labels.flip_rate
    assert forecast.by_region == pytest.approx(1 - (test_x[:, 1] > 1.5).mean())
    assert found.overall == pytest.approx(forecast.by_region)
    assert (found.clean_region, found.noisy_region, found.alternative) == (1, 0, 1)


def test_a_region_without_samples_has_no_accuracy() -> None:
    found = accuracy_by_region([0, 1], [0, 0], np.array([False, False]), np.array([1, 0]))
    assert (found.overall, found.clean_region) == (0.5, 0.5)
    assert np.isnan(found.noisy_region)
    assert np.isnan(found.alternative)


def test_the_forecast_by_region_joins_the_two_regimes() -> None:
    y = np.arange(12) % 3
    c, inside = one_hot(y, 3), np.arange(12) < 5
    T = Uniform(0.6).transition(3)
    same = forecast_by_region(c, inside, T, T, 9, y)
    assert same == pytest.approx(expected_accuracy(c, T, 9, y), abs=1e-15)
    lost = forecast_by_region(c, inside, Flip(1.0).transition(3), np.eye(3), 9, y)
    assert lost == pytest.approx(7 / 12)
    mixed = forecast_by_region(c, inside, T, np.eye(3), 9, y)
    assert mixed == pytest.approx((5 * same + 7) / 12)


@pytest.mark.parametrize("concentration", [0.0, 0.5, 1.0])
def test_along_the_dial_the_forecast_by_region_follows_real_votes(concentration: float) -> None:
    rng = numpy_rng(0, "dial")
    y = np.arange(1200) % 2
    x = np.column_stack([8.0 * y, rng.uniform(0, 10, size=1200)])
    test_y = np.arange(400) % 2
    test_x = np.column_stack([8.0 * test_y, rng.uniform(0, 10, size=400)])
    labels = corrupt(y, Concentrated(0.3, concentration), rng=numpy_rng(1), features=x)
    where = concentrated_forecast(labels, x, y).inside
    matrices = regional_transitions(y, labels.y_given, where, 2)
    inside = concentrated_forecast(labels, test_x, test_y).inside
    forecast = forecast_by_region(one_hot(test_y, 2), inside, *matrices, 21, test_y)
    measured = (NeighborTable.build(x, test_x, k_max=21).predict(labels.y_given, 21) == test_y).mean()
    assert forecast == pytest.approx(measured, abs=0.04)


def test_matrices_in_and_out_of_the_region_by_hand() -> None:
    y, given = np.array([0, 0, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 1, 0])
    inside = np.array([True, True, False, False, False, False])
    within, without = regional_transitions(y, given, inside, 3)
    np.testing.assert_allclose(
        within, [[0, 1, 0], [0.5, 0.5, 0], [0, 0, 1]]
    )  # class 1 is nowhere inside, class 2 nowhere
    np.testing.assert_allclose(without, [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]])


def test_wrong_arguments_are_named() -> None:
    x, y = two_lumps(30, 0)
    spread = corrupt(y, Flip(0.2), rng=numpy_rng(0))
    local = corrupt(y, LocallyConcentrated(2), rng=numpy_rng(0), features=x)
    c, T = one_hot(y, 3), np.eye(3)
    for call, message in [
        (lambda: concentrated_forecast(spread, x, y), "labels must be made by noise with a place"),
        (lambda: concentrated_forecast(local, x[:0], y[:0]), "y_clean must be at least one label"),
        (lambda: concentrated_forecast(local, x[:, :1], y), "features must be of 2 columns, got 1"),
        (lambda: accuracy_by_region([0], [0, 1], np.zeros(2, bool), np.array([1, 0])), "predicted must be 2 labels"),
        (lambda: forecast_by_region(c, np.zeros(2, bool), T, T, 3, y), "inside must be one for each of 30 rows"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
