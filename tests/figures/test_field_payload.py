"""The message of the decision-boundary component: nothing is lost but the last digits of probabilities, and it is small."""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.figures.field_payload import Curve, MethodField, Scene, decode, encode, grid_points

SYNTHETIC = Path(__file__).parents[1] / "browser" / "apps" / "synthetic.py"


def random_scene(seed: int, n: int, side: int, k_max: int, n_classes: int) -> Scene:
    rng = np.random.default_rng(seed)
    cells = side**2

    def labels(*shape: int) -> np.ndarray:
        return rng.integers(0, n_classes, shape)

    def method() -> MethodField:
        return MethodField(labels=labels(cells), probs=rng.random((n_classes, cells)))

    def curve(bayes: float | None) -> Curve:
        return Curve(knn=rng.random(k_max), knet=rng.random(k_max), network=0.5, bayes=bayes, fixed={1: rng.random()})

    knots = (1,) if k_max == 1 else (1, k_max)
    return Scene(
        classes=tuple(f"class {c} ✓" for c in range(n_classes)),
        extent=(-1.5, 2.0, 0.0, 3.25),
        points=rng.normal(size=(n, 2)).astype(np.float32),
        y_clean=labels(n),
        y_given=labels(n),
        edited=rng.random(n) < 0.3,
        neighbour_labels=labels(k_max, cells),
        knet_labels=labels(k_max, cells),
        knet_knots=knots,
        knet_probs=rng.random((len(knots), n_classes, cells)),
        network=method(),
        bayes=method(),
        noisy_bayes_labels=labels(cells),
        fixed={7: method()},
        accuracy=curve(0.93),
        agreement=curve(None),
        memory={"knn": "12 numbers"},
    )


def arrays(value: object, path: str = "") -> dict[str, np.ndarray]:
    """Every array in a scene by its path."""
    if isinstance(value, np.ndarray):
        return {path: value}
    if dataclasses.is_dataclass(value):
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {k: v for name, item in value.items() for k, v in arrays(item, f"{path}.{name}").items()}
    return {}


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 40),
    side=st.integers(1, 9),
    k_max=st.integers(1, 13),
    n_classes=st.integers(2, 8),
)
def test_decoding_gives_back_what_was_encoded(seed: int, n: int, side: int, k_max: int, n_classes: int) -> None:
    scene = random_scene(seed, n, side, k_max, n_classes)
    back = decode(encode(scene))
    before, after = arrays(scene), arrays(back)
    assert before.keys() == after.keys()
    for path, array in before.items():
        if path.endswith("probs"):
            np.testing.assert_allclose(after[path], array, atol=0.5 / 255 + 1e-6, err_msg=path)
        else:
            np.testing.assert_array_equal(after[path], array, err_msg=path)
    for name in ("classes", "extent", "knet_knots", "memory", "side", "k_max"):
        assert getattr(back, name) == getattr(scene, name)
    assert back.accuracy.fixed == scene.accuracy.fixed
    assert back.agreement.bayes is None
    assert back.accuracy.bayes == 0.93


def test_the_same_scene_gives_the_same_bytes() -> None:
    assert encode(random_scene(1, 10, 5, 4, 3)) == encode(random_scene(1, 10, 5, 4, 3))


def test_a_scene_of_full_size_with_real_neighbours_fits_in_1_5_megabytes() -> None:
    """200 x 200 cells, k to 101, 3,000 points with 30 % wrong labels; the kNet of this scene is made up and smooth."""
    scene = runpy.run_path(str(SYNTHETIC))["scene"](n=3000, side=200, k_max=101)
    size = len(encode(scene))
    print(f"\n{size:,} bytes")
    assert size <= 1_500_000


def test_grid_points_are_centres_of_cells_row_by_row_from_the_lower_left() -> None:
    expected = [[0.5, 10.5], [1.5, 10.5], [0.5, 11.5], [1.5, 11.5]]
    np.testing.assert_allclose(grid_points((0, 2, 10, 12), 2), expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_given": np.array([0, 3])}, "y_given must be class indices, got 3"),
        (
            {"fixed": {9: MethodField(labels=np.zeros(5, int), probs=np.zeros((3, 5)))}},
            r"fixed9.labels must be of shape",
        ),
        ({"agreement": Curve(knn=np.ones(3), knet=np.ones(3), network=1.0)}, r"agreement.knn must be of shape \(4,\)"),
        ({"knet_knots": (1, 2)}, "knet_knots must be ascending from 1 to k_max = 4"),
        ({"classes": ("one",)}, "classes must be 2 to 8 names, got 1"),
    ],
)
def test_parts_that_do_not_fit_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(random_scene(0, 2, 5, 4, 3), **change)


def test_more_neighbours_than_a_byte_can_count_are_refused() -> None:
    with pytest.raises(ValueError, match="neighbour_labels must be at most 255 rows, got 256"):
        random_scene(0, 2, 3, 256, 3)


@pytest.mark.parametrize("payload", [b"", b"not a payload", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_other_bytes_are_refused_with_one_sentence(payload: bytes) -> None:
    with pytest.raises(ValueError, match="payload must be"):
        decode(payload)
