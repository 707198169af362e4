"""Without clean labels: the noise is found from the given labels alone, and the forecast holds the truth between its guesses."""

from __future__ import annotations

import numpy as np
import pytest

from lab.experiments import Run
from lab.experiments.progress import unheard
from lab.experiments.worker_blind import run_blind
from lab.noise import Concentrated, Uniform
from lab.specs import BlindForecast, Forecast

REQUEST = BlindForecast(forecast=Forecast(noise=Uniform(1.0), ks=(5, 21), n_test=300), level=0.4)


@pytest.fixture(scope="module")
def found() -> Run:
    return run_blind(REQUEST, unheard)


def test_the_rate_is_found_within_a_few_points(found: Run) -> None:
    m = found.metrics
    low, high = m["rate_interval"]
    print(f"\nrate {m['rate']:.3f} in [{low:.3f}, {high:.3f}], in truth {m['true_rate']:.3f}")
    assert abs(m["rate"] - m["true_rate"]) < 0.05
    assert low <= m["rate"] <= high
    assert np.abs(found.arrays["T_estimate"] - found.arrays["T"]).mean() < 0.04
    np.testing.assert_allclose(found.arrays["T_estimate"].sum(axis=1), 1)


def test_the_truth_lies_between_the_cautious_and_the_hopeful_guess(found: Run) -> None:
    for row in found.metrics["rows"]:
        low, high = row["interval"]
        print(f"K = {row['k']}: {row['forecast']}, interval {low:.3f} to {high:.3f}, in truth {row['with_truth']:.3f}")
        assert row["forecast"][0] <= row["forecast"][1]
        assert low - 0.02 <= row["with_truth"] <= high + 0.02


def test_counting_against_the_given_labels_comes_near_real_neighbours_where_forecasts_read_low() -> None:
    found = run_blind(BlindForecast(forecast=Forecast(noise=Uniform(1.0), ks=(1, 5), n_test=500), level=0.6), unheard)
    for row in found.metrics["rows"]:
        counted, low, high = row["against_given"]
        print(f"K = {row['k']}: counted {counted:.3f} in {low:.3f} to {high:.3f}, real {row['measured']:.3f}")
        assert low <= counted <= high
        assert abs(counted - row["measured"]) < 0.07
        assert row["forecast"][0] < row["measured"]


def test_more_noise_is_never_better(found: Run) -> None:
    rates, cautious, hopeful, low, high = found.arrays["what_if"].T
    assert rates[0] == 0
    assert (np.diff(hopeful) < 1e-9).all()
    assert (np.diff(cautious) < 1e-9).all()
    assert (low <= high).all()


def test_noise_with_a_place_is_refused_in_a_sentence() -> None:
    placed = BlindForecast(forecast=Forecast(noise=Concentrated(1.0, 1.0), ks=(5,)), level=0.3)
    with pytest.raises(ValueError, match="noise must be noise by class: noise with a place agrees with itself"):
        run_blind(placed, unheard)
