"""DRO's networks on scikit-learn's digits, three seeds, with what was observed printed (run with -m slow -rP).

Networks: DigitsMLP, 40 epochs of Adam on 1,047 digits, stopped early by 250 clean ones, tested on 500. A training takes
1.5 CPU-s; those that several claims need are shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
import torch

from lab.analysis.chi_square import preferred_k
from lab.analysis.clean_distribution import softmax_distribution
from lab.analysis.concentrated_forecast import accuracy_by_region, concentrated_forecast
from lab.analysis.effective_k import effective_k_by_epoch, expected_accuracies
from lab.analysis.softmax_aggregates import SoftmaxAggregate, softmax_aggregates
from lab.core.rng import numpy_rng, torch_rng
from lab.core.threads import threads
from lab.data import load
from lab.data.rows import stratified
from lab.neighbors import NeighborTable
from lab.nets.registry import build
from lab.noise import Clean, Flip, LocallyConcentrated, Matrix, MatrixNoise, Noise, NoisyLabels, Uniform, corrupt
from lab.specs import Schedule
from lab.train.classifier import train_classifier

pytestmark = pytest.mark.slow

SEEDS = (0, 1, 2)
L = 10
NEXT = np.roll(np.arange(L), -1)
TWO = 0.7 * np.eye(L)[NEXT] + 0.3 * np.eye(L)[np.roll(NEXT, -1)]  # two alternatives a class


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threads(1):
        yield


@dataclass(frozen=True, eq=False)
class Digits:
    x: np.ndarray
    y: np.ndarray
    val_x: np.ndarray
    val_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray

    def right(self, answers: np.ndarray) -> float:
        return float((answers.argmax(axis=1) == self.test_y).mean())


@cache
def digits(seed: int) -> Digits:
    dataset = load("digits", seed=seed)
    x, y, test = dataset.train.x.reshape(-1, 64), dataset.train.y_clean, dataset.test
    val = np.isin(np.arange(len(y)), stratified(y, 250, rng=numpy_rng(seed, "validation")))
    return Digits(x[~val], y[~val], x[val], y[val], test.x.reshape(-1, 64), test.y_clean)


@dataclass(frozen=True, eq=False)
class Trained:
    """Softmax of the test digits, of the kept epoch and after each; features of the kept epoch."""

    labels: NoisyLabels
    early: np.ndarray
    answers: list[np.ndarray]
    features: np.ndarray
    test_features: np.ndarray

    @property
    def last(self) -> np.ndarray:
        return self.answers[-1]


@cache
def trained(seed: int, noise: Noise) -> Trained:
    data = digits(seed)
    place = trained(seed, Clean()).features if isinstance(noise, LocallyConcentrated) else None
    labels = corrupt(data.y, noise, rng=numpy_rng(seed, "noise"), n_classes=L, features=place)
    net = build("DigitsMLP", input_shape=(64,), n_classes=L, generator=torch_rng(seed, "init"))
    x, y, val_x, val_y, test = map(torch.from_numpy, (data.x, labels.y_given, data.val_x, data.val_y, data.test_x))
    answers = []

    @torch.inference_mode()
    def report(epoch: int, epochs: int) -> None:
        answers.append(net.eval()(test).softmax(dim=1).numpy())

    schedule = Schedule(epochs=40, learning_rate=0.003, patience=40)
    train_classifier(net, x, y, schedule, generator=torch_rng(seed, "batch"), validation=(val_x, val_y), report=report)
    with torch.inference_mode():
        early, features, test_features = net(test).softmax(dim=1), net.features(x), net.features(test)
    return Trained(labels, early.numpy(), answers, features.numpy(), test_features.numpy())


def accuracies(noise: Noise) -> tuple[float, float]:
    """Test accuracy of the kept epoch and of the last, means over the seeds."""
    runs = [(digits(seed), trained(seed, noise)) for seed in SEEDS]
    return float(np.mean([d.right(t.early) for d, t in runs])), float(np.mean([d.right(t.last) for d, t in runs]))


def clean_softmax(seed: int) -> np.ndarray:
    """C_s of a network: the softmax of one trained on clean labels."""
    return softmax_distribution(trained(seed, Clean()).early)


def expected(corruption: np.ndarray, rates: list[float], k_max: int) -> np.ndarray:
    """Theorem 1 for K = 1..k_max at each rate, mean over the seeds."""
    of_seeds = [
        expected_accuracies(np.array(rates), clean_softmax(s), corruption, digits(s).test_y, k_max=k_max) for s in SEEDS
    ]
    return np.mean(of_seeds, axis=0)


def test_r_f1_spread_noise_is_withstood_and_local_noise_is_not() -> None:
    spread, _ = accuracies(Uniform(0.2))
    _, local = accuracies(LocallyConcentrated(5))
    left = 1 - np.mean([trained(s, LocallyConcentrated(5)).labels.flip_rate for s in SEEDS])
    print(f"\nR-F1: uniform 0.2 {spread:.3f}; local noise, last epoch {local:.3f}, 1-gamma {left:.3f}")
    assert spread >= 0.94
    assert abs(local - left) <= 0.05
    assert spread >= local + 0.1


def test_r_f4_uniform_noise_is_easier_than_flips_and_both_stay_in_the_band() -> None:
    found = {noise: accuracies(noise)[0] for noise in (*map(Uniform, (0.2, 0.4, 0.6, 0.8)), Flip(0.2), Flip(0.4))}
    for noise, accuracy in found.items():
        band = expected(noise.corruption_matrix(L), [noise.rate], 50)[0, 2:]
        print(
            f"\nR-F4: {type(noise).__name__} {noise.rate}: {accuracy:.3f}; K in 3..50 {band.min():.3f}-{band.max():.3f}",
            end="",
        )
        assert noise.rate > 0.6 or band.min() <= accuracy <= band.max()
    assert found[Uniform(0.4)] >= found[Flip(0.4)] + 0.15
    assert found[Flip(0.2)] >= 0.9
    assert found[Uniform(0.8)] >= 0.5


def test_r_f4g_the_full_matrix_forecasts_better_than_flip_or_uniform() -> None:
    """Each theory with the K that suits it best."""
    rates = [0.2, 0.4, 0.5, 0.55]
    measured = np.array([accuracies(Matrix(rate, TWO))[0] for rate in rates])
    off = {}
    for name, P in (("matrix", TWO), ("flip", np.eye(L)[NEXT]), ("uniform", np.full((L, L), 1 / L))):
        rmse = np.sqrt(((expected(P, rates, 101) - measured[:, None]) ** 2).mean(axis=0))
        off[name] = rmse.min()
        print(f"\nR-F4g: {name}: rmse {rmse.min():.3f} at K={rmse.argmin() + 1}; measured {measured.round(3)}", end="")
    assert off["matrix"] < min(off["flip"], off["uniform"])


def test_r_f4hi_local_noise_leaves_1_minus_gamma() -> None:
    for n_clusters in (2, 3, 5, 10):
        noise, rows = LocallyConcentrated(n_clusters), []
        for seed in SEEDS:
            data, run = digits(seed), trained(seed, noise)
            place = trained(seed, Clean()).test_features
            forecast = concentrated_forecast(run.labels, place, data.test_y)
            flips = (
                data.right(trained(seed, Flip(round(forecast.rate, 2))).early)
                if 0.1 <= forecast.rate <= 0.45
                else np.nan
            )
            rows.append((forecast.by_rate, forecast.by_region, data.right(run.last), data.right(run.early), flips))
        by_rate, by_region, last, early, flips = np.mean(rows, axis=0)
        print(
            f"\nR-F4hi: {n_clusters} clusters: 1-gamma {by_rate:.3f}, by region {by_region:.3f}, last {last:.3f}, "
            f"early {early:.3f}, flips as many, early {flips:.3f}", end="",
        )  # fmt: skip
        assert abs(last - by_rate) <= 0.06
        assert abs(last - by_region) <= 0.06
        assert np.isnan(flips) or early <= flips - 0.03


def mean_medians(noise: Noise, *, last: bool = False, inside: bool | None = None) -> np.ndarray:
    """Median softmax per true class, mean over the seeds; for local noise of one region."""

    def of_seed(seed: int) -> SoftmaxAggregate:
        data, run = digits(seed), trained(seed, noise)
        among = None
        if inside is not None:
            place = trained(seed, Clean()).test_features
            among = concentrated_forecast(run.labels, place, data.test_y).inside == inside
        return softmax_aggregates(run.last if last else run.early, data.test_y, among=among)

    return np.nanmean([of_seed(seed).median for seed in SEEDS], axis=0)


@pytest.mark.parametrize("noise", [Uniform(0.3), Flip(0.4)], ids=["uniform", "flip"])
def test_r_f2_the_median_softmax_is_the_labels_around(noise: MatrixNoise) -> None:
    median, classes = mean_medians(noise), np.arange(L)
    own, second = median[classes, classes], median[classes, NEXT]
    others = median[~(np.eye(L, dtype=bool) | np.eye(L, dtype=bool)[NEXT])]
    T = noise.transition(L)[0]
    print(f"\nR-F2 {noise}: own {own.mean():.3f} (theory {T[0]:.2f}), next {second.mean():.3f} ({T[1]:.2f}), "
          f"others {others.mean():.3f} ({T[2]:.2f}), largest {others.max():.3f}")  # fmt: skip
    np.testing.assert_array_equal(median.argmax(axis=1), classes)
    assert others.mean() <= 0.06
    if isinstance(noise, Flip):
        np.testing.assert_array_equal(np.argsort(median, axis=1)[:, -2], NEXT)


def test_r_f2cd_in_the_noisy_region_the_other_class_is_answered() -> None:
    noise, classes = LocallyConcentrated(3), np.arange(L)
    clean, noisy = (mean_medians(noise, last=True, inside=inside) for inside in (False, True))
    rows = []
    for seed in SEEDS:
        data, run = digits(seed), trained(seed, noise)
        inside = concentrated_forecast(run.labels, trained(seed, Clean()).test_features, data.test_y).inside
        rows.append(accuracy_by_region(run.last.argmax(axis=1), data.test_y, inside, NEXT))
    right, wrong, turned = (
        np.mean([getattr(r, n) for r in rows]) for n in ("clean_region", "noisy_region", "alternative")
    )
    hits = (clean.argmax(axis=1) == classes).sum(), (noisy.argmax(axis=1) == NEXT).sum()
    print(f"\nR-F2cd: right in the clean region {right:.3f}, in the noisy {wrong:.3f} (turned {turned:.3f}); of 10 classes' "
          f"medians {hits[0]} are largest at the true class, {hits[1]} at the alternative")  # fmt: skip
    assert hits[0] == L
    assert hits[1] >= 8
    assert wrong < 0.5 < right


def test_r_f56_the_preferred_k_and_the_distance_fall_as_training_goes_on() -> None:
    rows = []
    for seed in SEEDS:
        data, run = digits(seed), trained(seed, Clean())
        table = NeighborTable.build(run.features, run.test_features, k_max=300)
        for epoch in (1, 3, 10, 40):
            found = preferred_k(table, data.y, run.answers[epoch - 1])
            assert ((found.distance >= 0) & (found.distance <= 1)).all()
            rows.append((epoch, found.median, np.median(found.k)))
    table_of = {epoch: np.mean([row[1:] for row in rows if row[0] == epoch], axis=0) for epoch in (1, 3, 10, 40)}
    for epoch, (median, k) in table_of.items():
        print(f"\nR-F5/6: epoch {epoch:2d}: median distance {median:.4f}, median preferred K {k:.0f}", end="")
    medians, ks = np.array(list(table_of.values())).T
    assert (np.diff(medians[1:]) < 0).all()
    assert ks[-1] < ks[0]


def test_the_effective_k_shrinks_as_a_network_memorises() -> None:
    """Early stopping is what makes a large K fit."""
    rates = [0.2, 0.4, 0.6, 0.8]
    runs = {(s, r): trained(s, Uniform(r)) for s in SEEDS for r in rates}
    by_epoch = np.mean([[[digits(s).right(a) for a in runs[s, r].answers] for r in rates] for s in SEEDS], axis=0).T
    c, y = np.concatenate([clean_softmax(s) for s in SEEDS]), np.concatenate([digits(s).test_y for s in SEEDS])
    found = effective_k_by_epoch(rates, by_epoch, c, np.full((L, L), 1 / L), y, k_max=60)
    print(
        f"\neffective K after epochs 2, 5, 10, 20, 40: {found.k[[1, 4, 9, 19, 39]]} (rms {found.error[[1, 4, 9, 19, 39]].round(3)})"
    )
    assert found.k[1:5].max() >= 8
    assert found.k[-1] <= 5
