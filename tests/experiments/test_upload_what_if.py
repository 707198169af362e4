"""What if there were more wrong labels, what if some are checked, what if one trains again."""

from __future__ import annotations

import numpy as np
import pytest
from uploaded_files import kept, planted_csv

from lab.experiments.progress import unheard
from lab.experiments.worker import compute
from lab.experiments.worker_upload_ground import ground_of
from lab.experiments.worker_upload_injection import found_curve
from lab.experiments.worker_upload_part import about, mean_interval
from lab.experiments.worker_upload_retrain import change
from lab.noise import Concentrated, InstanceDependent, LocallyConcentrated, Matrix, Symmetric
from lab.specs import UploadBudget, UploadForecast, UploadInjection, UploadRetrain, UploadStudy


@pytest.fixture(scope="module")
def study():
    return UploadStudy(upload=kept(planted_csv("wine", n_wrong=4).data, label="kind"))


@pytest.fixture(scope="module")
def spread(study):
    return compute(UploadInjection(study=study, noise=Symmetric(0.1)), unheard)


def kept_labels(study):
    return ground_of(study, unheard).y


def test_detectors_find_spread_noise_that_is_injected(spread):
    assert spread.metrics["detectors"][0]["name"] == "auto"
    for one in spread.metrics["detectors"]:
        low, high = one["auroc"]["interval"]
        assert low <= one["auroc"]["mean"] <= high
        assert one["auroc"]["mean"] > 0.85, one
    assert spread.metrics["injected"]["mean"] == pytest.approx(0.1, abs=0.05)


def test_a_matrix_of_ones_own_changes_labels_as_it_says_and_no_others(study):
    T = np.array([[1.0, 0, 0], [0, 0.4, 0.6], [0, 0, 1]])
    run = compute(UploadInjection(study=study, noise=Matrix(1.0, T), detectors=("knn",)), unheard)
    share = np.mean(kept_labels(study) == 1)
    assert run.metrics["injected"]["mean"] == pytest.approx(0.6 * share, abs=0.06)
    half = compute(UploadInjection(study=study, noise=Matrix(0.5, T), detectors=("knn",)), unheard)
    assert half.metrics["injected"]["mean"] == pytest.approx(0.3 * share, abs=0.06)


def test_a_matrix_of_another_size_is_refused(study):
    with pytest.raises(ValueError, match="corruption must be 3 x 3, got 2"):
        compute(UploadInjection(study=study, noise=Matrix(1.0, np.eye(2)[::-1])), unheard)


def test_the_vote_loses_and_the_estimate_rises(spread):
    assert spread.metrics["rate_after"]["mean"] > spread.metrics["rate_before"]
    assert spread.metrics["accuracy_after"]["mean"] <= spread.metrics["accuracy_before"] + 0.02
    assert spread.arrays["curves"].shape == (len(spread.metrics["detectors"]), 101)
    assert (np.diff(spread.arrays["curves"], axis=1) >= -1e-6).all()
    np.testing.assert_allclose(spread.arrays["curves"][:, -1], 1)


@pytest.mark.parametrize("noise", [Concentrated(0.2, 1.0), LocallyConcentrated(2), InstanceDependent(0.2)])
def test_noise_with_a_place_is_injected_too(study, noise):
    request = UploadInjection(study=study, noise=noise, detectors=("knn", "auto"), seeds=(0,))
    run = compute(request, unheard)
    assert [one["name"] for one in run.metrics["detectors"]] == ["auto", "knn"]
    assert run.metrics["detectors"][0]["auroc"]["interval"] is None  # of one seed there is none


def test_the_same_request_injects_the_same_labels(study, spread):
    again = compute(spread.request, unheard)
    np.testing.assert_array_equal(again.arrays["auroc"], spread.arrays["auroc"])


def test_a_detector_that_the_file_does_not_allow_is_named(study):
    with pytest.raises(ValueError, match="detectors for this file must be one of"):
        compute(UploadInjection(study=study, noise=Symmetric(0.1), detectors=("aum",)), unheard)
    with pytest.raises(ValueError, match="detectors must be one of"):
        compute(UploadBudget(study=study, detectors=("best",)), unheard)


def test_noise_that_changes_nothing_is_refused(study):
    with pytest.raises(ValueError, match="noise must be enough"):
        compute(UploadInjection(study=study, noise=Symmetric(0.0)), unheard)


