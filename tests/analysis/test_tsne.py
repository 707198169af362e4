"""t-SNE maps: the same twice, stopped within a frame, and trustworthy."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_info

from lab.analysis.map_quality import layer_study, trustworthiness
from lab.analysis.tsne import Affinities, Frame, fit_map
from lab.specs.tsne import TSNE

SHORT = TSNE(perplexity=10, early_iterations=50, iterations=50)


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    """Three well separated classes of 40 in 8 dimensions."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 40)
    return (6 * np.eye(8)[y] + rng.normal(size=(120, 8))).astype(np.float32), y


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    data = load_digits()
    return (data.data / 16).astype(np.float32), data.target


def test_digits_keep_their_neighbours_and_the_first_frame_comes_within_a_second(digits) -> None:
    """A fifth of the usual length is enough. Prints the time; asserted loosely, a machine may be busy."""
    features, y = digits
    frames: list[Frame] = []
    times = [time.perf_counter()]

    def see(frame: Frame) -> None:
        frames.append(frame)
        times.append(time.perf_counter())

    config = TSNE(early_iterations=75, iterations=75)
    found = fit_map(features, config, on_frame=see)
    score = trustworthiness(features, found.coordinates)
    waits = np.diff(times)
    print(
        f"\ndigits: start shown after {waits[0]:.2f} s, first step {waits[1]:.2f} s later, then every "
        f"{np.median(waits[2:]):.2f} s; KL {found.kl:.3f}, trustworthiness {score:.4f}"
    )
    assert score >= 0.95
    assert [frame.iteration for frame in frames] == list(range(0, 151, 25))
    assert {frame.n_iterations for frame in frames} == {150}
    assert frames[-1].kl < frames[3].kl < frames[1].kl
    assert waits[0] < 5
    study = layer_study({"pixels": features[::4], "map": found.coordinates[::4]}, y[::4])
    assert all(layer.knn_accuracy > 0.9 for layer in study)


def test_equal_arguments_give_equal_coordinates_whether_affinities_are_new_used_or_were_interrupted(blobs) -> None:
    features, _ = blobs
    affinities = Affinities.build(features, SHORT)
    first = fit_map(features, SHORT)

    def stop(frame: Frame) -> None:
        if frame.iteration == 25:
            raise InterruptedError("stopped by hand")

    with pytest.raises(InterruptedError, match="stopped by hand"):
        fit_map(features, SHORT, affinities=affinities, on_frame=stop)
    for _ in range(2):
        again = fit_map(features, SHORT, affinities=affinities)
        np.testing.assert_array_equal(again.coordinates, first.coordinates)
        assert again.kl == first.kl
        assert again.affinities is affinities


def test_watching_changes_nothing_and_nothing_comes_after_a_stop(blobs) -> None:
    features, _ = blobs
    seen: list[int] = []

    def stop(frame: Frame) -> None:
        seen.append(frame.iteration)
        if frame.iteration >= 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_map(features, SHORT, on_frame=stop, frame_every=20)
    assert seen == [0, 20, 40, 70]  # each of the two phases counts its own
    watched = fit_map(features, SHORT, on_frame=lambda frame: frame.coordinates.fill(0))
    np.testing.assert_array_equal(watched.coordinates, fit_map(features, SHORT).coordinates)


def test_seed_start_metric_and_exaggeration_matter(blobs) -> None:
    features, _ = blobs
    maps = [
        fit_map(features, config).coordinates
        for config in (
            SHORT,
            TSNE(perplexity=10, early_iterations=50, iterations=50, seed=1),
            TSNE(perplexity=10, early_iterations=50, iterations=50, start="random"),
            TSNE(perplexity=10, early_iterations=50, iterations=50, metric="cosine"),
            TSNE(perplexity=10, early_iterations=50, iterations=50, exaggeration=4),
        )
    ]
    assert all(not np.allclose(maps[0], other) for other in maps[1:])


def test_classes_that_are_apart_stay_apart_and_new_points_join_their_own(blobs) -> None:
    features, y = blobs
    found = fit_map(features, TSNE(perplexity=10, early_iterations=100, iterations=100))
    before = found.coordinates.copy()
    centres = np.stack([before[y == c].mean(axis=0) for c in range(3)])
    new = 6 * np.eye(8)[[0, 1, 2, 1]] + np.random.default_rng(1).normal(size=(4, 8))
    placed = found.transform(new)
    distance = np.linalg.norm(placed[:, None] - centres, axis=2)
    assert distance.argmin(axis=1).tolist() == [0, 1, 2, 1]
    np.testing.assert_array_equal(found.coordinates, before)
    np.testing.assert_array_equal(found.transform(new), placed)
    assert found.transform(np.empty((0, 8))).shape == (0, 2)
    spread = np.linalg.norm(before[y == 0] - centres[0], axis=1).max()
    home = np.linalg.norm(found.transform(features[:5]) - before[:5], axis=1)
    assert (home < spread).all()


def test_identical_points_and_a_single_feature_make_a_map() -> None:
    rng = np.random.default_rng(0)
    twins = np.repeat(rng.normal(size=(15, 4)), 4, axis=0)
    line = rng.normal(size=(60, 1))
    for features in (twins, line):
        found = fit_map(features, SHORT)
        assert np.isfinite(found.coordinates).all()
        assert len(np.unique(found.coordinates, axis=0)) == 60


def test_the_pools_are_limited_while_the_map_forms(blobs) -> None:
    sizes: list[int] = []

    def look(_: Frame) -> None:
        sizes.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")

    fit_map(blobs[0], TSNE(perplexity=10, early_iterations=0, iterations=25), on_frame=look)
    assert set(sizes) == {1}


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.ones((1, 3)), r"features must be at least 7 rows, got 1"),
        (np.random.default_rng(0).normal(size=(50, 3)), r"perplexity must be at most 16.33, a third of the 49 others, got 30"),
        (np.full((100, 3), np.nan), r"features must be finite numbers of size <= 1e\+38, got nan at row 0, column 0"),
        (np.ones((100, 3)), r"features must be rows that differ, got '100 equal ones'"),
        (np.ones(100), r"features must be two-dimensional, one row per example, got \(100,\)"),
        (np.ones((100, 0)), r"features must be rows of at least one feature, got \(100, 0\)"),
    ],
)  # fmt: skip
def test_wrong_features_get_one_sentence(features: np.ndarray, message: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=f"^{message}$"):
            fit_map(features, TSNE(perplexity=30))


def test_wrong_settings_and_foreign_affinities_get_one_sentence(blobs) -> None:
    features, _ = blobs
    affinities = Affinities.build(features, SHORT)
    with pytest.raises(ValueError, match="affinities must be of the same features, got 'those of others'"):
        fit_map(features + 1, SHORT, affinities=affinities)
    with pytest.raises(ValueError, match=r"affinities must be of perplexity and metric \(12, 'l2'\), got \(10, 'l2'\)"):
        fit_map(features, TSNE(perplexity=12), affinities=affinities)
    with pytest.raises(ValueError, match=r"perplexity must be a finite number in \[2, 1000\], got 0"):
        TSNE(perplexity=0)
    with pytest.raises(ValueError, match="start must be one of 'pca', 'random', got 'spectral'"):
        TSNE(start="spectral")
    with pytest.raises(ValueError, match="features must be rows of 8 numbers, as the map's, got 3"):
        fit_map(features, SHORT).transform(np.ones((2, 3)))
