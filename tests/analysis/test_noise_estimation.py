"""Noise estimated without clean labels: right where its assumption holds, blind where it does not."""

from __future__ import annotations

import numpy as np
import pytest

from lab.analysis.clean_distribution import denoised_distribution, neighbour_distribution
from lab.analysis.given_accuracy import accuracy_against_given
from lab.analysis.knn_experiment import measured_accuracy
from lab.analysis.noise_estimation import NoiseEstimate, estimate_noise, forecast_accuracy
from lab.analysis.plurality import TIES
from lab.analysis.plurality_noise import expected_accuracy, one_hot
from lab.core.rng import numpy_rng
from lab.neighbors import NeighborTable
from lab.noise import Clean, Concentrated, Flip, Matrix, Noise, Uniform, corrupt

SKEWED = ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.5, 0.5, 0.0))


def blobs(n: int, seed: int, spread: float = 0.15) -> tuple[np.ndarray, np.ndarray]:
    """Three classes, the first as large as the other two together."""
    rng = numpy_rng(seed, "blobs")
    y = rng.choice(3, size=n, p=[0.5, 0.25, 0.25])
    return np.eye(3)[y] + spread * rng.normal(size=(n, 3)), y


def estimate_of(noise: Noise, n: int = 2000, seed: int = 0, **options: object) -> tuple[NoiseEstimate, float]:
    """Estimate, and the rate that was really drawn."""
    x, y = blobs(n, seed)
    labels = corrupt(y, noise, rng=numpy_rng(seed, "noise"), n_classes=3, features=x)
    found = estimate_noise(NeighborTable.build(x, k_max=60), labels.y_given, 3, rng=numpy_rng(seed), **options)
    return found, labels.flip_rate


@pytest.mark.parametrize(
    "noise", [Clean(), Uniform(0.4), Flip(0.3), Matrix(0.3, SKEWED)], ids=lambda n: type(n).__name__
)
def test_separated_classes_give_T_and_the_rate(noise: Noise) -> None:
    found, flip_rate = estimate_of(noise, k=60)
    np.testing.assert_allclose(found.T, noise.transition(3), atol=0.05)  # 250 anchors and more: 0.03 is one sigma
    np.testing.assert_allclose(found.class_shares, [0.5, 0.25, 0.25], atol=0.03)
    assert found.rate == pytest.approx(flip_rate, abs=0.03)
    np.testing.assert_allclose(found.T.sum(axis=1), 1, atol=1e-12)


def test_the_interval_holds_the_rate_about_as_often_as_it_says() -> None:
    noise, covered = Flip(0.3), 0
    for seed in range(30):
        found, _ = estimate_of(noise, n=600, seed=seed)
        low, high = found.rate_interval(0.9)
        covered += low <= 0.3 <= high
    assert 23 <= covered <= 30  # 27 expected; 3 sigma are 5


def test_a_wider_level_and_fewer_anchors_widen_the_interval() -> None:
    half, _ = estimate_of(Uniform(0.5), anchor_fraction=0.5)
    tenth, _ = estimate_of(Uniform(0.5), anchor_fraction=0.05)

    def width(found: NoiseEstimate, level: float) -> float:
        low, high = found.rate_interval(level)
        return high - low

    assert width(half, 0.99) > width(half, 0.8) > 0
    assert width(tenth, 0.95) > width(half, 0.95)
    assert (tenth.anchors < half.anchors).all()
    low, high = half.T_interval()
    assert (low <= half.T).all()
    assert (high >= half.T).all()


def test_noise_in_one_place_agrees_with_itself_and_is_not_seen() -> None:
    found, flip_rate = estimate_of(Concentrated(0.3, 1.0))
    assert flip_rate == pytest.approx(0.3, abs=0.01)
    assert found.rate < 0.1


def test_a_class_that_wins_no_vote_is_unknown() -> None:
    x, y = blobs(400, 0)
    found = estimate_noise(NeighborTable.build(x, k_max=20), np.where(y == 2, 1, y), 4, rng=numpy_rng(0))
    assert found.anchors[2:].tolist() == [0, 0]
    assert (found.anchors[:2] > 0).all()
    np.testing.assert_array_equal(found.T[2:], np.eye(4)[2:])
    np.testing.assert_array_equal(found.resampled[:, 2:], np.tile(np.eye(4)[2:], (200, 1, 1)))


def test_the_same_generator_gives_the_same_interval() -> None:
    one, two = (estimate_of(Flip(0.3), n=300)[0] for _ in range(2))
    np.testing.assert_array_equal(one.resampled, two.resampled)


def test_the_same_shape_at_another_rate() -> None:
    found, _ = estimate_of(Flip(0.2))
    assert found.T_at(found.rate) == pytest.approx(found.T)
    double = found.T_at(2 * found.rate)
    np.testing.assert_allclose(double - np.eye(3), 2 * (found.T - np.eye(3)), atol=1e-12)
    assert found.class_shares @ (1 - np.diag(double)) == pytest.approx(2 * found.rate)
    np.testing.assert_array_equal(found.T_at(0.0), np.eye(3))
    top = found.T_at(found.highest_rate)
    assert top.min() >= 0
    assert np.diag(top).min() == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="rate must be a finite number in"):
        found.T_at(min(1.0, found.highest_rate * 1.01))


