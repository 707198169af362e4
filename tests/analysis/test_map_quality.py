"""Trustworthiness beside scikit-learn's, and the layer study on layers whose worth is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness as sklearn_trustworthiness
from sklearn.metrics import silhouette_samples

from lab.analysis.map_quality import layer_score, layer_study, trustworthiness


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    """Three well separated classes of 40 in 8 dimensions."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 40)
    return (6 * np.eye(8)[y] + rng.normal(size=(120, 8))).astype(np.float32), y


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("k", [1, 5, 29])
def test_trustworthiness_is_scikit_learns(metric: str, k: int) -> None:
    rng = np.random.default_rng(k)
    features = rng.normal(size=(60, 5))
    coordinates = features[:, :2] + 0.3 * rng.normal(size=(60, 2))
    theirs = sklearn_trustworthiness(
        features, coordinates, n_neighbors=k, metric="euclidean" if metric == "l2" else "cosine"
    )
    assert trustworthiness(features, coordinates, n_neighbors=k, metric=metric) == pytest.approx(theirs, abs=1e-12)


def test_trustworthiness_of_many_rows_is_that_of_an_even_sample() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2600, 3))
    coordinates = features[:, :2]
    theirs = sklearn_trustworthiness(features, coordinates, n_neighbors=10)
    assert trustworthiness(features, coordinates) == pytest.approx(theirs, abs=0.004)
    assert trustworthiness(features, features) == 1


def test_a_layer_study_finds_the_layer_that_separates_and_hears_noisy_votes(blobs) -> None:
    features, y = blobs
    rng = np.random.default_rng(0)
    taps = {"early": rng.normal(size=(120, 2, 3, 3)), "last_conv": features}
    noisy = np.where(rng.random(120) < 0.3, (y + 1) % 3, y)
    early, last = layer_study(taps, y)
    assert (early.tap, early.n_features, last.tap, last.n_features) == ("early", 18, "last_conv", 8)
    assert early.silhouette < 0.1 < 0.5 < last.silhouette
    assert early.knn_accuracy < 0.6 < 0.99 < last.knn_accuracy
    one, many = (layer_study(taps, y, y_given=noisy, n_neighbors=k)[1].knn_accuracy for k in (1, 25))
    assert one < 0.85 < many


def test_a_layer_study_refuses_what_it_cannot_judge(blobs) -> None:
    features, y = blobs
    with pytest.raises(ValueError, match="y must be of at least two classes, and fewer than rows, got 1"):
        layer_study({"a": features}, np.zeros(120, dtype=int))
    with pytest.raises(ValueError, match="last must be 120 rows, one per label, got 100"):
        layer_study({"last": features[:100]}, y)


def test_a_layers_score_tells_how_far_it_is_and_how_sure(blobs) -> None:
    features, y = blobs
    told: list[float] = []
    score = layer_score("last", features, y, tick=told.append)
    assert told == sorted(told)
    assert (told[0] <= 0.5, told[-1]) == (True, 1)
    each = silhouette_samples(features, y)
    assert score.silhouette == pytest.approx(each.mean(), abs=1e-5)
    assert score.silhouette_error == pytest.approx(each.std() / 120**0.5, abs=1e-5)
