"""The messages of the big scatter: a reader written from the layout's description gets everything back, and they are small."""

from __future__ import annotations

import io
import json
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lab.figures import scatter_payload as payload
from lab.figures.packed_ids import unpack_ids
from lab.figures.scatter_payload import Points, Ring

NAMES = ("wrong → right", "wrong → wrong", "right → wrong")


def random_points(
    rng: np.random.Generator, n: int, n_classes: int = 10, n_rings: int = 3, probs: bool = True
) -> Points:
    """A classifier of 80 % accuracy under 40 % uniform noise, and its softmax."""
    clean = rng.integers(n_classes, size=n)
    given_labels = np.where(rng.random(n) < 0.4, rng.integers(n_classes, size=n), clean)
    predicted = np.where(rng.random(n) < 0.2, rng.integers(n_classes, size=n), clean)
    logits = rng.normal(size=(n, n_classes)) + 5 * np.eye(n_classes)[predicted]
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss = -np.log(softmax[np.arange(n), given_labels])
    loss[rng.random(n) < 0.1] = np.nan
    kinds = rng.integers(0, 15, n)
    return Points(
        classes=tuple(f"class {c} ✓" for c in range(n_classes)),
        labels={"clean": clean, "given": given_labels, "predicted": predicted},
        scores={"loss": loss},
        rings=tuple(Ring(name=NAMES[i], members=kinds == i) for i in range(n_rings)),
        probs=softmax if probs else None,
    )


def read(message: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    length = int.from_bytes(message[:4], "little")
    head, body = json.loads(message[4 : 4 + length]), zlib.decompress(message[4 + length :])
    found, at = {}, 0
    for section in head["sections"]:
        found[section["name"]] = np.frombuffer(body, np.uint8, section["bytes"], at)
        at += section["bytes"]
    assert at == len(body)
    return head, found


def from_planes(body: np.ndarray, n: int) -> np.ndarray:
    planes = body.astype(np.int64).reshape(len(body) // (2 * n), 2, n) if n else np.empty((2, 2, 0))
    return (planes[:, 0] * 256 + planes[:, 1]).T


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 60), n_classes=st.integers(1, 256), n_rings=st.integers(0, 3))
def test_reading_gives_back_what_was_encoded(seed: int, n: int, n_classes: int, n_rings: int) -> None:
    rng = np.random.default_rng(seed)
    points = random_points(rng, n, n_classes, n_rings)
    head, found = read(payload.encode_points(points))
    assert (head["n"], head["total"], head["crowd"]) == (n, n, 0)
    assert head["classes"] == list(points.classes)
    for name, y in points.labels.items():
        np.testing.assert_array_equal(found[f"label.{name}"], y)
    low, high = head["scores"]["loss"]
    steps = from_planes(found["score.loss"], n)[:, 0]
    back = np.where(steps == payload.MISSING, np.nan, low + steps / 65534 * (high - low))
    np.testing.assert_allclose(back, points.scores["loss"], atol=(high - low) / 65534)
    for kind, ring in enumerate(points.rings):
        np.testing.assert_array_equal(found["rings"] >> kind & 1, ring.members)
        assert head["rings"][kind] == {"name": ring.name, "total": ring.members.sum()}
    np.testing.assert_allclose(found["probs"].reshape(n, n_classes) / 255, points.probs, atol=0.5 / 255 + 1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 50), scale=st.sampled_from([1e-20, 1e-4, 1.0, 1e6]))
