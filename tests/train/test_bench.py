"""The benchmark runs, so that it can not rot unseen; its figures mean nothing at this size."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.bench.train import main


@pytest.mark.slow  # its rival brings torch's compiler along
def test_the_benchmark_runs_and_names_every_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    monkeypatch.delenv("LAB_DATA", raising=False)
    main(quick=True)
    said = capsys.readouterr().out
    assert "(bar 3)" in said
    assert "(bar 1.5)" in said
    assert "LAB_DATA has no Fashion-MNIST" in said
