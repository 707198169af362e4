"""What a network answers and what its neighbours say: taken from the training's own arrays, region by region."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.analysis.chi_square import chi_square_distance
from lab.experiments import Run
from lab.experiments.gallery import shipped
from lab.experiments.progress import unheard
from lab.experiments.worker_aggregates import N_NEAR, run_aggregates
from lab.noise import Clean
from lab.specs import Aggregates, from_json, to_json
from lab.specs.presets import TRAININGS

UNIFORM, FLIP, LOCAL = (Aggregates(experiment=each) for each in TRAININGS)


@pytest.fixture(scope="module")
def uniform() -> Run:
    return run_aggregates(UNIFORM, unheard)


@pytest.fixture(scope="module")
def local() -> Run:
    return run_aggregates(replace(LOCAL, n_shown=50), unheard)


def test_bars_are_the_medians_of_the_softmax_of_each_true_class(uniform: Run) -> None:
    training = shipped(UNIFORM.experiment.digest)
    assert training is not None
    probs, y = training.arrays["test_softmax"], training.arrays["test_y"].astype(int)
    for c in range(10):
        own = probs[y == c]
        np.testing.assert_allclose(uniform.arrays["softmax_median"][0, c], np.median(own, axis=0), atol=1e-6)
        np.testing.assert_allclose(uniform.arrays["softmax_low"][0, c], np.quantile(own, 0.25, axis=0), atol=1e-6)
    assert uniform.arrays["counts"][0].tolist() == [*np.bincount(y), len(y)]
    turned = np.array([np.roll(row, -label) for row, label in zip(probs, y, strict=True)])
    np.testing.assert_allclose(uniform.arrays["softmax_median"][0, 10], np.median(turned, axis=0), atol=1e-6)


def test_theory_is_the_noise_itself(uniform: Run) -> None:
    theory = uniform.arrays["theory"][0]
    np.testing.assert_allclose(np.diag(theory), 0.64, atol=1e-6)  # 1 - gamma + gamma / L, DRO 3.2
    np.testing.assert_allclose(theory[10], [0.64, *[0.04] * 9], atol=1e-6)


def test_a_shown_distance_is_that_of_the_histogram_of_the_shown_neighbours(uniform: Run) -> None:
    arrays = uniform.arrays
    for i in (0, 17, 250):
        k = int(arrays["preferred"][arrays["shown_among"][i]])
        votes = np.bincount(arrays["y_given"][arrays["idx"][i, :k]], minlength=10) / k
        softmax = arrays["shown_softmax"][i] / arrays["shown_softmax"][i].sum(dtype=np.float64)
        found = chi_square_distance(softmax[None], votes[None])[0]
        assert arrays["distance"][arrays["shown_among"][i]] == pytest.approx(found, abs=1e-6)


def test_every_near_neighbour_has_its_picture(uniform: Run) -> None:
    arrays = uniform.arrays
    assert np.isin(arrays["idx"][:, :N_NEAR], arrays["near_rows"]).all()
    assert len(arrays["near_pictures"]) == len(arrays["near_rows"])
    assert arrays["shown_pictures"].shape == (300, 8, 8, 1)
    assert uniform.nbytes < 400_000


def test_noise_with_a_place_has_its_regions_and_the_noisy_one_is_answered_wrongly(local: Run) -> None:
    parts, counts = local.metrics["parts"], local.arrays["counts"]
    assert parts == ["all", "clean", "noisy"]
    assert (counts[1] + counts[2] == counts[0]).all()
    answers = local.arrays["softmax_median"][:, :10].argmax(axis=2)
    assert (answers[1] == np.arange(10)).all()  # DRO Fig. 12
    assert (answers[2] == np.roll(np.arange(10), -1)).mean() >= 0.8  # DRO Fig. 13
    np.testing.assert_allclose(local.arrays["theory"][1, :10], np.eye(10), atol=1e-6)
    np.testing.assert_allclose(local.arrays["theory"][2, :10], np.roll(np.eye(10), 1, axis=1), atol=1e-6)
    regions = local.metrics["regions"]
    assert regions["clean"] > 0.9 > 0.1 > regions["noisy"]
    assert len(local.arrays["shown"]) == 50


def test_the_best_epoch_has_answers_of_its_own_and_k_may_be_large() -> None:
    run = run_aggregates(replace(FLIP, ks=(5, 900, 1000), epoch="best"), unheard)
    training = shipped(FLIP.experiment.digest)
    assert training is not None
    assert run.metrics["epoch"] == training.metrics["best_epoch"]
    assert run.metrics["accuracy"] == pytest.approx(training.metrics["best"]["test_accuracy"])
    assert run.metrics["ks"] == [5, 900, 1000]
    assert set(run.arrays["preferred"]) <= {5, 900, 1000}


def test_a_study_travels_as_json_and_knows_itself_before_the_noise() -> None:
    assert from_json(to_json(LOCAL)) == LOCAL
    assert LOCAL.before_noise.experiment.noise == Clean()
    assert LOCAL.before_noise.digest != LOCAL.digest
    for wrong in ({"epoch": "first"}, {"ks": (3, 2)}, {"ks": ()}, {"n_shown": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            replace(LOCAL, **wrong)
