import numpy as np
import pytest

from lab.noise import Concentrated, Semantic, Symmetric, concentration_index, corrupt


@pytest.fixture
def blobs(rng):
    y = np.repeat([0, 1], 600)
    return rng.normal(size=(1200, 2)) + 8 * y[:, None], y


def test_every_setting_of_the_dial_flips_equally_many_labels(blobs, rng):
    x, y = blobs
    for dial in (0.0, 0.3, 0.77, 1.0):
        labels = corrupt(y, Concentrated(0.2, dial), rng=rng, features=x)
        np.testing.assert_array_equal(np.bincount(y[labels.changed]), [120, 120])
        np.testing.assert_array_equal(labels.y_given[labels.changed], 1 - y[labels.changed])
        assert labels.T is None


def test_the_index_climbs_from_1_to_its_ceiling_as_the_dial_turns(blobs):
    x, y = blobs
    idx = nearest(x)
    index = np.array([[index_at(dial, seed, x, y, idx) for dial in (0.0, 0.25, 0.5, 0.75, 1.0)] for seed in range(8)])
    assert index[:, 0].mean() == pytest.approx(1, abs=0.08)
    assert (np.diff(index.mean(axis=0)) > 0).all()
    assert ((index[:, -1] > 4) & (index[:, -1] <= 5)).all()


def nearest(x):
    distance = np.square(x[:, None] - x).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    return distance.argsort(axis=1)[:, :10]


def index_at(dial, seed, x, y, idx):
    labels = corrupt(y, Concentrated(0.2, dial), rng=np.random.default_rng(seed), features=x)
    return concentration_index(labels.changed, idx=idx)


def test_half_the_wrong_labels_are_confined_and_the_other_half_fall_anywhere_also_into_the_ball(blobs):
    x, y = blobs
    shares = []
    for seed in range(20):
        labels = corrupt(y, Concentrated(0.2, 0.5), rng=np.random.default_rng(seed), features=x)
        shares.append(labels.changed[labels.region.contains(x, y)].mean())
    assert np.mean(shares) == pytest.approx(0.5 + 0.5 / 9, abs=0.02)  # 60 confined; 60 more over the other 540


def test_the_search_agrees_with_brute_force(blobs, rng):
    x, y = blobs
    changed = corrupt(y, Symmetric(0.3), rng=rng).changed
    assert concentration_index(changed, features=x) == pytest.approx(concentration_index(changed, idx=nearest(x)))


def test_at_full_concentration_the_wrong_labels_fill_their_ball(blobs, rng):
    x, y = blobs
    labels = corrupt(y, Concentrated(0.2, 1.0), rng=rng, features=x)
    np.testing.assert_array_equal(labels.region.contains(x, y), labels.changed)
    far = labels.region.centres + 100
    assert not labels.region.contains(far, np.array([0, 1])).any()
    assert labels.region.contains(labels.region.centres, np.array([0, 1])).all()


def test_no_rate_is_no_ball(blobs, rng):
    x, y = blobs
    labels = corrupt(y, Concentrated(0.0, 1.0), rng=rng, features=x)
    assert not labels.changed.any()
    assert not labels.region.contains(x, y).any()


def test_matrix_noise_reads_1_and_noise_that_spares_half_the_classes_reads_2(rng):
    y = np.repeat(np.arange(10), 400)
    x = rng.normal(size=(4000, 2)) + 30 * np.stack([y % 4, y // 4], axis=1)
    spread = corrupt(y, Symmetric(0.3), rng=rng)
    assert concentration_index(spread.changed, features=x) == pytest.approx(1, abs=0.06)
    by_class = corrupt(y, Semantic(0.4, "cifar10"), rng=rng)
    assert concentration_index(by_class.changed, features=x) == pytest.approx(2, abs=0.15)


def test_the_index_of_a_hand_drawn_graph():
    changed = np.array([True, True, False, False])
    idx = np.array([[1, 2], [0, 3], [0, 1], [0, 1]])
    assert concentration_index(changed, idx=idx) == pytest.approx(0.5 / 0.5)
    assert concentration_index(changed, idx=idx[:, :1]) == pytest.approx(1 / 0.5)


def test_a_sample_is_never_its_own_neighbour_even_among_duplicates():
    changed = np.array([True] + [False] * 9)
    assert concentration_index(changed, features=np.zeros((10, 2)), n_neighbors=5) == 0


def test_no_wrong_label_has_no_index_and_the_graph_must_be_given_once():
    assert np.isnan(concentration_index(np.zeros(3, dtype=bool), idx=np.array([[1], [2], [0]])))
    with pytest.raises(ValueError, match="idx must be given, or features instead of it, got 'both or neither'"):
        concentration_index(np.zeros(3, dtype=bool))


def test_the_dial_needs_features(rng):
    with pytest.raises(ValueError, match="features must be given for concentrated noise, got None"):
        corrupt(np.array([0, 1]), Concentrated(0.5, 0.5), rng=rng)
