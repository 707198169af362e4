"""The concentration alarm: it sounds for wrong labels that sit together, and says where it can not know."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from lab.analysis.concentration_alarm import concentration_alarm
from lab.core.rng import numpy_rng
from lab.data import load
from lab.noise import Concentrated, Flip, LocallyConcentrated, Symmetric, corrupt

SPREAD = (Symmetric(0.2), Symmetric(0.4), Flip(0.2), Flip(0.3), Flip(0.4))
PATCHES = (LocallyConcentrated(5), LocallyConcentrated(10), Concentrated(0.2, 1.0))
SEEDS = (0, 1, 2)


@cache
def digits():
    data = load("digits")
    return data.x, data.y_clean


def alarm(x, y, noise, seed):
    labels = corrupt(y, noise, rng=numpy_rng(seed, "alarm"), n_classes=int(y.max()) + 1, features=x)
    return concentration_alarm(labels.y_given, x), labels.y_given != y


def times_it_sounds(x, y, noises):
    return sum(alarm(x, y, noise, seed)[0].sounds for noise in noises for seed in SEEDS)


def checkerboard(seed=0):
    x = 4 * np.random.default_rng(seed).random((1600, 2))
    return x, (x.astype(int).sum(axis=1)) % 2


def test_a_wrong_patch_sounds_the_alarm_and_the_rows_named_are_wrong():
    found, wrong = alarm(*digits(), LocallyConcentrated(5), 0)
    assert found.sounds
    rows = np.concatenate([cluster.rows for cluster in found.clusters])
    assert len(rows) == len(set(rows.tolist())) == round(found.share * 1797)
    assert wrong[rows].mean() > 0.95
    assert wrong[rows].sum() > 0.25 * wrong.sum()
    for cluster in found.clusters:
        assert cluster.given_label == (cluster.surrounding_label + 1) % 10  # as the noise model flips them
        assert len(cluster.rows) >= 10
        assert 0.65 <= cluster.purity <= 1
        assert cluster.contact >= 0.1
    sizes = [len(cluster.rows) for cluster in found.clusters]
    assert sizes == sorted(sizes, reverse=True)
    assert f"{len(rows)} labels" in found.message
    assert "blind" in found.message


def test_right_labels_and_spread_noise_do_not_sound_it():
    x, y = digits()
    silent = concentration_alarm(y, x)
    assert not silent.sounds
    assert "No sign" in silent.message
    assert not alarm(x, y, Symmetric(0.4), 0)[0].sounds
    assert not alarm(x, y, Flip(0.3), 0)[0].sounds


def test_a_class_of_two_parts_with_a_gap_between_does_not_sound_it():
    x, y = digits()
    assert not concentration_alarm(y % 5, x).sounds


def test_its_limit_is_a_class_that_lies_in_patches_inside_another():
    """Right labels on a checkerboard can not be told from wrong patches; the docstring says so."""
    x, y = checkerboard()
    assert concentration_alarm(y, x).sounds


@pytest.mark.parametrize("n", [2, 5, 40])
def test_few_or_identical_rows_are_answered(n):
    y = np.arange(n) % 2
    assert not concentration_alarm(y, np.zeros((n, 3))).sounds
    assert concentration_alarm(y, np.arange(2.0 * n).reshape(n, 2)).clusters == ()


def test_features_must_be_given():
    with pytest.raises(ValueError, match="features must be given, got None"):
        concentration_alarm([0, 1], None)
    with pytest.raises(ValueError, match="features must be 2 rows, one per label, got 3"):
        concentration_alarm([0, 1], np.zeros((3, 2)))


@pytest.mark.slow
def test_the_figures_of_the_docstring():
    x, y = digits()
    assert times_it_sounds(x, y, SPREAD) == 0
    assert times_it_sounds(x, y, PATCHES) >= 8
    assert times_it_sounds(x, y, [Concentrated(0.1, 1.0)]) >= 1
    assert times_it_sounds(x, y, [Concentrated(0.2, 0.5)]) == 0
    assert times_it_sounds(x, y % 5, SPREAD) == 0
    assert not concentration_alarm(y % 2, x).sounds
    assert 0 < times_it_sounds(x, y % 2, SPREAD) <= 5
    rng = np.random.default_rng(0)
    centres, mode = 2 * rng.normal(size=(50, 16)), np.repeat(np.arange(50), 40)
    assert times_it_sounds(centres[mode] + rng.normal(size=(2000, 16)), mode % 10, SPREAD) == 0
    cancer = load("breast_cancer")
    assert concentration_alarm(cancer.y_clean, cancer.x).sounds
