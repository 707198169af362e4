"""The benchmark runs, so that it can not rot unseen; its figures mean nothing at this size."""

from __future__ import annotations

from lab.analysis.detect import detectors
from lab.bench.detect import main


def test_the_benchmark_runs_and_names_every_detector_and_the_bar(capsys):
    main(quick=True)
    printed = capsys.readouterr().out
    for name in detectors():
        assert f"\n  {name} (" in printed
    assert "bar .88, peers under .80" in printed
    assert "random forest, margin" in printed
    assert "nan" not in printed
