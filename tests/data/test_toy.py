"""The toy's densities are exact, its Bayes accuracy is the known one, its classes are where they are said to be."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ive
from scipy.stats import multivariate_normal

from lab.core.rng import numpy_rng
from lab.data import load
from lab.data import toy as toy_module
from lab.data.toy import TEST_PER_CLASS, bayes_labels, extent, log_density, make_toy, noisy_bayes_labels, posterior
from lab.specs.toy import SHAPES, Toy


@pytest.mark.parametrize(("separation", "accuracy"), [(1.5, 0.837), (2.0, 0.9265), (2.5, 0.972), (3.0, 0.991)])
def test_bayes_accuracy_of_the_gaussians_is_the_known_one(separation, accuracy):
    toy = Toy(separation=separation)
    x, y = make_toy(toy, rng=numpy_rng(0), n_per_class=60_000)
    assert (bayes_labels(toy, x) == y).mean() == pytest.approx(accuracy, abs=0.003)


def test_means_of_the_gaussians_lie_at_90_210_and_330_degrees():
    toy = Toy(separation=2.0, spread=0.1)
    x, y = make_toy(toy, rng=numpy_rng(0), n_per_class=2000)
    means = np.stack([x[y == c].mean(axis=0) for c in range(3)])
    np.testing.assert_allclose(means, [[0, 2], [-np.sqrt(3), -1], [np.sqrt(3), -1]], atol=0.01)


def test_gaussian_densities_equal_scipys():
    toy = Toy(separation=1.5, spread=0.7)
    x = numpy_rng(0).normal(size=(200, 2)) * 3
    expected = multivariate_normal([0, 1.5], 0.49 * np.eye(2)).logpdf(x)
    np.testing.assert_allclose(log_density(toy, x)[:, 0], expected, rtol=1e-12)


def test_ring_density_equals_its_closed_form():
    toy = Toy(shape="rings", separation=2.0, spread=0.8)
    x, y = make_toy(toy, rng=numpy_rng(0), n_per_class=300)
    r, ring, s2 = np.linalg.norm(x.astype(float), axis=1), 2 * np.sqrt(3), 0.64
    expected = -((r - ring) ** 2) / (2 * s2) - np.log(2 * np.pi * s2) + np.log(ive(0, r * ring / s2))
    np.testing.assert_allclose(log_density(toy, x)[y == 1, 1], expected[y == 1], atol=1e-6)


@pytest.mark.parametrize("shape", ["moons", "rings"])
@pytest.mark.parametrize(("separation", "spread"), [(2, 1), (10, 0.1), (1, 3), (0.3, 5), (0, 1)])
def test_denser_quadrature_changes_densities_by_less_than_one_in_a_million(monkeypatch, shape, separation, spread):
    toy = Toy(shape=shape, separation=separation, spread=spread)
    x, y = make_toy(toy, rng=numpy_rng(0), n_per_class=30)
    usual = log_density(toy, x)
    monkeypatch.setattr(toy_module, "NODES_PER_PANEL", 16)
    monkeypatch.setattr(toy_module, "PANEL", 0.5)
    np.testing.assert_allclose(usual[np.arange(90), y], log_density(toy, x)[np.arange(90), y], atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_densities_integrate_to_one_over_the_extent_and_draws_follow_them(shape):
    toy = Toy(shape=shape)
    x_low, x_high, y_low, y_high = extent(toy)
    assert x_high - x_low == pytest.approx(y_high - y_low)
    side = 150
    edges = np.linspace(x_low, x_high, side + 1), np.linspace(y_low, y_high, side + 1)
    middles = [(e[1:] + e[:-1]) / 2 for e in edges]
    grid = np.stack([g.ravel() for g in np.meshgrid(*middles, indexing="ij")], axis=1)
    mass = np.exp(log_density(toy, grid)) * np.diff(edges[0])[0] * np.diff(edges[1])[0]
    np.testing.assert_allclose(mass.sum(axis=0), 1, atol=1e-3)
    x, y = make_toy(toy, rng=numpy_rng(0), n_per_class=20_000)
    for c in range(3):
        counts = np.histogram2d(*x[y == c].T, bins=[e[::10] for e in edges])[0] / 20_000
        expected = mass[:, c].reshape(15, 10, 15, 10).sum(axis=(1, 3))
        np.testing.assert_allclose(counts, expected, atol=5 * np.sqrt(0.25 / 20_000))
    inside = (x >= [x_low, y_low]).all(axis=1) & (x <= [x_high, y_high]).all(axis=1)
    assert inside.mean() > 0.9995


@pytest.mark.parametrize("shape", SHAPES)
def test_neighbouring_supports_come_as_close_as_the_gaussian_means(shape):
    arcs = toy_module._arcs(Toy(shape=shape, separation=2.0))
    lines = [arc.at(np.linspace(0, 1, 601)) for arc in arcs]
    gaps = [[np.linalg.norm(a[:, None] - b, axis=2).min() for b in lines if b is not a] for a in lines]
    np.testing.assert_allclose(np.min(gaps, axis=1), 2 * np.sqrt(3), atol=1e-3)


@given(st.sampled_from(SHAPES), st.floats(0, 10), st.floats(0.1, 5))
@settings(max_examples=30, deadline=None)
def test_posterior_rows_sum_to_one_and_the_identity_leaves_the_borders(shape, separation, spread):
    toy = Toy(shape=shape, separation=separation, spread=spread)
    x, _ = make_toy(toy, rng=numpy_rng(0), n_per_class=20)
    far = np.concatenate([x, 1000 * x])
    eta = posterior(toy, far)
    np.testing.assert_allclose(eta.sum(axis=1), 1)
    np.testing.assert_array_equal(noisy_bayes_labels(toy, far, np.eye(3)), bayes_labels(toy, far))


def test_a_cyclic_T_moves_every_label_to_the_next_class():
    toy = Toy()
    x, _ = make_toy(toy, rng=numpy_rng(0))
    to_next = np.roll(np.eye(3), 1, axis=1)  # T[i, i + 1] = 1
    np.testing.assert_array_equal(noisy_bayes_labels(toy, x, to_next), (bayes_labels(toy, x) + 1) % 3)


def test_random_asymmetric_noise_moves_the_border_to_six_elevenths():
    toy = Toy()
    T = np.array([[0.7, 0.2, 0.1], [0.1, 0.7, 0.2], [0.2, 0.1, 0.7]])
    a, b = (arc.at(np.zeros(1))[0] for arc in toy_module._arcs(toy)[:2])
    line = (a + b) / 2 + np.linspace(-0.2, 0.2, 8001)[:, None] * (b - a) / np.linalg.norm(b - a)
    line = line + 3 * (a + b) / np.linalg.norm(a + b)  # far from class 2, where eta_c is nothing
    eta_a = posterior(toy, line)[:, 0]
    last_a = np.flatnonzero(noisy_bayes_labels(toy, line, T) == 0)[-1]
    assert eta_a[last_a] == pytest.approx(6 / 11, abs=1e-3)


def test_rare_classes_lose_ground_unless_priors_are_equal():
    toy = Toy(n_per_class=500, imbalance=10)
    assert toy.class_counts == (500, 158, 50)
    x, _ = make_toy(toy, rng=numpy_rng(0), n_per_class=2000)
    own, equal = bayes_labels(toy, x), bayes_labels(toy, x, np.ones(3))
    assert (own == 2).sum() < (equal == 2).sum()
    with pytest.raises(ValueError, match=r"priors must be positive, got array\(\[1., 1., 0.\]\)"):
        posterior(toy, x, np.array([1.0, 1.0, 0.0]))


def test_the_seed_decides_the_points_and_the_test_set_is_another_stream():
    first, again, other = load("toy", seed=3), load("toy", seed=3), load("toy", seed=4)
    assert first.digest == again.digest != other.digest
    assert (len(first.train), len(first.val), len(first.test)) == (1500, 0, 9000)
    assert first.train.x.dtype == np.float32
    as_many = load("toy", seed=3, n_per_class=TEST_PER_CLASS)
    assert not np.isin(as_many.train.x.view(np.complex64), as_many.test.x.view(np.complex64)).any()
    assert first.provenance.options == asdict(Toy(seed=3))


def test_class_counts_set_by_hand_are_followed():
    y = load("toy", n_per_class=(10, 20, 30)).train.y_clean
    np.testing.assert_array_equal(np.bincount(y), [10, 20, 30])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": "spiral"}, "shape must be one of 'gaussians', 'moons', 'rings', got 'spiral'"),
        ({"n_per_class": 4}, "n_per_class must be an integer >= 5, got 4"),
        ({"n_per_class": (10, 10, 4)}, "n_per_class must be an integer >= 5, got 4"),
        ({"n_per_class": (10, 10)}, r"n_per_class must be one number or three, got \(10, 10\)"),
        ({"n_per_class": 7000}, r"total of points must be in \[30, 20000\], got 21000"),
        ({"n_per_class": 100, "imbalance": 50}, "smallest class must be at least 5 points, got 2"),
        ({"n_per_class": (10, 10, 10), "imbalance": 2.0}, "imbalance must be 1 where .* got 2.0"),
        ({"spread": 0.0}, r"spread must be a finite number in \[0.1, 5\], got 0.0"),
        ({"separation": float("nan")}, r"separation must be a finite number in \[0, 10\], got nan"),
        ({"seed": -1}, r"seed must be an integer in \[0, 4294967295\], got -1"),
    ],
)
def test_absurd_toys_are_refused_in_one_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        Toy(**options)
