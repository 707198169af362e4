"""The peers of `lab bench theory` compute the same thing, so that their times can be compared; and the benchmark runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import comb

from lab.analysis.plurality import plurality_accuracy
from lab.bench import theory


@pytest.mark.parametrize(
    "peer", [pytest.param(theory.nested_sums_as_written, marks=pytest.mark.slow), theory.nested_sums_in_loops]
)
def test_both_forms_of_the_nested_sums_equal_the_contour_sum(peer: Callable) -> None:
    for k, n_classes in [(1, 2), (7, 3), (12, 4), (20, 10)]:
        q, _ = theory.rows(4, n_classes, 1.0)
        choose = comb(np.arange(k + 1)[:, None], np.arange(k + 1)[None])
        ours = plurality_accuracy(q, k, np.zeros(4, int))
        np.testing.assert_allclose(peer(q, k, choose), ours, atol=1e-13, rtol=0)


@pytest.mark.slow
def test_the_benchmark_prints_every_figure_beside_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    theory.main(quick=True)
    printed = capsys.readouterr().out
    assert [printed.count(f"(bar {bar})") for bar in (100, 6, 3, 2)] == [1, 1, 1, 2]
