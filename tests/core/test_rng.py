"""Seeds and streams: the same ones the same numbers, other ones others, and nobody's global state is touched."""

from __future__ import annotations

import random

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.rng import numpy_rng, torch_rng

seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, stream=st.text(max_size=8))
@settings(max_examples=30, deadline=None)
def test_a_seed_and_a_stream_fix_the_numbers(seed: int, stream: str) -> None:
    assert (numpy_rng(seed, stream).random(5) == numpy_rng(seed, stream).random(5)).all()
    a, b = (torch.rand(5, generator=torch_rng(seed, stream)) for _ in range(2))
    assert torch.equal(a, b)


@given(seed=seeds, other=seeds)
@settings(max_examples=30, deadline=None)
def test_other_seeds_and_other_streams_give_other_numbers(seed: int, other: int) -> None:
    draws = {(s, t): float(numpy_rng(s, t).random()) for s in {seed, other} for t in ("", "noise", "init")}
    assert len(set(draws.values())) == len(draws)
    draws = {
        (s, t): float(torch.rand(1, generator=torch_rng(s, t), dtype=torch.float64).item())
        for s in {seed, other}
        for t in ("", "noise", "init")
    }
    assert len(set(draws.values())) == len(draws)


def test_the_numbers_are_the_same_on_every_machine() -> None:
    assert numpy_rng(0, "noise").integers(1000, size=4).tolist() == [268, 336, 605, 640]
    assert torch_rng(0, "noise").initial_seed() == 3104957467320807101


def test_streams_of_one_seed_are_not_correlated() -> None:
    a, b = (numpy_rng(3, stream).standard_normal(20_000) for stream in ("a", "b"))
    assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(20_000)


def test_no_global_state_is_touched() -> None:
    def states() -> list[object]:
        return [random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()]  # noqa: NPY002

    before = states()
    numpy_rng(1, "x").random(10)
    torch.rand(10, generator=torch_rng(1, "x"))
    assert states() == before
