import numpy as np
import pytest

from lab.noise import INN_PAIRS, Flip, corrupt, imbalanced_pair, keep_fractions


def test_a_class_keeps_its_fraction_and_the_others_everything(rng):
    y = np.repeat([0, 1, 2], 100)
    idx = keep_fractions(y, {1: 0.29, 2: 0.0}, rng=rng)
    np.testing.assert_array_equal(np.bincount(y[idx], minlength=3), [100, 29, 0])
    np.testing.assert_array_equal(idx, np.unique(idx))


def test_a_larger_fraction_only_adds_rows():
    y = np.repeat([0, 1], 500)
    small, large = (keep_fractions(y, {1: f}, rng=np.random.default_rng(0)) for f in (0.1, 0.4))
    assert set(small) < set(large)


def test_inns_pairs_are_airplane_automobile_bird_horse_cat_deer_frog_ship(rng):
    names = np.array(["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"])
    y = np.repeat(np.arange(10), 50)
    said = []
    for pair in INN_PAIRS:
        subset = imbalanced_pair(y, pair, rng=rng)
        assert np.bincount(subset.y).tolist() == [50, 5]
        said.append(tuple(names[y[subset.idx[subset.y == side]][0]] for side in (0, 1)))
    assert said == [("airplane", "automobile"), ("bird", "horse"), ("cat", "deer"), ("frog", "ship")]


def test_the_switch_counts_classes_from_0(rng):
    y = np.repeat(np.arange(10), 50)
    subset = imbalanced_pair(y, (1, 2), rng=rng, one_based=False)
    assert set(y[subset.idx]) == {1, 2}


def test_thirty_percent_of_the_minority_flips_too(rng):
    subset = imbalanced_pair(np.repeat([0, 1], 5000), (1, 2), rng=rng)
    labels = corrupt(subset.y, Flip(0.3), rng=rng, mode="exact_per_class")
    np.testing.assert_array_equal(np.bincount(subset.y[labels.changed]), [1500, 150])


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ((2, 2), r"pair must be two different classes, got \(2, 2\)"),
        ((0, 1), "pair must be an integer >= 1, got 0"),
        ((1, 4), "pair must be classes that occur in y, got 4"),
    ],
)
def test_a_wrong_pair_is_refused(pair, message, rng):
    with pytest.raises(ValueError, match=message):
        imbalanced_pair(np.repeat([0, 1, 2], 5), pair, rng=rng)


def test_fractions_of_absent_classes_and_beyond_1_are_refused(rng):
    with pytest.raises(ValueError, match="fractions must be of classes that occur in y, got 7"):
        keep_fractions(np.array([0, 1]), {7: 0.5}, rng=rng)
    with pytest.raises(ValueError, match=r"fractions\[1\] must be a finite number in \[0, 1\], got 1.5"):
        keep_fractions(np.array([0, 1]), {1: 1.5}, rng=rng)
