"""Features on one scale: what scikit-learn's scaler gives, in bounded memory, at any size of the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from lab.neighbors import KNNClassifier, NeighborTable
from lab.neighbors.scaling import z_scored


@pytest.mark.parametrize("scale", [1, 1e-30, 1e37])
def test_both_sets_are_brought_to_the_references_mean_and_spread(scale, monkeypatch, rng):
    monkeypatch.setattr("lab.neighbors.scaling.ROWS", 7)
    reference = scale * rng.normal(size=(50, 6)) * 10.0 ** np.arange(-3, 3) / 100
    queries = scale * rng.normal(size=(20, 6)) / 100
    scaler = StandardScaler().fit(reference / scale)
    ours = z_scored(reference, queries)
    np.testing.assert_allclose(ours[0], scaler.transform(reference / scale), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ours[1], scaler.transform(queries / scale), rtol=1e-5, atol=1e-5)
    own = z_scored(reference, reference)
    assert own[0] is own[1]


def test_the_unit_of_a_feature_no_longer_decides_and_a_constant_one_never_does(rng):
    x, queries = rng.normal(size=(80, 3)), rng.normal(size=(30, 3))
    units = np.array([1e-6, 1, 1e6])
    plain = NeighborTable.build(x, queries, z_score=True)
    np.testing.assert_array_equal(NeighborTable.build(x * units, queries * units, z_score=True).idx, plain.idx)
    assert (NeighborTable.build(x * units, queries * units).idx != plain.idx).any()
    widened = [
        np.hstack([part, column]) for part, column in ((x, np.full((80, 1), 0.3)), (queries, rng.normal(size=(30, 1))))
    ]
    np.testing.assert_array_equal(NeighborTable.build(*widened, z_score=True).idx, plain.idx)
    np.testing.assert_array_equal(NeighborTable.build(np.full((5, 2), 0.3), z_score=True).dist, 0)


def test_the_classifier_passes_the_wish_on(rng):
    x, y = rng.normal(size=(100, 2)) * [1, 1e4], rng.integers(3, size=100)
    scaled = StandardScaler().fit_transform(x)
    ours = KNNClassifier(5, z_score=True).fit(x, y).predict_proba(x)
    np.testing.assert_array_equal(ours, KNNClassifier(5).fit(scaled, y).predict_proba(scaled))


def test_a_query_beyond_all_measure_is_refused():
    with pytest.raises(ValueError, match="queries must be within 1e\\+38 standard deviations of the reference"):
        NeighborTable.build([[1e-10], [-1e-10]], [[1e37]], z_score=True)
