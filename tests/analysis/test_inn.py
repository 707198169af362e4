"""INN scores: values worked by hand, and the plain computation that the paper describes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import Polynomial

from lab.analysis.inn import QUADRATURES, inn_preview, inn_scores, inn_segments, quadrature_rule
from lab.core.rng import torch_rng
from lab.core.threads import threads
from lab.neighbors import NeighborTable
from lab.nets.registry import build

ENDS = np.array([[1.0], [0.0]])  # two samples, each the other's neighbour


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with threads(1):
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def two_classes(f):
    """A model of two classes on the line from 0 to 1 whose first class has probability f(x)."""
    return lambda x: np.hstack([f(x), 1 - f(x)])


def plain(call, x, y, idx, n_segments=10):
    """The paper's computation, one sample at a time: every node of every line in one batch, ends included."""
    t = (np.arange(n_segments + 1, dtype=np.float32) / n_segments).reshape(-1, *[1] * x.ndim)
    scores = np.empty(len(x))
    for i, neighbors in enumerate(idx):
        rows = ((1 - t) * x[i] + t * x[neighbors][None]).astype(np.float32)
        f = call(rows.reshape(-1, *x.shape[1:]))[:, y[i]].reshape(len(t), -1).astype(np.float64)
        scores[i] = ((f[1:] + f[:-1]) / 2).mean()
    return scores


def task(rng, n=60, shape=(6,), n_classes=4):
    x = rng.normal(size=(n, *shape)).astype(np.float32)
    return x, rng.integers(n_classes, size=n), rng.normal(size=(n, 3))


def a_module(shape, n_classes=4):
    """A network with BatchNorm statistics that are not their first values, and answers far from uniform."""
    net = build(
        "MNIST-CNN5" if len(shape) == 3 else "DigitsMLP",
        input_shape=shape,
        n_classes=n_classes,
        generator=torch_rng(0),
    )
    net.train()
    net(torch.randn(64, *shape, generator=torch_rng(1)))
    with torch.no_grad():
        net.head.weight *= 5
    return net


def softmax_of(net):
    def call(rows):
        with torch.no_grad():
            return net.eval()(torch.from_numpy(rows)).softmax(dim=1).numpy()

    return call


@pytest.mark.parametrize("n_segments", [1, 2, 7, 10])
@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x, h: np.full_like(x, 0.3), lambda h: (0.3, 0.7)),
        (lambda x, h: x, lambda h: (0.5, 0.5)),
        (lambda x, h: x**2, lambda h: (1 / 3 + 1 / (6 * h**2), 2 / 3 - 1 / (6 * h**2))),
    ],
)
def test_golden_values_of_a_constant_a_line_and_a_parabola(f, expected, n_segments):
    scores = inn_scores(
        two_classes(lambda x: f(x, n_segments)), ENDS, [0, 1], ENDS, n_neighbors=1, n_segments=n_segments
    )
    np.testing.assert_allclose(scores, expected(n_segments), atol=1e-7)


def test_a_linear_f_scores_half_plus_half_the_share_of_agreeing_neighbors(rng):
    y, features = rng.integers(3, size=80), rng.normal(size=(80, 2))
    given = np.eye(3)[y]
    share = (y[NeighborTable.build(features, k_max=10).idx] == y[:, None]).mean(axis=1)
    np.testing.assert_allclose(inn_scores(lambda x: x, given, y, features), (1 + share) / 2, atol=1e-6)


def test_a_clean_sample_may_score_below_a_wrong_one_where_right_labels_are_no_majority():
    """The counter-example to the paper's Lemma 1: .60 for the clean sample, .70 for the wrong one."""
    clean, wrong = [0, 0, 1, 2, 3, 4, 5, 6, 7, 8], [5, 5, 5, 5, 6, 6, 6, 6, 6, 6]
    y = np.array([0, *clean, 5, *wrong])  # the last sample but for its neighbours is truly a 6
    features = np.r_[0, np.linspace(0.1, 1, 10), 100, 100 + np.linspace(0.1, 1, 10)][:, None]
    scores = inn_scores(lambda x: x, np.eye(9)[y], y, features)
    np.testing.assert_allclose(scores[[0, 11]], [0.6, 0.7], atol=1e-6)


