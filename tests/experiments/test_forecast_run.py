"""A forecast's run: its curves are those of the theory, its votes those of the neighbours, its checks add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import Chebyshev

from lab.analysis.clean_distribution import denoised_distribution, neighbour_distribution
from lab.analysis.plurality_noise import expected_accuracy, fitted_curve, one_hot
from lab.core.rng import numpy_rng
from lab.data import load
from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.experiments.worker_check import run_check
from lab.experiments.worker_curves import place_rates, placed_accuracy
from lab.experiments.worker_forecast import run_forecast
from lab.neighbors.table import NeighborTable
from lab.noise import Concentrated, Flip, Uniform, corrupt
from lab.specs import DataSource, Forecast, ForecastCheck
from lab.specs.code import as_code
from lab.specs.presets import DRO_FIGURES, GALLERY, TRAININGS

SMALL = Forecast(ks=(1, 2, 7), levels=(0.0, 0.4, 0.8), seeds=(0, 5), ties="random")
IRIS = Forecast(dataset=DataSource(name="iris"), ks=(1, 4), levels=(0.0, 0.5), seeds=(0, 1))


def quiet(fraction: float, message: str) -> None:
    """Nobody listens."""


def series(run: Run, i: int) -> Chebyshev:
    return Chebyshev(run.arrays["coefficients"][i], domain=[0, run.request.highest])


@pytest.fixture(scope="module")
def small() -> Run:
    return run_forecast(SMALL, quiet)


def test_a_curve_is_the_expected_accuracy_at_every_level(small: Run) -> None:
    digits = load("digits")
    table = NeighborTable.build(digits.train.x, digits.test.x, k_max=7)
    for i, k in enumerate(SMALL.ks):
        c = neighbour_distribution(table, digits.train.y_clean, 10, k)
        for level in (0.0, 0.123, 0.5, 0.8):
            T = Uniform(level).transition(10)
            expected = expected_accuracy(c, T, k, digits.test.y_clean, ties="random")
            assert series(small, i)(level) == pytest.approx(expected, abs=1e-9)


def test_the_votes_are_those_of_the_neighbours_under_the_same_tie_rule(small: Run) -> None:
    digits = load("digits")
    idx = NeighborTable.build(digits.train.x, digits.test.x, k_max=7).idx
    for j, seed in enumerate(SMALL.seeds):
        labels = corrupt(digits.train.y_clean, Uniform(0.8), rng=numpy_rng(seed, "noise"), n_classes=10)
        votes = (labels.y_given[idx[:, :2], None] == np.arange(10)).sum(axis=1)
        best = votes == votes.max(axis=1, keepdims=True)
        won = best[np.arange(500), digits.test.y_clean] / best.sum(axis=1)
        assert small.arrays["measured"][2, j, 1] == pytest.approx(won.mean())
        assert small.arrays["wrong"][2, j] == labels.flip_rate


@pytest.mark.parametrize("check", [ForecastCheck(), *DRO_FIGURES.values()], ids=lambda check: check.digest)
def test_the_shipped_runs_are_the_computed_ones(check: ForecastCheck) -> None:
    forecast = check.forecast
    run, shipped_check = shipped(forecast.digest), shipped(check.digest)
    assert shipped_check is not None
    assert run is not None
    fresh = run_forecast(replace(forecast, ks=forecast.ks[:2], seeds=(0,), levels=forecast.levels[-1:]), quiet)
    for i in range(2):
        assert series(fresh, i)(0.25) == pytest.approx(series(run, i)(0.25), abs=2e-7 + tolerance(check))
        votes = fresh.arrays["measured"][0, 0, i], run.arrays["measured"][-1, 0, i]
        assert votes[0] == pytest.approx(votes[1], abs=tolerance(check, rows=1))

    for one, other in zip(fresh_rows(check), shipped_check.metrics["rows"], strict=False):
        assert one.keys() == other.keys()
        for name, value in one.items():
            assert value == pytest.approx(other[name], abs=tolerance(check, rows=name == "by_region"))
    assert max(run.metrics["series_error"]) <= 1e-7
    assert {check, forecast} <= set(GALLERY)


def tolerance(check: ForecastCheck, rows: int = 0) -> float:
    """A network trained anew on another kind of CPU rounds otherwise, and a few `rows` on a border may change sides."""
    if check.forecast.network is None:
        return 1e-9
    return 1e-6 + rows / check.forecast.n_test


def fresh_rows(check: ForecastCheck) -> list[dict]:
    """The check computed anew for its first two K."""
    return run_check(replace(check, forecast=replace(check.forecast, ks=check.forecast.ks[:2])), quiet).metrics["rows"]


def test_neighbours_follow_the_theory_on_digits_as_in_fig_3() -> None:
    """DRO Fig. 3a, science.md R-F3: |experiment - theory| <= 0.03 at every level, for K up to 21."""
    run = shipped(DRO_FIGURES["3a"].forecast.digest)
    assert run is not None
    levels = np.array(run.request.levels)
    theory = np.stack([series(run, i)(levels) for i in range(4)], axis=1)
    gap = np.abs(run.arrays["measured"].mean(axis=1)[:, :4] - theory).max()
    print(f"\nK = 1, 5, 11, 21 on digits, flip noise: largest gap of the mean of five draws {gap:.4f}")
    assert gap <= 0.03


@given(rate=st.floats(0, 1), concentration=st.floats(0, 1))
def test_a_place_holds_as_many_wrong_labels_as_the_rate_says(rate: float, concentration: float) -> None:
    inside, outside = place_rates(rate, concentration)
    assert rate * inside + (1 - rate) * outside == pytest.approx(rate)
    assert 0 <= outside <= inside + 1e-12 <= 1 + 1e-9


def test_the_dial_runs_from_flip_noise_to_one_minus_gamma() -> None:
    c = one_hot(np.arange(10), 10)
    for rate in (0.0, 0.3, 0.6, 1.0):
        flip = expected_accuracy(c, Flip(rate).transition(10), 11, np.arange(10))
        assert placed_accuracy(c, Concentrated(1.0, 0.0), rate, 11, np.arange(10), "wrong") == pytest.approx(flip)
        for k in (1, 10, 51):
            found = placed_accuracy(c, Concentrated(1.0, 1.0), rate, k, np.arange(10), "wrong")
            assert found == pytest.approx(1 - rate)


def test_a_fit_says_how_far_it_is_off() -> None:
    good = fitted_curve(lambda x: 1 / (2 - x), (0.0, 0.9), 40)
    bad = fitted_curve(lambda x: abs(x - 0.31), (0.0, 0.9), 8)
    assert good.error < 1e-12
    assert good(0.5) == pytest.approx(2 / 3)
    assert bad.error > 1e-3


def test_a_check_is_at_one_with_the_curve_and_the_dots(small: Run) -> None:
    check = run_check(ForecastCheck(forecast=SMALL, level=0.4), quiet)
    np.testing.assert_array_equal(check.arrays["measured"], small.arrays["measured"][1])
    for i, row in enumerate(check.metrics["rows"]):
        assert row["k"] == SMALL.ks[i]
        assert row["drawn"] == pytest.approx(series(small, i)(0.4), abs=1e-9)
        assert row["theorem"] == pytest.approx(row["drawn"])
        value, error = row["simulated"]
        assert abs(value - row["theorem"]) < 4.5 * error + 1e-9
    one = check.metrics["rows"][0]  # for K = 1 nothing is left out: one neighbour, one clean label
    assert abs(one["conditional"][0] - one["theorem"]) < 4.5 * one["conditional"][1]


def test_with_a_place_the_check_knows_who_lies_in_it() -> None:
    forecast = replace(IRIS, noise=Concentrated(1.0, 1.0), clean_from="onehot")
    run, check = run_forecast(forecast, quiet), run_check(ForecastCheck(forecast=forecast, level=0.5), quiet)
    outside = run.arrays["outside"][1].mean()
    assert check.metrics["outside"] == pytest.approx(outside)
    for row in check.metrics["rows"]:
        assert row["drawn"] == pytest.approx(0.5)
        assert row["by_region"] == pytest.approx(outside, abs=0.12)  # a place also catches rows at its edge
    assert run.metrics["effective_factor"] == 1.0
    np.testing.assert_allclose(run.arrays["wrong"], [[0, 0], [0.5, 0.5]], atol=0.02)


def test_without_draws_there_are_curves_alone() -> None:
    run = run_forecast(replace(IRIS, seeds=()), quiet)
    assert set(run.arrays) == {"coefficients", "grid_coefficients"}
    check = run_check(ForecastCheck(forecast=replace(IRIS, seeds=()), level=0.2), quiet)
    assert check.arrays == {}


def test_where_there_are_no_test_rows_nobody_votes_for_himself(tmp_path, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 2)), rng.integers(0, 2, 60)  # labels without any law: only a row's own is right
    (tmp_path / "mine.csv").write_text(
        "a,b,label\n" + "\n".join(f"{u},{v},{c}" for (u, v), c in zip(x, y, strict=True))
    )
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    mine = Forecast(dataset=DataSource(name="mine.csv", label="label"), ks=(1,), levels=(0.0, 0.5), seeds=(0,))
    run = run_forecast(mine, quiet)
    assert run.metrics["left_out"] is True
    assert run.metrics["n_test"] == 60
    assert run.arrays["measured"][0, 0, 0] < 0.75
    with pytest.raises(ValueError, match=r"K must be at most 59, got 60"):
        run_forecast(replace(mine, ks=(60,)), quiet)


NETWORK = Forecast(
    noise=Flip(1.0), ks=(1, 9), levels=(0.0, 0.3), seeds=(0,), network=replace(TRAININGS[0], noise=Uniform(0.4))
)


def test_with_a_network_neighbours_are_those_in_its_features_and_its_rows_carry_the_noise() -> None:
    run = run_forecast(NETWORK, quiet)
    training = shipped(TRAININGS[0].digest)
    assert training is not None
    arrays = {name: training.arrays[name] for name in ("train_features", "test_features")}
    x, queries = (array.astype(np.float32) for array in arrays.values())
    y, test_y = (training.arrays[name].astype(np.int64) for name in ("y_clean", "test_y"))
    table = NeighborTable.build(x, queries, k_max=9)
    given = corrupt(y, Flip(0.3), rng=numpy_rng(0, "noise"), n_classes=10).y_given
    votes = (given[table.idx[:, :1]] == test_y[:, None]).mean()
    assert run.arrays["measured"][1, 0, 0] == pytest.approx(votes)
    c = neighbour_distribution(table, y, 10, 9)
    expected = expected_accuracy(c, Flip(0.3).transition(10), 9, test_y)
    assert series(run, 1)(0.3) == pytest.approx(expected, abs=1e-7)


def test_a_softmax_is_taken_times_the_inverse_of_its_own_noise() -> None:
    run = run_forecast(replace(NETWORK, clean_from="softmax"), quiet)
    training = shipped(TRAININGS[0].digest)
    assert training is not None
    c = denoised_distribution(training.arrays["test_softmax"], Uniform(0.4).transition(10))
    expected = expected_accuracy(c, np.eye(10), 1, training.arrays["test_y"].astype(np.int64))
    assert series(run, 0)(0.0) == pytest.approx(expected, abs=1e-7)


def test_the_grid_of_many_k_is_near_the_curves_of_each(small: Run) -> None:
    ks = small.metrics["grid_ks"]
    assert ks[0] == 1
    assert ks[-1] == 100
    digits = load("digits")
    table = NeighborTable.build(digits.train.x, digits.test.x, k_max=100)
    for k in (1, 50, 100):
        c = neighbour_distribution(table, digits.train.y_clean, 10, k)
        expected = expected_accuracy(c, Uniform(0.7).transition(10), k, digits.test.y_clean, ties="random")
        curve = Chebyshev(small.arrays["grid_coefficients"][ks.index(k)], domain=[0, 0.8])
        assert curve(0.7) == pytest.approx(expected, abs=1e-3)


def test_the_script_prints_the_digest_and_the_numbers(capsys, monkeypatch) -> None:
    monkeypatch.setattr(
        "lab.experiments.run", lambda request: run_forecast(request, quiet)
    )  # without the other workers
    exec(as_code(IRIS), {})
    printed = capsys.readouterr().out
    assert printed.startswith(IRIS.digest)
    assert "K = 4 expected" in printed
    assert printed.count("measured") == 2
