"""`lab bench correct` runs: one correction on few rows beside its search."""

from __future__ import annotations

from lab.bench.correct import steps


def test_the_benchmark_times_a_correction_beside_its_search() -> None:
    found = steps(600, 1)
    assert set(found) == {"IterKNN", "SelKNN"}
    assert all(correction > 0 and search > 0 for correction, search in found.values())