@given(seed=st.integers(0, 10_000), shape=st.sampled_from([(6,), (1, 4, 4)]), n_neighbors=st.integers(1, 12))
@settings(max_examples=12, deadline=None)
def test_a_module_scores_as_the_plain_computation_of_110_passes_does(seed, shape, n_neighbors):
    rng = np.random.default_rng(seed)
    x, y, features = task(rng, n=30, shape=shape)
    net = a_module(shape)
    idx = NeighborTable.build(features, k_max=n_neighbors).idx
    scores = inn_scores(net, x, y, features, n_neighbors=n_neighbors)
    np.testing.assert_allclose(scores, plain(softmax_of(net), x, y, idx), atol=1e-6)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_each_line_is_computed_once_and_each_row_once(rng):
    x, y, features = task(rng, n=200)
    seen = []

    def counting(rows):
        seen.append(len(rows))
        return np.full((len(rows), 4), 0.25)

    segments = inn_segments(counting, x, y, features)
    pairs = {(min(i, j), max(i, j)) for i, row in enumerate(segments.idx.tolist()) for j in row}
    assert segments.n_pairs == len(pairs) < 2000
    assert sum(seen) == segments.passes == 9 * len(pairs) + 200
    assert inn_segments(counting, x, y, features, n_segments=1).passes == 200


def test_the_areas_under_the_values_shown_are_the_score(rng):
    x, y, features = task(rng)
    net = a_module((6,))
    segments = inn_segments(net, x, y, features, n_neighbors=5)
    trapezoids = (segments.values[:, :, 1:] + segments.values[:, :, :-1]).astype(np.float64) / 20
    np.testing.assert_allclose(trapezoids.sum(axis=2), segments.areas, atol=1e-6)
    np.testing.assert_allclose(
        trapezoids.sum(axis=2).mean(axis=1), inn_scores(net, x, y, features, n_neighbors=5), atol=1e-6
    )
    np.testing.assert_allclose(segments.of_nearest(2), inn_scores(net, x, y, features, n_neighbors=2), atol=1e-6)
    own, far = softmax_of(net)(x), softmax_of(net)(x[segments.idx[:, 3]])
    np.testing.assert_allclose(segments.values[:, 3, 0], own[np.arange(60), y], atol=1e-6)
    np.testing.assert_allclose(segments.values[:, 3, -1], far[np.arange(60), y], atol=1e-6)


def test_modules_functions_of_tensors_and_of_arrays_agree(rng):
    x, y, features = task(rng)
    net = a_module((6,))
    expected = inn_scores(net, x, y, features)
    with_softmax = torch.nn.Sequential(net, torch.nn.Softmax(dim=1))
    for call, rows in [
        (softmax_of(net), x),
        (softmax_of(net), x.astype(np.float64).astype(np.float32)),
        (lambda rows: net.eval()(rows).softmax(dim=1), torch.from_numpy(x)),
        (with_softmax, x),
        (with_softmax, torch.from_numpy(x)),
        (net, torch.from_numpy(x).double()),
    ]:
        np.testing.assert_allclose(inn_scores(call, rows, y, features), expected, atol=1e-6)
    tensors = inn_scores(net, torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(features))
    np.testing.assert_allclose(tensors, expected, atol=1e-6)


