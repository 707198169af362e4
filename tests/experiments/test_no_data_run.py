"""A forecast without data is Theorem 1 and nothing else, for any number of classes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.polynomial import Chebyshev
from scipy.stats import binom

from lab.analysis.alike import alike_distribution
from lab.analysis.plurality import TIES, plurality_accuracy
from lab.analysis.plurality_noise import flip_noise_accuracy
from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.experiments.worker_check import run_check
from lab.experiments.worker_forecast import run_forecast
from lab.noise import Concentrated, Flip, Matrix, Noise, Symmetric, Uniform
from lab.specs import Forecast, ForecastCheck, NoData
from lab.specs.code import as_code
from lab.specs.presets import GALLERY, NO_DATA


def quiet(fraction: float, message: str) -> None:
    """Nobody listens."""


def forecast(n_classes: int, noise: Noise, ks: tuple[int, ...], ties: str = "wrong", **data: object) -> Forecast:
    return Forecast(
        dataset=NoData(n_classes=n_classes, **data), noise=noise, ks=ks, ties=ties, seeds=(), levels=(0.0, 0.95)
    )


def accuracy(run: Run, k: int, level: float) -> float:
    """What the page's curve says."""
    i = run.request.ks.index(k)
    return float(Chebyshev(run.arrays["coefficients"][i], domain=[0, run.request.highest])(level))


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("others", ["all", "next"])
@pytest.mark.parametrize("noise", [Uniform(1.0), Flip(1.0), Symmetric(1.0)], ids=lambda noise: type(noise).__name__)
def test_a_curve_is_theorem_1_at_every_level(noise, others: str, ties: str) -> None:
    run = run_forecast(forecast(12, noise, (1, 2, 9, 101), ties, purity=0.8, others=others), quiet)
    c = alike_distribution(12, 0.8, others=others)
    for k in run.request.ks:
        for level in (0.0, 0.123, 0.6, 0.95):
            q = c @ type(noise)(level).transition(12)
            expected = plurality_accuracy(q, k, np.arange(12), ties=ties).mean()
            assert accuracy(run, k, level) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("n_classes", "noise", "k", "level", "strict", "drawn"),
    [
        (10, Uniform(1.0), 1, 0.8, 0.28, 0.28),
        (10, Uniform(1.0), 10, 0.6, 0.86101, 0.89668),
        (10, Uniform(1.0), 20, 0.8, 0.70933, 0.76390),
        (10, Uniform(1.0), 50, 0.9, 0.62186, 0.67088),
        (10, Uniform(1.0), 100, 0.9, 0.84387, 0.86590),
        (4, Uniform(1.0), 3, 0.5, 0.683594, 0.742188),
        (4, Uniform(1.0), 5, 0.8, 0.394240, 0.509440),
        (7, Flip(1.0), 10, 0.4, 0.633103, 0.733432),
        (1000, Flip(1.0), 50, 0.4, 0.902193, 0.922424),
    ],
)
def test_the_golden_numbers_hold(n_classes: int, noise, k: int, level: float, strict: float, drawn: float) -> None:
    """science.md 3.7, for one-hot C."""
    for ties, golden in (("wrong", strict), ("random", drawn)):
        run = run_forecast(forecast(n_classes, noise, (k,), ties), quiet)
        assert accuracy(run, k, level) == pytest.approx(golden, abs=6e-6)


@pytest.mark.parametrize("k", [1, 2, 5, 11])
def test_with_ever_more_classes_two_right_votes_are_enough(k: int) -> None:
    """No two wrong labels are the same in the limit: the right label wins with two votes, and alone it ties with all."""
    level = 0.8
    two, one = binom.sf(1, k, 1 - level), binom.pmf(1, k, 1 - level)
    limits = {"wrong": two if k > 1 else one, "random": two + one / k, "optimistic": two + one}
    for ties, limit in limits.items():
        for n_classes in (100, 1000):
            run = run_forecast(forecast(n_classes, Uniform(1.0), (k,), ties), quiet)
            met = k * (k + 1) / 2 / n_classes  # above the chance that two noisy votes, or one and the right label, meet
            assert accuracy(run, k, level) == pytest.approx(limit, abs=met)