def test_a_curve_counts_what_was_found():
    wrong = np.array([True, False, True, False])
    curve = found_curve(np.array([0.1, 0.2, 0.3, 0.4]), wrong, np.array([0, 0.25, 0.5, 0.75, 1]))
    np.testing.assert_allclose(curve, [0, 0.5, 0.5, 1, 1])


def test_expected_accuracy_falls_with_the_noise_and_real_votes_lie_near(study):
    run = compute(UploadForecast(study=study, ks=(1, 11), seeds=(0, 1)), unheard)
    arrays = run.arrays
    for name in ("low", "high"):
        assert (np.diff(arrays[name], axis=1) < 1e-9).all()
    assert (arrays["lowest"] <= arrays["low"] + 1e-9).all()
    assert (arrays["highest"] >= arrays["high"] - 1e-9).all()
    at = [int(np.abs(arrays["rates"] - rate).argmin()) for rate in arrays["measured_rates"]]
    middle = (arrays["low"] + arrays["high"])[:, at] / 2
    np.testing.assert_allclose(arrays["measured"].mean(axis=2), middle, atol=0.15)


def test_checking_the_most_suspect_labels_finds_more_than_checking_in_any_order(study):
    run = compute(UploadBudget(study=study, seeds=(0, 1)), unheard)
    arrays, n = run.arrays, run.metrics["n"]
    for world in ("cautious", "hopeful"):
        found = arrays[f"found_{world}"].mean(axis=1)
        assert (found[:, 1:-1] >= arrays["checked"][1:-1] / n - 1e-9).all()
        np.testing.assert_allclose(found[:, -1], 1)
        accuracy = arrays[f"accuracy_{world}"].mean(axis=1)
        assert (accuracy[:, -1] >= accuracy[:, 0]).all()
    hopeful, cautious = (arrays[f"found_{world}"].mean() for world in ("hopeful", "cautious"))
    assert hopeful >= cautious
    assert run.metrics["n_wrong"] == round(run.metrics["rate"] * n)
    assert "most suspect" in run.metrics["sentence"]


@pytest.fixture(scope="module")
def retrained(study):
    decisions = ((3, "relabel", "kind 1"), (9, "drop", None), (12, "keep", None), (20, "unsure", None))
    return compute(UploadRetrain(study=study, seeds=(0, 1), epochs=4, decisions=decisions), unheard)


def test_three_trainings_a_seed_are_judged_by_the_same_rows(retrained):
    metrics = retrained.metrics
    assert [one["name"] for one in metrics["arms"]] == ["given", "removed", "corrected"]
    given, removed, corrected = (one["n_train"] for one in metrics["arms"])
    assert removed < corrected <= given
    assert metrics["n_decided"] == 3
    assert metrics["n_test"] == 178 // 4
    assert (retrained.arrays["accuracy"] > 0.4).all()


def test_without_flags_and_decisions_all_three_are_one(study):
    request = UploadRetrain(study=study, seeds=(0, 1), epochs=2, only_decisions=True)
    run = compute(request, unheard)
    assert np.ptp(run.arrays["accuracy"], axis=0).max() == 0
    assert run.metrics["sentence"] == "Nothing is flagged, so there is nothing to clean."


def test_a_new_label_of_no_class_is_refused(study):
    with pytest.raises(ValueError, match="new label must be one of the classes"):
        compute(UploadRetrain(study=study, seeds=(0,), decisions=((3, "relabel", "plum"),)), unheard)


@pytest.mark.parametrize(
    ("differences", "verdict", "words"),
    [
        ([0.02, 0.03, 0.025], "helps", "helps: 2.5 points more"),
        ([-0.02, -0.03, -0.025], "hurts", "hurts: 2.5 points fewer"),
        ([0.02, -0.03, 0.01], "no difference", "no difference that 3 seeds can show"),
        ([0.02], "one seed", "says little"),
    ],
)
def test_what_cleaning_did_is_said_plainly(differences, verdict, words):
    found = change("removed", np.array(differences), 5.0)
    assert found["verdict"] == verdict
    assert words in found["sentence"]


def test_an_interval_of_a_mean_is_students():
    low, high = mean_interval([0.1, 0.2, 0.3])
    assert (low, high) == pytest.approx((0.2 - 4.3027 * 0.1 / 3**0.5, 0.2 + 4.3027 * 0.1 / 3**0.5), abs=1e-4)
    assert about([1.0, 0.99, 1.0])["interval"][1] == 1.0