def test_bytes_are_read_as_floats_in_the_same_units_also_from_memory_that_can_not_be_written(rng):
    images = rng.integers(256, size=(40, 5, 5, 3), dtype=np.uint8)
    y, kinds = rng.integers(2, size=40), []

    def brightness(rows):
        kinds.append(rows.dtype)
        bright = rows.reshape(len(rows), -1).mean(axis=1) / 255
        return np.stack([bright, 1 - bright], axis=1)

    images.flags.writeable = False
    scores = inn_scores(brightness, images, y, images.reshape(40, -1))
    assert set(kinds) == {np.dtype(np.float32)}
    floats = inn_scores(brightness, images.astype(np.float64), y, images.reshape(40, -1))
    np.testing.assert_allclose(scores, floats, atol=1e-6)
    tensors = torch.from_numpy(images.copy())
    as_tensor = inn_scores(lambda rows: torch.tensor(brightness(rows.numpy())), tensors, y, images.reshape(40, -1))
    np.testing.assert_allclose(as_tensor, scores, atol=1e-6)


def test_the_module_is_left_as_it_was(rng):
    x, y, features = task(rng)
    net = a_module((6,)).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    inn_scores(net, x, y, features)
    assert net.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert any(isinstance(part, torch.nn.BatchNorm1d) for part in net.modules())


@pytest.mark.parametrize("batch_size", [1, 9, 17, 10_000])
def test_the_size_of_a_batch_does_not_matter(rng, batch_size):
    x, y, features = task(rng, n=30)
    net = a_module((6,))
    expected = inn_scores(net, x, y, features)
    np.testing.assert_allclose(inn_scores(net, x, y, features, batch_size=batch_size), expected, atol=1e-6)


def test_what_does_not_fit_into_memory_is_halved_and_counted_once(rng):
    x, y, features = task(rng, n=300)

    def small_memory(rows):
        if len(rows) > 200:
            raise torch.OutOfMemoryError
        return rows.softmax(dim=1)

    rows = torch.from_numpy(x)
    plenty = inn_segments(lambda rows: rows.softmax(dim=1), rows, y, features)
    scarce = inn_segments(small_memory, rows, y, features)
    np.testing.assert_allclose(scarce.values, plenty.values, atol=1e-6)
    assert scarce.passes == plenty.passes
    with pytest.raises(torch.OutOfMemoryError):
        inn_scores(lambda rows: small_memory(rows.repeat(9, 1)), rows, y, features)


def test_bfloat16_keeps_the_ranks(rng):
    x, y, features = task(rng, n=200)
    net = a_module((6,))
    exact, fast = (inn_scores(net, x, y, features, precision=p) for p in ("float32", "bfloat16"))
    assert 0 < np.abs(exact - fast).max() < 0.01
    assert np.corrcoef(exact.argsort().argsort(), fast.argsort().argsort())[0, 1] > 0.9995