def test_two_classes_under_uniform_noise_are_those_of_flip_noise_at_half_the_level() -> None:
    run = run_forecast(forecast(2, Uniform(1.0), (5, 8)), quiet)
    for k in (5, 8):
        assert accuracy(run, k, 0.7) == pytest.approx(flip_noise_accuracy(0.35, k), abs=1e-10)


def test_in_one_place_accuracy_is_one_minus_gamma_for_every_number_of_classes() -> None:
    for n_classes in (2, 1000):
        run = run_forecast(forecast(n_classes, Concentrated(1.0, 1.0), (1, 10, 51)), quiet)
        for k in run.request.ks:
            assert accuracy(run, k, 0.3) == pytest.approx(0.7, abs=1e-10)
        assert run.metrics["breaking_rate"] is None


def test_a_matrix_of_ones_own_is_the_mean_of_its_classes() -> None:
    P = np.array([[0.5, 0.5, 0.0], [0.0, 0.2, 0.8], [0.3, 0.3, 0.4]])
    run = run_forecast(forecast(3, Matrix(1.0, P), (4,)), quiet)
    q = 0.4 * np.eye(3) + 0.6 * P
    assert accuracy(run, 4, 0.6) == pytest.approx(plurality_accuracy(q, 4, np.arange(3)).mean(), abs=1e-10)
    assert run.metrics["effective_factor"] == pytest.approx(1 - (0.5 + 0.2 + 0.4) / 3)
    assert run.metrics["breaking_rate"] == pytest.approx(1 / 1.6)  # the middle class: 1 - .8 level = .8 level


def test_nothing_is_measured() -> None:
    run = run_forecast(forecast(5, Uniform(1.0), (3,)), quiet)
    assert set(run.arrays) == {"coefficients"}
    assert not {"n_train", "n_test", "grid_ks"} & set(run.metrics)


@pytest.mark.parametrize("ties", ["random", "lowest"])
def test_simulated_votes_agree(ties: str) -> None:
    asked = forecast(6, Flip(1.0), (1, 4, 15), ties, purity=0.8, others="next")
    check = run_check(ForecastCheck(forecast=asked, level=0.3), quiet)
    run = run_forecast(asked, quiet)
    for row in check.metrics["rows"]:
        assert row["drawn"] == pytest.approx(accuracy(run, row["k"], 0.3), abs=1e-10)
        value, error = row["simulated"]
        assert abs(value - row["drawn"]) < 4.5 * error
        assert 0 < error < 0.02
    assert check.arrays == {}


def test_the_shipped_run_is_the_computed_one() -> None:
    assert {NO_DATA, NO_DATA.forecast} <= set(GALLERY)
    run, check = shipped(NO_DATA.forecast.digest), shipped(NO_DATA.digest)
    assert run is not None
    assert check is not None
    fresh = run_forecast(NO_DATA.forecast, quiet)
    np.testing.assert_allclose(fresh.arrays["coefficients"], run.arrays["coefficients"], atol=1e-10)
    for one, other in zip(run_check(NO_DATA, quiet).metrics["rows"], check.metrics["rows"], strict=True):
        assert one["drawn"] == pytest.approx(other["drawn"], abs=1e-10)
        assert one["simulated"] == pytest.approx(other["simulated"])
    assert max(run.metrics["series_error"]) <= 1e-11


def test_the_script_prints_the_digest_and_the_numbers(capsys, monkeypatch) -> None:
    monkeypatch.setattr("lab.experiments.run", lambda request: run_forecast(request, quiet))
    asked = forecast(100, Uniform(1.0), (3,), purity=0.9)
    exec(as_code(asked), {})
    printed = capsys.readouterr().out
    assert printed.startswith(asked.digest)
    assert "K = 3 expected" in printed
    assert "measured" not in printed