def test_places_keep_their_proportions_in_16_bits(seed: int, n: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    xy = (rng.normal(size=(n, 2)) * [1, 0.2] + 3) * scale
    head, found = read(payload.encode_map(xy))
    side, places = head["side"], from_planes(found["places"], n)
    np.testing.assert_allclose(np.array(head["corner"]) + places / 65535 * side, xy, atol=side / 65535)


def test_a_map_of_one_point_or_of_equal_points_is_a_place() -> None:
    for n in (1, 5):
        _, found = read(payload.encode_map(np.full((n, 2), 7.0)))
        assert len(np.unique(from_planes(found["places"], n))) == 1


def test_only_the_drawn_rows_travel_and_every_message_says_which() -> None:
    rng = np.random.default_rng(3)
    points, xy = random_points(rng, 300), rng.normal(size=(300, 2))
    drawn = payload.choose_drawn(points.circled, budget=100)
    head, found = read(payload.encode_points(points, drawn=drawn))
    places, _ = read(payload.encode_map(xy, drawn=drawn))
    assert (head["n"], head["total"]) == (len(drawn), 300) == (places["n"], places["total"])
    assert head["crowd"] == places["crowd"] != 0
    np.testing.assert_array_equal(unpack_ids(found["ids"].tobytes(), 300), drawn)
    np.testing.assert_array_equal(found["label.given"], points.labels["given"][drawn])
    assert head["rings"][0]["total"] == points.rings[0].members.sum()
    assert payload.encode_map(xy, drawn=drawn[:-1])[:200] != payload.encode_map(xy, drawn=drawn)[:200]


def test_below_the_budget_all_are_drawn_above_it_every_circled_one_and_the_rest_at_random() -> None:
    rng = np.random.default_rng(0)
    circled = rng.random(5000) < 0.05
    assert payload.choose_drawn(circled, budget=5000) is None
    drawn, without = (payload.choose_drawn(c, budget=1000) for c in (circled, np.zeros(5000, dtype=bool)))
    assert np.isin(np.flatnonzero(circled), drawn).all()
    assert len(without) == 1000
    assert set(drawn) == set(without) | set(np.flatnonzero(circled))  # other circles, same crowd around them
    assert abs(without.mean() - 2500) < 4 * 5000 / np.sqrt(12 * 1000)


def test_50000_points_on_two_maps_with_softmax_are_below_a_megabyte() -> None:
    rng = np.random.default_rng(0)
    points = random_points(rng, 50_000)
    sizes = [len(payload.encode_points(points)), *(len(payload.encode_map(rng.normal(size=(50_000, 2)))) for _ in "ab")]
    print(f"\n50,000 points: {sizes[0]} bytes of labels, loss, rings and softmax, {sizes[1]} + {sizes[2]} of places")
    assert sum(sizes) <= 1_000_000


@pytest.mark.parametrize("shape", [(7, 8, 8), (5, 4, 6, 3)])
def test_pictures_lie_on_the_sheet_row_by_row(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    head, found = read(payload.encode_pictures(images))
    sheet = np.asarray(Image.open(io.BytesIO(found["sheet"].tobytes())))
    for i, image in enumerate(images):
        top, left = i // head["columns"] * head["height"], i % head["columns"] * head["width"]
        np.testing.assert_array_equal(sheet[top : top + head["height"], left : left + head["width"]], image)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": ()}, "classes must be 1 to 256 names, got 0"),
        ({"labels": {}}, "labels must be at least one channel"),
        ({"labels": {"given": np.array([0, 1, 2])}}, "given must be class indices below 2, got 2"),
        ({"labels": {"given": np.array([0, -1, 1])}}, "given must be class indices below 2, got -1"),
        ({"scores": {"given": np.ones(3)}}, r"scores must be named otherwise than the labels, got \['given'\]"),
        (
            {"rings": (Ring(name="wrong", members=np.ones(4, dtype=bool)),)},
            "wrong must be 3 values, one per point, got 4",
        ),
        ({"rings": (Ring(name="wrong", members=np.ones(3, dtype=bool)),) * 4}, "rings must be at most 3 kinds, got 4"),
        ({"probs": np.ones((3, 3))}, r"probs must be of shape \(3, 2\), got \(3, 3\)"),
    ],
)
def test_points_that_do_not_fit_together_are_refused(change: dict, message: str) -> None:
    fine = {"classes": ("a", "b"), "labels": {"given": np.array([0, 1, 0])}}
    Points(**fine)
    with pytest.raises(ValueError, match=message):
        Points(**(fine | change))


def test_other_wrong_input_gets_one_sentence() -> None:
    with pytest.raises(ValueError, match="coordinates must be finite, got 'NaN or infinity'"):
        payload.encode_map(np.array([[0, np.nan]]))
    with pytest.raises(ValueError, match="images must be between 1 and 16777216 pixels in all"):
        payload.encode_pictures(np.zeros((20_000, 32, 32), dtype=np.uint8))
    with pytest.raises(ValueError, match="payload must be of kind and version"):
        payload.read_head(payload.encode_map(np.zeros((2, 2))), "points")
    with pytest.raises(ValueError, match="payload must be a message of"):
        payload.read_head(b"\x05\0\0\0junk", "points")
