import numpy as np
import pytest

from lab.noise import LocallyConcentrated, corrupt
from lab.noise.local import PICKS

CENTRES = np.array([[[0, 0], [10, 0], [20, 0]], [[0, 50], [10, 50], [20, 50]], [[0, 90], [10, 90], [20, 90]]], float)
SIZES = (20, 50, 30)  # of the three clumps of each class


@pytest.fixture
def clumps(rng):
    """Three classes of three clumps each, of 20, 50 and 30 % of the class."""
    y = np.repeat([0, 1, 2], 100)
    clump = np.tile(np.repeat([0, 1, 2], SIZES), 3)
    return CENTRES[y, clump] + rng.normal(size=(300, 2)), y, clump


@pytest.mark.parametrize("pick", [p for p in PICKS if p != "closest_to_target"])
def test_the_changed_samples_of_a_class_are_exactly_one_cluster(clumps, pick, rng):
    x, y, clump = clumps
    labels = corrupt(y, LocallyConcentrated(3, pick=pick), rng=rng, features=x)
    for c in range(3):
        assert len(set(clump[(y == c) & labels.changed])) == 1
        assert len(set(clump[(y == c) & ~labels.changed])) == 2
    np.testing.assert_array_equal(labels.y_given[labels.changed], (y[labels.changed] + 1) % 3)
    np.testing.assert_array_equal(labels.selected, labels.changed)


@pytest.mark.parametrize(
    ("noise", "clump_of_class"),
    [
        (LocallyConcentrated(3, pick="largest"), [1, 1, 1]),
        (LocallyConcentrated(3, pick="smallest"), [0, 0, 0]),
        (LocallyConcentrated(3, pick="closest_to_target", target_rate=0.34), [2, 2, 2]),
        (LocallyConcentrated(3, pick="closest_to_alt_class", permutation=(1, 2, 0)), [0, 0, 2]),
    ],
)
def test_the_pick_decides_which_cluster(clumps, noise, clump_of_class, rng):
    x, y, clump = clumps
    x[y == 1, 0] -= 30  # seen from class 0 and class 2 the others lie to one side
    x[y == 2, 0] -= 60
    labels = corrupt(y, noise, rng=rng, features=x)
    assert [set(clump[(y == c) & labels.changed]) for c in range(3)] == [{k} for k in clump_of_class]


def test_the_rate_is_a_result_and_there_is_no_matrix(clumps, rng):
    x, y, _ = clumps
    labels = corrupt(y, LocallyConcentrated(3, pick="smallest"), rng=rng, features=x)
    assert labels.T is None
    assert labels.nominal_rate is None
    assert labels.flip_rate == labels.effective_rate == pytest.approx(0.2)
    np.testing.assert_allclose(np.diag(labels.T_empirical), 0.8)


def test_one_cluster_is_the_whole_class(clumps, rng):
    x, y, _ = clumps
    assert corrupt(y, LocallyConcentrated(1), rng=rng, features=x).flip_rate == 1


def test_a_test_point_is_in_the_noisy_region_if_its_true_class_has_its_noisy_cluster_there(clumps, rng):
    x, y, clump = clumps
    region = corrupt(y, LocallyConcentrated(3, pick="largest"), rng=rng, features=x).region
    np.testing.assert_array_equal(region.contains(x, y), clump == 1)
    new = CENTRES.reshape(-1, 2) + 0.5
    np.testing.assert_array_equal(region.contains(new, np.repeat([0, 1, 2], 3)), np.tile([False, True, False], 3))
    assert not region.contains(CENTRES[0, [0, 2]], np.array([0, 0])).any()


def test_a_random_pick_differs_by_seed_and_repeats_with_it(clumps):
    x, y, _ = clumps
    draws = [
        corrupt(y, LocallyConcentrated(3), rng=np.random.default_rng(seed), features=x).y_given.tobytes()
        for seed in (0, 0, 1, 2, 3)
    ]
    assert draws[0] == draws[1]
    assert len(set(draws)) > 1


def test_missing_features_and_too_many_clusters_are_refused(clumps, rng):
    x, y, _ = clumps
    with pytest.raises(ValueError, match="features must be given for locally concentrated noise, got None"):
        corrupt(y, LocallyConcentrated(3), rng=rng)
    with pytest.raises(
        ValueError, match=r"n_clusters must be at most the number of samples of class 0 \(100\), got 101"
    ):
        corrupt(y, LocallyConcentrated(101), rng=rng, features=x)


def test_a_region_refuses_points_of_another_space(clumps, rng):
    x, y, _ = clumps
    region = corrupt(y, LocallyConcentrated(2), rng=rng, features=x).region
    with pytest.raises(ValueError, match="features must be of 2 columns, got 3"):
        region.contains(np.zeros((4, 3)), np.zeros(4, dtype=int))
