"""The benchmark runs, so that it can not rot unseen; its figures mean nothing at this size."""

from __future__ import annotations

from lab.bench.neighbors import main


def test_the_benchmark_runs_and_names_every_bar(capsys):
    main(quick=True)
    printed = capsys.readouterr().out
    assert printed.count("bar 1.15") == printed.count("bar 100") == 2
    assert printed.count("bar 0.995") == 2
    assert printed.count("bar 0.25 at 200") == printed.count("bar 0.05") == 1
