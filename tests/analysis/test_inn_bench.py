"""The benchmark runs, so that it can not rot unseen; its figures mean nothing at this size."""

from __future__ import annotations

from lab.bench.inn import main


def test_the_benchmark_runs_names_every_bar_and_counts_every_pass(capsys):
    main(quick=True)
    printed = capsys.readouterr().out
    for bar in ("bar 4", "bar 25", "bar 3.5", "bar 1e-6", "bar .9999"):
        assert printed.count(bar) == (4 if bar == "bar 4" else 2)
    assert "expected" not in printed
