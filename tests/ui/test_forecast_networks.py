"""Networks over the curves: those of the history that differ in level and seed alone are one choice."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lab.experiments import Run
from lab.noise import Clean, Concentrated, Flip, LocallyConcentrated, Matrix, Uniform, two_alternatives
from lab.specs import DataSource, Forecast, RareClass, Seeds
from lab.specs.presets import DRO_FIGURES, FORECAST, NETWORK_BASE, TRAININGS
from lab.ui.forecast_networks import Measured, effective_ks, fits, measured_for, sweep_for

UNIFORM, FLIP, LOCAL = TRAININGS


def record(experiment, accuracies):
    best = int(np.argmax(accuracies))
    summary = {"realised_rate": 0.31, "best_test_accuracy": accuracies[best], "best_epoch": best + 1}
    points = [{"epoch": i + 1, "test_accuracy": value} for i, value in enumerate(accuracies)]
    return SimpleNamespace(status="done", request=experiment, summary=summary, points=points)


@pytest.fixture
def history(monkeypatch):
    records: list[SimpleNamespace] = []
    monkeypatch.setattr("lab.ui.forecast_networks.store", lambda: SimpleNamespace(records=lambda: records))
    return records


def test_a_training_fits_its_own_kind_of_noise_and_data_alone() -> None:
    placed = Forecast(noise=Concentrated(1.0, 1.0), ks=(5,))
    assert fits(UNIFORM, FORECAST)
    assert fits(LOCAL, placed)
    assert not fits(FLIP, FORECAST)
    assert fits(FLIP, Forecast(noise=Concentrated(1.0, 0.0), ks=(5,)))
    assert not fits(LOCAL, Forecast(noise=Concentrated(1.0, 0.0), ks=(5,)))
    assert not fits(UNIFORM, placed)
    assert not fits(LOCAL, Forecast(noise=Concentrated(1.0, 0.5), ks=(5,)))
    assert not fits(replace(UNIFORM, noise=Clean()), FORECAST)
    assert not fits(replace(UNIFORM, imbalance=RareClass()), FORECAST)
    assert not fits(replace(UNIFORM, dataset=DataSource(n=500)), FORECAST)
    assert fits(replace(UNIFORM, noise=Matrix(0.3, two_alternatives(10))), DRO_FIGURES["4g"].forecast)


def test_levels_and_seeds_of_the_same_training_are_one_choice(history) -> None:
    for rate, seed, values in ((0.2, 0, [0.8, 0.9]), (0.2, 1, [0.6, 0.7, 0.5]), (0.6, 0, [0.4])):
        history.append(record(replace(UNIFORM, noise=Uniform(rate), seeds=Seeds(noise=seed)), values))
    other = replace(UNIFORM, schedule=replace(UNIFORM.schedule, epochs=7))
    history.append(record(other, [0.1]))
    own, single, *lab_own = measured_for(FORECAST)
    assert len(lab_own) == 1
    assert single.base.schedule.epochs == 7
    drawn = own.drawn()
    assert drawn.levels.tolist() == [0.2, 0.6]
    np.testing.assert_allclose(drawn.last[:, 0], [(0.9 + 0.5) / 2, 0.4])
    np.testing.assert_allclose(drawn.best[:, 0], [0.8, 0.4])
    np.testing.assert_allclose(drawn.best[0, 1], np.std([0.9, 0.7], ddof=1))
    assert drawn.n_seeds == 1
    assert own.count == 3


def test_a_name_stays_while_trainings_come(history) -> None:
    names = set()
    for seed in range(3):
        history.append(record(replace(UNIFORM, noise=Uniform(0.2 + 0.1 * seed), seeds=Seeds(noise=seed)), [0.8]))
        names.add(measured_for(FORECAST)[0].name)
    assert len(names) == 1


def test_the_effective_k_is_that_of_the_curve_the_networks_lie_on() -> None:
    ks, rates = [1, 5, 25], np.array([0.0, 0.4, 0.8])
    series = np.array([[0.6, -0.3], [0.7, -0.2], [0.8, -0.1]])  # straight lines over [0, 0.8]
    x = 2 * rates / 0.8 - 1
    forecast = Forecast(levels=(0.0, 0.8))
    run = Run(forecast, {"grid_ks": ks}, {"grid_coefficients": series}, 0.0)
    by_epoch = np.stack([series[2, 0] + series[2, 1] * x, series[0, 0] + series[0, 1] * x + 0.01], axis=1)

    def networks(n_levels: int) -> Measured:
        accuracy = by_epoch[:n_levels, None, :]
        return Measured("a network", NETWORK_BASE, rates[:n_levels], accuracy, accuracy[:, :, 0])

    found, errors = effective_ks(run, networks(3))
    assert found.tolist() == [25, 1]
    np.testing.assert_allclose(errors, [0, 0.01], atol=1e-12)
    assert effective_ks(run, networks(1)) is None


def test_a_sweep_is_offered_where_the_network_fits_the_data() -> None:
    sweep = sweep_for(FORECAST, None)
    assert [cell.experiments[0].noise for cell in sweep.cells][-1] == Uniform(0.9)
    assert sweep.base.schedule == NETWORK_BASE.schedule
    assert isinstance(sweep_for(DRO_FIGURES["4i"].forecast, None).base.noise, LocallyConcentrated)
    wine = sweep_for(Forecast(dataset=DataSource(name="wine"), noise=Flip(1.0), ks=(5,)), None)
    assert wine.base.dataset == DataSource(name="wine")
    assert sweep_for(Forecast(dataset=DataSource(name="cifar10"), noise=Flip(1.0), ks=(5,)), None) is None