def test_the_forecast_is_the_expected_accuracy_and_its_interval_holds_the_truth() -> None:
    y = np.arange(30) % 3
    c, noise = one_hot(y, 3), Uniform(0.7)
    found, _ = estimate_of(noise)
    accuracy, (low, high) = forecast_accuracy(found, c, 11, y)
    assert accuracy == expected_accuracy(c, found.T, 11, y)
    assert low <= expected_accuracy(c, noise.transition(3), 11, y) <= high
    assert high - low < 0.25
    worse, interval = forecast_accuracy(found, c, 11, y, rate=0.6)
    assert worse == expected_accuracy(c, found.T_at(0.6), 11, y)
    assert worse < accuracy
    assert interval.low <= worse <= interval.high
    assert forecast_accuracy(found, c, 11, y, rate=0.0) == (1.0, (1.0, 1.0))
    most = forecast_accuracy(found, c, 11, y, rate=found.highest_rate)  # some bootstrap samples can not reach it
    assert most.interval.low <= most.accuracy <= most.interval.high


def test_without_any_clean_label_the_forecast_meets_real_votes() -> None:
    """T, C_s and the correct labels all come from the given labels; only the comparison knows the truth."""
    x, y = blobs(2000, 0, spread=0.35)
    test_x, test_y = blobs(500, 1, spread=0.35)
    labels = corrupt(y, Matrix(0.4, SKEWED), rng=numpy_rng(3), n_classes=3)
    found = estimate_noise(NeighborTable.build(x, k_max=20), labels.y_given, 3, rng=numpy_rng(0))
    table = NeighborTable.build(x, test_x, k_max=100)
    c = denoised_distribution(neighbour_distribution(table, labels.y_given, 3, 100), found.T)
    accuracy, _ = forecast_accuracy(found, c, 11, c.argmax(axis=1), ties="random")
    measured = (table.predict(labels.y_given, 11) == test_y).mean()
    assert accuracy == pytest.approx(measured, abs=0.04)


def test_wrong_arguments_are_named() -> None:
    x, y = blobs(60, 0)
    own, other, rng = NeighborTable.build(x, k_max=20), NeighborTable.build(x, x[:50], k_max=20), numpy_rng(0)
    itself = NeighborTable.build(x, x, k_max=20)
    pairs = NeighborTable.build(np.arange(4.0)[:, None], k_max=2)
    for call, message in [
        (lambda: estimate_noise(other, y, 3, rng=rng), "table must be a search for the reference's own rows"),
        (lambda: estimate_noise(itself, y, 3, rng=rng), "none its own neighbour"),
        (lambda: estimate_noise(own, y[:50], 3, rng=rng), "y must be 60 labels, one per reference row, got 50"),
        (lambda: estimate_noise(own, y, 3, rng=rng, k=21), r"k must be an integer in \[1, 20\], got 21"),
        (lambda: estimate_noise(own, y, 3, rng=rng, anchor_fraction=0), "anchor_fraction must be a finite number in"),
        (lambda: estimate_noise(own, y, 3, rng=rng, n_resamples=1), "n_resamples must be an integer >= 2, got 1"),
        (
            lambda: estimate_noise(pairs, np.array([0, 0, 1, 1]), 2, rng=rng, k=2),
            "y_given must be labels on which the neighbours of some sample agree",
        ),
        (lambda: estimate_noise(own, y, 3, rng=rng).rate_interval(1.5), r"level must be a finite number in \[0, 1\]"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("noise", [Uniform(0.4), Flip(0.3), Matrix(0.3, SKEWED)], ids=lambda n: type(n).__name__)
def test_the_vote_judged_by_given_labels_has_its_accuracy_on_clean_ones(noise: Noise, ties: str) -> None:
    x, y = blobs(6000, seed=0, spread=0.35)
    table = NeighborTable.build(x, k_max=12)
    given = corrupt(y, noise, rng=numpy_rng(1, "noise"), n_classes=3).y_given
    T = noise.transition(3)
    known = NoiseEstimate(T, np.bincount(y) / len(y), np.full(3, 1000), np.stack([T, T]))
    for k in (1, 4, 12):
        truth = measured_accuracy(table, given, y, 3, [k], ties=ties)[0]
        found = accuracy_against_given(table, given, known, k, ties=ties)
        assert found is not None
        assert found[0] == found[1] == found[2] == pytest.approx(truth, abs=0.03)


def test_a_matrix_without_an_inverse_gives_no_accuracy() -> None:
    x, y = blobs(60, seed=0)
    T = np.full((3, 3), 1 / 3)
    unknown = NoiseEstimate(T, np.full(3, 1 / 3), np.full(3, 20), np.stack([T, T]))
    assert accuracy_against_given(NeighborTable.build(x, k_max=5), y, unknown, 5) is None
