"""How much memory there is, from the machine and from a container's limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.core import memory


def test_a_container_may_have_less_than_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LIMITS", ())
    machine = memory.usable_memory()
    assert machine > 2**28
    for text, expected in (("max\n", machine), ("1048576\n", 2**20), (str(2**62), machine)):
        (tmp_path / "limit").write_text(text)
        monkeypatch.setattr(memory, "LIMITS", (str(tmp_path / "limit"), str(tmp_path / "absent")))
        assert memory.usable_memory() == expected
