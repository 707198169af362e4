"""A study of detectors: its parts agree with one another, and with the library asked by itself."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from lab.analysis.detect import detectors
from lab.analysis.detect_metrics import auroc
from lab.core.threads import threads
from lab.experiments.progress import Stopped, unheard
from lab.experiments.worker_detection import STEPS, packed, run_detection
from lab.experiments.worker_held_out import held_out
from lab.experiments.worker_inn_figures import run_inn_figure
from lab.noise import Uniform
from lab.specs import DataSource, Detection, Experiment, InnFigure
from lab.specs.backbones import DigitsMLP
from lab.specs.methods import CrossEntropy
from lab.specs.training import Schedule
from lab.ui.inn_study import Study, trapezoid_area

EXPERIMENT = Experiment(
    dataset=DataSource(n=240),
    noise=Uniform(0.3),
    backbone=DigitsMLP(),
    schedule=Schedule(epochs=5, batch_size=32, optimiser="sgd"),
    method=CrossEntropy(),
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threads(1):
        yield


@pytest.fixture(scope="module")
def study(one_thread) -> Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return Study(run_detection(Detection(experiment=EXPERIMENT, epochs=(2,)), unheard))


def test_every_detector_is_there_and_its_figures_follow_from_its_scores(study: Study) -> None:
    assert study.names == list(detectors())
    for one in study.detectors:
        score = study.score(one["name"])
        assert one["auroc"] == auroc(score.astype(np.float64), study.wrong)
        assert one["n_flagged"] == study.verdict(one["name"]).sum()
        assert (score.astype(np.float64) < study.cut(one["name"])).sum() <= max(one["n_flagged"], 0)
    assert study.run.metrics["n_wrong"] == study.wrong.sum() > 0


def test_the_area_that_is_drawn_is_the_score_to_1e_6(study: Study) -> None:
    areas = np.array([trapezoid_area(study.paths(row)).mean() for row in range(len(study.wrong))])
    worst = np.abs(areas - study.score("inn")).max()
    print(f"\nlargest difference between drawn area and score: {worst:.1e}")
    assert worst <= 1e-6


def test_two_bytes_keep_every_probability_and_the_area_of_all() -> None:
    values = np.random.default_rng(0).random((50, 10, 11)) ** 8
    two = packed(values).astype(float) / STEPS
    assert np.abs(two - values).max() < 5e-5
    np.testing.assert_allclose(trapezoid_area(two[0]).mean(), trapezoid_area(values[0]).mean(), atol=5e-7)


def test_epochs_curves_and_lives_fit_together(study: Study) -> None:
    metrics, arrays = study.run.metrics, study.run.arrays
    assert metrics["epochs"] == [2, 5]
    n = len(study.wrong)
    for name in ("life_loss", "life_inn", "life_agreement", "life_posterior"):
        assert arrays[name].shape == (2, n)
    np.testing.assert_allclose(arrays["life_inn"][-1] / 255, study.score("inn"), atol=0.003)
    assert metrics["auroc"]["INN"][-1] == pytest.approx(study.detectors[study.names.index("inn")]["auroc"], abs=1e-4)
    (aum,) = (one for one in study.detectors if one["name"] == "aum")
    assert metrics["auroc"][aum["title"]][-1] == pytest.approx(aum["auroc"], abs=1e-4)  # all logits are in by then
    assert metrics["auroc"][aum["title"]][0] != metrics["auroc"][aum["title"]][-1]
    assert metrics["ablation"]["integral"][metrics["ablation"]["L"].index(10)] == pytest.approx(
        metrics["auroc"]["INN"][-1], abs=1e-4
    )
    assert metrics["ablation"]["passes"] == 9 * metrics["ablation"]["pairs"] + n
    assert arrays["pictures"].shape == (n, 8, 8, 1)


def test_held_out_probabilities_know_an_absent_class_and_a_single_label() -> None:
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    y = np.r_[np.zeros(20, int), np.full(19, 2), 3]
    probs = held_out(x, y, 5)
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    assert (probs[:, [1, 4]] == 0).all()


def test_a_study_stops_when_it_is_told_to() -> None:
    def stop(fraction: float, message: str, *, point: object = None) -> None:
        if "MixUp" in message:
            raise Stopped

    with pytest.raises(Stopped):
        run_detection(Detection(experiment=replace(EXPERIMENT, schedule=Schedule(epochs=2, batch_size=64))), stop)


def test_inns_figures_have_a_number_for_every_seed_epoch_and_group(monkeypatch) -> None:
    monkeypatch.setattr("lab.experiments.worker_inn_figures.EPOCHS", 3)
    monkeypatch.setattr("lab.experiments.worker_inn_figures.WATCHED", (1, 3))
    run = run_inn_figure(InnFigure(figure="imbalance", seeds=(0,)), unheard)
    assert sum(run.metrics["sizes"]) == len(run.arrays["group"])
    assert run.arrays["loss"].shape == run.arrays["inn"].shape == (2, len(run.arrays["group"]))
    assert len(run.metrics["auroc"]["INN"]["minority"]) == 1
    monkeypatch.setattr("lab.experiments.worker_inn_figures.HEAVY_RATES", (0.8,))
    heavy = run_inn_figure(InnFigure(figure="heavy", seeds=(0,)), unheard)
    assert 0.4 < heavy.metrics["best"]["0.8"]["INN"][0] <= 1
    assert heavy.metrics["best_epoch"]["0.8"]["INN"][0] in (1, 3)
