"""Corrections as requests: schedules of KED, and combinations that make no sense."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.specs import (
    PENCIL,
    Correction,
    IterKNN,
    JointOptimization,
    KNNFilter,
    LabelInference,
    LossCorrection,
    OwnPrediction,
    SelKNN,
    from_json,
    to_json,
)
from lab.specs.correction import digits_experiment
from lab.specs.correction_methods import GAMMAS, RETRAIN, TAPS, snapshot_epochs
from lab.specs.repair import FIRST, METHODS, PRINTED_ACCURACY, PRINTED_RECOVERY, SETTINGS, correction_of
from lab.specs.training import Schedule

methods = st.one_of(
    st.builds(IterKNN, episodes=st.integers(1, 12), k=st.integers(1, 500), gamma=st.sampled_from(["divide", "linear"])),
    st.builds(
        SelKNN,
        k=st.integers(1, 500),
        retrain=st.sampled_from(RETRAIN),
        tap=st.sampled_from(TAPS),
        cap=st.none() | st.integers(1, 10_000),
        first_percent=st.floats(1, 100),
    ),
    st.builds(KNNFilter, k=st.integers(1, 500)),
    st.builds(JointOptimization, alpha=st.floats(0, 3)),
    st.builds(PENCIL, step=st.floats(0, 1e4), final_decay=st.sampled_from(["tenth", "zero"])),
    st.just(OwnPrediction()),
)


@given(method=methods)
@settings(max_examples=60, deadline=None)
def test_a_correction_survives_json_with_its_digest(method) -> None:
    study = Correction(method=method)
    back = from_json(to_json(study))
    assert back == study
    assert back.digest == study.digest


def test_the_share_of_selknn_reaches_all_rows_at_episode_nine_and_then_it_is_iterknn() -> None:
    method = SelKNN()
    assert [method.percent_at(m) for m in range(1, 11)] == [20, 30, 40, 50, 60, 70, 80, 90, 100, 100]
    assert [method.relabels_all(m) for m in range(1, 11)] == [False] * 8 + [True] * 2
    clothing = SelKNN(episodes=5, k=500, first_percent=100, cap=10_000)
    assert not clothing.relabels_all(1)


def test_gamma_over_ten_episodes() -> None:
    printed = [1, 0.833, 0.694, 0.579, 0.482, 0.402, 0.335, 0.279, 0.233, 0.194]
    assert [round(IterKNN().gamma_at(m), 3) for m in range(1, 11)] == printed
    assert IterKNN(gamma="linear").gamma_at(10) == 0
    assert [round(IterKNN(gamma="multiply", gamma_step=0.8).gamma_at(m), 3) for m in (1, 2, 3)] == [1, 0.8, 0.64]
    assert all(IterKNN(gamma=how, gamma_step=1).gamma_at(1) == 1 for how in GAMMAS)


def test_labels_are_written_down_evenly_and_at_the_end() -> None:
    assert snapshot_epochs(JointOptimization(epochs=60, begin=20, window=5, snapshots=4)) == (30, 40, 50, 60)
    assert snapshot_epochs(PENCIL(epochs=8, begin=5, snapshots=3)) == (6, 7, 8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: IterKNN(gamma_step=0.5), "gamma_step to divide by must be"),
        (lambda: IterKNN(gamma="multiply"), "gamma_step to multiply by must be"),
        (lambda: JointOptimization(window=80), "window must be an integer in"),
        (lambda: JointOptimization(begin=200), "begin must be"),
        (lambda: PENCIL(compatibility="twice"), "compatibility must be one of"),
        (lambda: SelKNN(cap=0), "cap must be"),
        (lambda: Correction(experiment=replace(digits_experiment(), method=LossCorrection())), "method must be a loss"),
        (
            lambda: Correction(experiment=replace(digits_experiment(), schedule=Schedule(early_stopping="noisy"))),
            "early_stopping must be 'off'",
        ),
        (
            lambda: Correction(
                experiment=replace(digits_experiment(), schedule=Schedule(mixup=1.0)), method=JointOptimization()
            ),
            "mixup must be 0",
        ),
        (lambda: LabelInference(k_all=7), "k_all must be among ks"),
        (lambda: LabelInference(ks=(20, 5)), "ks must be ascending"),
    ],
)
def test_what_makes_no_sense_is_said(change, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        change()


def test_clean_labels_that_vote_are_told() -> None:
    assert Correction(method=IterKNN(reference="clean")).uses_clean_labels
    assert not Correction().uses_clean_labels


def test_the_table_has_a_cell_for_every_setting_and_method() -> None:
    digests = {
        correction_of(setting, method, seed).digest for setting in SETTINGS for method in METHODS for seed in (0, 1)
    }
    assert len(digests) == 2 * len(SETTINGS) * len(METHODS)
    for table in PRINTED_ACCURACY.values():
        assert set(table) < set(METHODS)
        assert {len(row) for row in table.values()} == {len(SETTINGS)}
    assert all(set(row) < set(SETTINGS) for row in PRINTED_RECOVERY.values())
    assert FIRST in SETTINGS
    selknn = PRINTED_ACCURACY["CIFAR-10"]["SelKNN"]
    best = [max(row[i] for row in PRINTED_ACCURACY["CIFAR-10"].values()) for i in range(7)]
    assert [s == b for s, b in zip(selknn, best, strict=True)].count(True) == 6  # PENCIL has the first column
