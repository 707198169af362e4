"""The board's message: every k in few bytes, and what is read is what was written."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from lab.core.rng import numpy_rng
from lab.figures.compare_payload import Board, Sample, encode, read_head, read_sections


def made(m: int, side: int, channels: int, n_classes: int = 10, k_max: int = 101) -> tuple[Board, Sample]:
    """A run of so many rows; labels that change with k as often as votes of neighbours do."""
    rng = numpy_rng(m, "board")
    y = rng.integers(n_classes, size=m)
    votes = np.where(rng.random((m, k_max)) < 0.9, y[:, None], rng.integers(n_classes, size=(m, k_max)))
    knet = np.where(rng.random((m, 1)) < 0.9, y[:, None], rng.integers(n_classes, size=(m, 1))).repeat(k_max, axis=1)
    accuracy = {"network": 0.8, "knn": [0.8] * k_max, "knet": [0.8] * k_max, "fixed": {"1": 0.7}}
    board = Board(
        what="made up",
        rows="test row",
        classes=[str(c) for c in range(n_classes)],
        accuracy=accuracy,
        y=y,
        network=np.where(rng.random(m) < 0.8, y, 0),
        knn=votes,
        knet=knet,
        pictures=rng.integers(256, size=(m, side, side, channels), dtype=np.uint8),
    )
    sample = Sample(
        row=m // 2,
        softmax=rng.random(n_classes),
        given=rng.integers(n_classes, size=k_max),
        clean=rng.integers(n_classes, size=k_max),
        ids=rng.integers(50_000, size=k_max),
        distances=rng.random(24),
        start=rng.normal(size=32),
        by_k=rng.normal(size=32),
        weight=rng.normal(size=(n_classes, 32)),
        bias=rng.normal(size=n_classes),
        kappa=np.arange(1, k_max + 1) / 101,
        pictures=rng.integers(256, size=(24, side, side, channels), dtype=np.uint8),
    )
    return board, sample


def test_what_is_read_is_what_was_written() -> None:
    board, sample = made(203, 8, 1)
    payload = encode(board, sample)
    head, found = read_head(payload), read_sections(payload)
    assert head["m"] == 203
    assert head["true"] == board.y[101]
    for name in ("knn", "knet"):
        bits = np.unpackbits(found[f"right.{name}"].reshape(101, -1), axis=1)[:, :203].astype(bool)
        np.testing.assert_array_equal(bits.T, getattr(board, name) == board.y[:, None])
        np.testing.assert_array_equal(found[f"said.{name}"], getattr(board, name)[101])
    np.testing.assert_array_equal(found["ids"], sample.ids)
    np.testing.assert_allclose(found["weight"].reshape(10, 32), sample.weight, rtol=1e-6)
    np.testing.assert_array_equal(found["pictures.own"], board.pictures[101].ravel())


def test_every_listed_row_is_mended_or_broken_at_some_k_and_none_is_missing() -> None:
    board, sample = made(203, 8, 1)
    listed = read_sections(encode(board, sample))["listed"]
    network, knet = board.network == board.y, board.knet == board.y[:, None]
    np.testing.assert_array_equal(listed, np.flatnonzero((network[:, None] != knet).any(axis=1)))


@pytest.mark.parametrize(("m", "side"), [(10_000, 16), (26_032, 16)], ids=["CIFAR-10", "SVHN"])
def test_ten_thousand_rows_stay_under_three_megabytes(m: int, side: int) -> None:
    board, sample = made(m, side, 3)
    start = time.perf_counter()
    payload = encode(board, sample)
    print(f"\n{m:,} test rows, noise for pictures: {len(payload) / 1e6:.2f} MB in {time.perf_counter() - start:.2f} s")
    assert len(payload) <= 3_000_000


def test_tables_have_no_pictures_and_a_row_must_be_one_of_the_board() -> None:
    board, sample = made(50, 8, 1)
    bare = replace(board, pictures=None), replace(sample, pictures=None)
    assert read_head(encode(*bare))["picture"] is None
    assert not any(name.startswith("pictures") for name in read_sections(encode(*bare)))
    with pytest.raises(ValueError, match="row must be an integer in"):
        encode(board, replace(sample, row=50))


def test_a_message_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="payload must be"):
        read_head(b"\x04\x00\x00\x00junk")
