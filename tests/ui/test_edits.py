"""Labels set by hand survive the address bar, and nothing else gets in through it."""

from __future__ import annotations

import base64
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.ui.edits import Edits, merge, read_edits, write_edits

N = 1500
DAMAGED = "edits in the link must be whole, got a damaged text; they are left out"
OF_ANOTHER = f"edits in the link must be of {N} points, got those of another data set; they are left out"

edits = st.dictionaries(st.integers(0, N - 1), st.integers(0, 2), max_size=60).map(lambda d: tuple(sorted(d.items())))


def packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(raw)).decode()


@given(edits=edits)
@settings(max_examples=50, deadline=None)
def test_edits_survive_the_address_bar(edits: Edits) -> None:
    text = write_edits(edits, N)
    assert read_edits(text, N, 3) == edits
    assert text.replace("-", "").replace("_", "").isalnum() or text == ""


@given(text=st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_other_text_is_refused_in_one_of_two_sentences(text: str) -> None:
    if not text:
        assert read_edits(text, N, 3) == ()
        return
    with pytest.raises(ValueError, match="edits in the link") as refusal:
        read_edits(text, N, 3)
    assert str(refusal.value) in (DAMAGED, OF_ANOTHER)


def test_a_text_that_lost_its_end_is_damaged() -> None:
    text = write_edits(((3, 1), (700, 2)), N)
    for end in range(1, len(text)):
        with pytest.raises(ValueError, match="damaged"):
            read_edits(text[:end], N, 3)


@pytest.mark.parametrize(
    "raw",
    [bytes(N - 1), bytes(N + 1), b"", bytes([3] * N), bytes([254] * N)],
    ids=["too short", "too long", "empty", "a fourth class", "a strange class"],
)
def test_edits_of_another_data_set_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="of another data set"):
        read_edits(packed(raw), N, 3)


def test_a_text_that_unpacks_to_megabytes_is_refused_without_unpacking_it() -> None:
    deflate = zlib.compressobj(9)
    chunk = bytes(2**20)
    bomb = b"".join(deflate.compress(chunk) for _ in range(50)) + deflate.flush()
    text = base64.urlsafe_b64encode(bomb).decode()
    tracemalloc.start()
    with pytest.raises(ValueError, match="of another data set"):
        read_edits(text, N, 3)
    assert tracemalloc.get_traced_memory()[1] < 4 * len(text) + 100_000
    tracemalloc.stop()


def test_a_few_edits_are_a_few_characters_and_all_of_them_still_fit() -> None:
    rng = np.random.default_rng(0)
    lengths = {}
    for n, edited in ((1500, 1), (1500, 10), (1500, 200), (1500, 1500), (3000, 3000)):
        rows = np.sort(rng.choice(n, edited, replace=False)).tolist()
        lengths[n, edited] = len(write_edits(tuple((row, int(rng.integers(3))) for row in rows), n))
    print("\n(points, edited): characters", lengths)
    assert lengths[1500, 1] <= 40
    assert lengths[1500, 10] <= 80
    assert lengths[3000, 3000] <= 1150


def test_a_later_edit_covers_an_earlier_one() -> None:
    assert merge(((1, 0), (5, 2)), [5, 3], 1) == ((1, 0), (3, 1), (5, 1))
    assert merge((), [], 1) == ()