@given(n_segments=st.integers(1, 12), quadrature=st.sampled_from(QUADRATURES), seed=st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_a_rule_is_symmetric_and_integrates_what_it_should(n_segments, quadrature, seed):
    nodes, weights = quadrature_rule(quadrature, n_segments)
    assert nodes[0] == 0
    assert nodes[-1] == 1
    assert (np.diff(nodes) > 0).all()
    np.testing.assert_allclose(nodes, 1 - nodes[::-1], atol=1e-12)
    np.testing.assert_allclose(weights, weights[::-1], atol=1e-12)
    degree = 2 * n_segments - 1 if quadrature == "lobatto" else 1
    f = Polynomial(np.random.default_rng(seed).normal(size=degree + 1))
    np.testing.assert_allclose(f(nodes) @ weights, f.integ()(1) - f.integ()(0), atol=1e-9)


def test_the_preview_takes_two_passes_a_line_and_ranks_alike(rng):
    x, y, features = task(rng, n=200)
    net = a_module((6,))
    preview = inn_segments(net, x, y, features, n_segments=3, quadrature="lobatto")
    assert preview.passes == 2 * preview.n_pairs + 200
    np.testing.assert_allclose(inn_preview(net, x, y, features), preview.scores)
    exact = inn_scores(net, x, y, features)
    assert np.corrcoef(exact.argsort().argsort(), preview.scores.argsort().argsort())[0, 1] > 0.999


def test_the_midpoint_is_f_halfway(rng):
    x, y, features = task(rng)
    net = a_module((6,))
    segments = inn_segments(net, x, y, features, n_neighbors=1, n_segments=1, quadrature="midpoint")
    halfway = softmax_of(net)((x + x[segments.idx[:, 0]]) / 2)
    np.testing.assert_allclose(segments.scores, halfway[np.arange(60), y], atol=1e-6)


def test_forty_identical_rows_score_what_f_gives_their_label():
    x, y = np.full((40, 3), 7.0, dtype=np.float32), np.arange(40) % 2
    scores = inn_scores(lambda rows: np.tile([0.8, 0.2], (len(rows), 1)), x, y, x)
    np.testing.assert_allclose(scores, np.where(y == 0, 0.8, 0.2), atol=1e-6)


def test_a_table_searched_once_serves_in_place_of_features(rng):
    x, y, features = task(rng)
    net = a_module((6,))
    table = NeighborTable.build(features, k_max=30)
    np.testing.assert_allclose(inn_scores(net, x, y, table), inn_scores(net, x, y, features))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_neighbors": 0}, r"n_neighbors must be an integer in \[1, 19\], got 0"),
        ({"n_neighbors": 20}, r"n_neighbors must be an integer in \[1, 19\], got 20"),
        ({"n_segments": 0}, r"n_segments must be an integer in \[1, 1000\], got 0"),
        ({"precision": "int8"}, "precision must be one of 'float32', 'bfloat16', got 'int8'"),
        ({"batch_size": 0}, "batch_size must be an integer >= 1, got 0"),
        ({"y_given": np.zeros(19, int)}, "y_given must be 20 labels, one per row of x, got 19"),
        ({"y_given": np.full(20, 4)}, "y_given must be class indices below 4, got 4"),
        ({"y_given": np.zeros(20)}, "y_given must be integers, got .*float64"),
        ({"features": np.zeros((19, 2))}, "features must be 20 rows, one per row of x, got 19"),
        ({"features": np.full((20, 2), np.nan)}, "reference must be finite"),
        ({"x": np.zeros(20)}, r"x must be at least 2 rows of numbers, got \(20,\)"),
        ({"x": np.full((20, 2), "a")}, "x must be real numbers"),
        ({"predict_proba": 3}, "predict_proba must be a module or a function, got 'int'"),
        ({"predict_proba": lambda x: x[:, :4] * 0}, "must be rows that sum to 1, got row 0 with sum 0"),
        ({"predict_proba": lambda x: np.full((len(x), 4), np.nan)}, r"predict_proba\(x\) must be >= 0, got .*nan"),
        ({"predict_proba": lambda x: x[:, 0]}, r"predict_proba\(x\) must be one row of probabilities for each of 20"),
        (
            {"predict_proba": lambda x: np.full((len(x), 4), 0.25), "precision": "bfloat16"},
            "precision must be float32 where predict_proba is a function of arrays, got 'bfloat16'",
        ),
    ],
)
def test_bad_arguments_are_answered_with_one_sentence(rng, change, message):
    x, y, features = task(rng, n=20)
    given = {"predict_proba": a_module((6,)), "x": x, "y_given": y, "features": features} | change
    with pytest.raises(ValueError, match=message):
        inn_scores(**given)


def test_a_table_of_other_rows_is_refused(rng):
    x, y, features = task(rng, n=20)
    for table in (
        NeighborTable.build(features, features, k_max=10),
        NeighborTable.build(features[:15], k_max=10),
        NeighborTable.build(features, k_max=5),
    ):
        with pytest.raises(ValueError, match="features must be a self-search of 20 rows with at least 10 neighbours"):
            inn_scores(a_module((6,)), x, y, table)
