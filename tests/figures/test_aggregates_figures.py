"""Diagrams of a network's answers, and the message of single samples: nothing is lost, nothing is misnamed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lab.figures.aggregates import Diagrams, aggregate_alt, aggregate_bars
from lab.figures.effective_k import effective_k_alt, effective_k_option
from lab.figures.pairs_payload import Pairs, encode

MEDIAN = np.array([[0.7, 0.2, 0.1], [0.4, 0.5, 0.1]])
DIAGRAMS = Diagrams(
    titles=["true class a", "true class b"],
    bars=["a", "b", "c"],
    median=MEDIAN,
    low=MEDIAN - 0.05,
    high=MEDIAN + 0.1,
    near=MEDIAN,
    theory=MEDIAN,
    own=np.array([0, 0]),
    counts=np.array([4, 6]),
)
PAIRS = Pairs(
    classes=["a", "b"],
    y=np.array([0, 1]),
    softmax=np.array([[0.9, 0.1], [0.3, 0.7]]),
    idx=np.array([[2, 0, 1], [1, 2, 0]]),
    rows=np.array([10, 70_000]),
    among=np.array([2, 0]),
    y_given=np.array([0, 1, 1]),
    y_clean=np.array([0, 0, 1]),
    train_rows=np.array([5, 6, 7]),
    ks=[1, 3],
    preferred=np.array([3, 1, 1]),
    distance=np.array([0.2, 0.1, 0.0]),
)


def test_bars_are_medians_with_their_central_half_and_the_true_class_outlined() -> None:
    fig = aggregate_bars(DIAGRAMS)
    bars = [trace for trace in fig.data if trace.type == "bar"]
    assert list(bars[1].y) == [0.4, 0.5, 0.1]
    np.testing.assert_allclose(bars[1].error_y.array, 0.1)
    np.testing.assert_allclose(bars[1].error_y.arrayminus, 0.05)
    assert list(bars[1].marker.line.width) == [3, 0, 0]
    assert "the true class in 1 of 2" in aggregate_alt(DIAGRAMS)


def test_the_message_holds_every_sample_and_its_own_distance() -> None:
    message = encode(PAIRS)
    length = int.from_bytes(message[:4], "little")
    head, at, found = json.loads(message[4 : 4 + length]), 4 + length, {}
    for name, kind, size in head["sections"]:
        assert at % 4 == 0
        found[name] = np.frombuffer(message, kind, size, at)
        at += -(-found[name].nbytes // 4) * 4
    assert at == len(message)
    assert found["rows"].tolist() == [10, 70_000]
    assert found["preferred"].tolist() == [1, 3]
    np.testing.assert_allclose(found["distance"], [0.0, 0.2])
    assert found["idx"].reshape(2, 3).tolist() == PAIRS.idx.tolist()
    assert head["k_counts"] == [2, 1]
    assert sum(head["counts"]) == 3
    assert "inside" not in found


def test_what_does_not_fit_is_refused() -> None:
    fields = {name: getattr(PAIRS, name) for name in Pairs.__dataclass_fields__}
    with pytest.raises(ValueError, match="idx must be rows of the training set, got 3"):
        Pairs(**fields | {"idx": PAIRS.idx + 1})
    with pytest.raises(ValueError, match="diagrams must be 1 to 25, got 0"):
        Diagrams(**{name: getattr(DIAGRAMS, name)[:0] for name in Diagrams.__dataclass_fields__})


def test_an_effective_k_is_drawn_and_told_by_epoch() -> None:
    ks, errors = np.array([13, 5, 2]), np.array([0.1, 0.05, 0.04])
    option = effective_k_option(ks, errors, dark=False)
    assert option["series"][0]["data"] == [[1, 13], [2, 5], [3, 2]]
    assert "at most 13 after epoch 1, 2 after epoch 3" in effective_k_alt(ks, errors)
