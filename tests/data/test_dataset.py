"""A data set keeps its parts apart, refuses what does not fit, and lets no noise reach its clean held-out labels."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.rng import numpy_rng
from lab.data import NoisyDataset, Provenance, class_pair, from_arrays, hold_out, load, standardise, subset
from lab.data.rows import stratified
from lab.noise import INN_PAIRS, Flip, corrupt


@pytest.fixture
def small() -> NoisyDataset:
    """Rows 0, 2, 3 for training, 1 for validation, 4 and 5 for testing."""
    x = np.arange(12, dtype=np.float32).reshape(6, 2)
    y = np.array([0, 1, 1, 0, 0, 1])
    return from_arrays(x, y, y_clean=y, split=np.array([0, 1, 0, 0, 2, 2], dtype=np.int8), classes=["a", "b"])


def test_parts_are_the_rows_of_their_split(small):
    assert (len(small.train), len(small.val), len(small.test)) == (3, 1, 2)
    np.testing.assert_array_equal(small.train.x[:, 0], [0, 4, 6])
    np.testing.assert_array_equal(small.train.y_given, [0, 1, 0])
    np.testing.assert_array_equal(small.val.x[:, 0], [2])
    np.testing.assert_array_equal(small.test.y_clean, [0, 1])


def test_neighbouring_rows_are_views_not_copies(small):
    assert np.shares_memory(small.test.x, small.x)


def test_noise_reaches_training_rows_only(small):
    noisy = small.with_given(1 - small.train.y_given)
    np.testing.assert_array_equal(noisy.y_given, [1, 1, 0, 1, 0, 1])
    np.testing.assert_array_equal(noisy.y_clean, small.y_clean)
    assert noisy.flip_rate == 1
    assert small.flip_rate == 0


@pytest.mark.parametrize("n", [1, 6])
def test_labels_for_other_than_the_training_rows_are_refused(small, n):
    with pytest.raises(ValueError, match=rf"y_given must be one label for each of 3 training rows, got '{n} labels'"):
        small.with_given(np.zeros(n, dtype=int))


def test_a_wrong_label_on_a_clean_test_row_can_not_be_built(small):
    wrong = small.y_given.copy()
    wrong[4] = 1
    with pytest.raises(
        ValueError, match="y_given of validation and test rows must be the clean labels, got '1 others'"
    ):
        NoisyDataset(small.x, small.y_clean, wrong, small.classes, small.split, small.provenance)


def test_corrupted_labels_go_in_and_their_flip_rate_comes_out():
    toy = load("toy")
    labels = corrupt(toy.train.y_clean, Flip(0.3), rng=numpy_rng(0, "noise"), n_classes=3)
    noisy = toy.with_given(labels.y_given)
    assert noisy.flip_rate == pytest.approx(labels.flip_rate)
    np.testing.assert_array_equal(noisy.test.y_given, toy.test.y_clean)


def test_the_digest_sees_one_flipped_label_one_moved_row_one_renamed_class(small):
    flipped = small.with_given(np.array([1, 1, 0]))
    x = small.x.copy()
    x[3, 1] += 1
    moved = from_arrays(x, small.y_given, y_clean=small.y_clean, split=small.split, classes=["a", "b"])
    renamed = from_arrays(small.x, small.y_given, y_clean=small.y_clean, split=small.split, classes=["a", "c"])
    resplit = from_arrays(small.x, small.y_given, y_clean=small.y_clean, classes=["a", "b"])
    unknown = from_arrays(small.x, small.y_given, split=small.split, classes=["a", "b"])
    assert len({d.digest for d in (small, flipped, moved, renamed, resplit, unknown)}) == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((5, 2), dtype=np.float32)}, r"split must be one part for each of 5 rows, got \(6,\)"),
        ({"x": np.full((6, 2), np.nan, dtype=np.float32)}, "x must be finite, got a NaN or an infinity in row 0"),
        ({"x": np.zeros((6, 2))}, r"x must be uint8 or float32, got dtype\('float64'\)"),
        ({"y_given": np.array([0, 1, 1, 0, 0, 2])}, "y_given must be class indices below 2, got 2"),
        ({"classes": ("a", "a")}, r"classes must be different names, got \('a', 'a'\)"),
        ({"classes": ("a",)}, "classes must be 2 to 10,000 names, got 1"),
        ({"split": np.full(6, 2, dtype=np.int8)}, "training rows must be at least one, got 0"),
        ({"split": np.full(6, 3, dtype=np.int8)}, "split must be 0, 1 or 2"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(small, change, message):
    fields = {name: getattr(small, name) for name in ("x", "y_clean", "y_given", "classes", "split")}
    with pytest.raises(ValueError, match=message):
        NoisyDataset(**{**fields, **change}, provenance=Provenance("test"))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data())
@settings(deadline=None)
def test_a_stratified_choice_is_within_one_row_of_every_class_share(y, data):
    y = np.array(y)
    n = data.draw(st.integers(0, len(y)))
    rows = stratified(y, n, rng=numpy_rng(0))
    assert len(np.unique(rows)) == n
    share = np.bincount(y, minlength=5) * n / len(y)
    assert (np.abs(np.bincount(y[rows], minlength=5) - share) < 1).all()


def test_a_subset_keeps_class_shares_input_order_and_the_test_rows():
    toy = load("toy", n_per_class=(100, 200, 300))
    part = subset(toy, 60, rng=numpy_rng(0))
    np.testing.assert_array_equal(np.bincount(part.train.y_given), [10, 20, 30])
    assert (np.diff(part.train.y_given) >= 0).all()
    assert len(part.test) == 9000
    assert part.provenance.options["n_train"] == 60
    assert part.digest != subset(toy, 60, rng=numpy_rng(1)).digest
    with pytest.raises(ValueError, match=r"n must be an integer in \[1, 600\], got 601"):
        subset(toy, 601, rng=numpy_rng(0))


def test_held_out_rows_leave_the_training_set_and_stay_clean():
    toy = load("toy", n_per_class=100)
    held = hold_out(toy, 30, rng=numpy_rng(0))
    assert (len(held.train), len(held.val), len(held.test)) == (270, 30, 9000)
    np.testing.assert_array_equal(np.bincount(held.val.y_clean), [10, 10, 10])
    with pytest.raises(ValueError, match="val must be empty so far, got '30 rows'"):
        hold_out(held, 10, rng=numpy_rng(0))


def test_noisy_rows_can_not_be_held_out_as_clean_ones():
    toy = load("toy", n_per_class=100)
    noisy = toy.with_given((toy.train.y_given + 1) % 3)
    with pytest.raises(ValueError, match="must be the clean labels, got '30 others'"):
        hold_out(noisy, 30, rng=numpy_rng(0))


def test_rows_of_unknown_truth_are_held_out_without_being_declared_clean():
    x = numpy_rng(0).normal(size=(40, 2))
    uploaded = from_arrays(x, ["a", "b"] * 20)
    held = hold_out(uploaded, 10, rng=numpy_rng(0), part="test")
    assert not held.held_out_clean
    assert held.flip_rate is None


def test_a_class_pair_is_rare_in_training_and_balanced_in_the_test_set():
    x = np.arange(4000, dtype=np.float32).reshape(2000, 2)
    y = np.arange(2000) % 10
    split = np.repeat([0, 2], 1000).astype(np.int8)
    ten = from_arrays(x, y, y_clean=y, split=split)
    pair = class_pair(ten, INN_PAIRS[1], rng=numpy_rng(0))  # 1-based (3, 8): indices 2 and 7
    assert pair.classes == ("2", "7")
    np.testing.assert_array_equal(np.bincount(pair.train.y_clean), [100, 10])
    np.testing.assert_array_equal(np.bincount(pair.test.y_clean), [100, 100])
    np.testing.assert_array_equal(pair.x[:, 0] / 2 % 10, np.where(pair.y_clean == 0, 2, 7))


def test_standardised_features_have_unit_scale_over_the_training_rows_only():
    x = numpy_rng(0).normal(5, 3, size=(100, 3))
    x[:, 2] = 7
    x[50:, :2] += 100
    y = np.arange(100) % 2
    scaled = standardise(from_arrays(x, y, split=np.repeat([0, 2], 50).astype(np.int8)))
    np.testing.assert_allclose(scaled.train.x.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.train.x.std(axis=0), [1, 1, 0], atol=1e-5)
    assert (scaled.test.x[:, :2] > 10).all()


def test_importing_the_data_part_loads_neither_torch_nor_scikit_learn():
    code = "import sys, lab.data, lab.data.command; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "torchvision", "sklearn", "streamlit", "pandas", "PIL"} & set(loaded)
