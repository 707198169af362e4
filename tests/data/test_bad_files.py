"""Whatever is uploaded, there is a right result or one sentence, and nothing in it runs."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lab.core.rng import numpy_rng
from lab.data.upload_export import corrected_bytes
from lab.data.uploaded import UploadedData
from lab.data.uploads import read_upload
from lab.specs import Upload
from lab.specs.uploads import UploadLimits
from tests.data.bad_files import CASES, GOOD, Case

LIMITS = UploadLimits()
MOST_SECONDS, MOST_BYTES = 10, 10**9
QUICK = 7  # one of so many is read in the quick tests


def read(path: Path, case: Case) -> UploadedData | str:
    """What is read, or what is said."""
    try:
        return read_upload(path, Upload(digest="0" * 32, suffix=case.suffix, label=case.label), LIMITS)
    except ValueError as error:
        return str(error)


def judge(case: Case, found: UploadedData | str) -> None:
    if isinstance(found, str):
        assert case.sentence is not None, found
        assert case.sentence in found, found
        assert "\n" not in found.strip()
        assert len(found) < 700, len(found)
        assert "Traceback" not in found
        found.encode()
        return
    assert case.right is not None, (found.kind, found.n_rows, found.classes[:5], found.notes)
    case.right(found)
    assert len(found.rows) == len(found.y_given)
    assert max(len(note) for note in ("", *found.notes)) < 500
    json.dumps([found.classes, found.notes, found.label, found.names]).encode()


def name_of(case: Case) -> str:
    return f"{case.suffix[1:]}: {case.name}".encode("ascii", "replace").decode()


def test_there_are_200_of_them() -> None:
    assert len(CASES) >= 200
    assert len({name_of(case) for case in CASES}) > 0.98 * len(CASES)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name_of(case), marks=() if i % QUICK == 0 else pytest.mark.slow)
        for i, case in enumerate(case for case in CASES if not case.heavy)
    ],
)
def test_a_file_is_read_right_or_refused_in_one_sentence(case: Case, tmp_path: Path, monkeypatch) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    path = inside / f"{'0' * 32}{case.suffix}"
    path.write_bytes(case.make())
    judge(case, found := read(path, case))
    assert [p.name for p in tmp_path.rglob("*")] == ["inside", path.name], "something was written"
    if isinstance(found, UploadedData):
        write_back(path, case, found)


def write_back(path: Path, case: Case, found: UploadedData) -> None:
    """No decision gives the same bytes; one that changes no label gives the same labels."""
    upload = Upload(digest="0" * 32, suffix=case.suffix, label=found.label)
    assert corrected_bytes(path, upload, (), LIMITS) == path.read_bytes()
    keep = (int(found.rows[0]), "keep", None)
    if "a length that lies" in case.name:  # what can not be read whole can not be copied
        with pytest.raises(ValueError, match="must be a whole ZIP"):
            corrected_bytes(path, upload, (keep,), LIMITS)
        return
    path.write_bytes(corrected_bytes(path, upload, (keep,), LIMITS, protect=False))
    label = None if case.suffix == ".zip" else found.label
    again = read_upload(path, Upload(digest="0" * 32, suffix=case.suffix, label=label), LIMITS)
    assert labels_by_row(again) == labels_by_row(found)


def labels_by_row(data: UploadedData) -> dict[int | str, str]:
    return dict(zip(data.names or data.rows.tolist(), (data.classes[c] for c in data.y_given), strict=True))


def hurt(data: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes changed, lost, added or moved."""
    out = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        at, other = rng.integers(len(out), size=2)
        way = rng.integers(5)
        if way == 0:
            out[at] = rng.integers(256)
        elif way == 1:
            del out[at : at + rng.integers(1, 20)]
        elif way == 2:
            out[at:at] = rng.bytes(int(rng.integers(1, 20)))
        elif way == 3:
            out[at : at + 4] = b"\xff" * 4
        else:
            out[at : at + 8] = out[other : other + 8]
    return bytes(out)


@pytest.mark.parametrize("n", [40, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("suffix", GOOD)
def test_no_damage_ends_in_anything_but_a_result_or_a_sentence(suffix: str, n: int, tmp_path: Path) -> None:
    rng, data = numpy_rng(0, suffix), GOOD[suffix]()
    path, upload = tmp_path / f"t{suffix}", Upload(digest="0" * 32, suffix=suffix)
    for _ in range(n):
        path.write_bytes(hurt(data, rng))
        try:
            found = read_upload(path, upload, LIMITS)
            corrected_bytes(path, replace(upload, label=found.label), ((int(found.rows[0]), "drop", None),), LIMITS)
        except ValueError as error:
            said = str(error)
            assert re.search(" must be |is not here", said), said
            assert "\n" not in said


@pytest.mark.slow
def test_each_takes_less_than_10_seconds_and_1_gigabyte(tmp_path: Path) -> None:
    """In one process, whose highest memory is that of the worst file."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.data.test_bad_files", str(tmp_path)], capture_output=True, text=True
    )
    print(run.stdout[-3000:], run.stderr[-3000:])
    assert run.returncode == 0
    measured = json.loads(run.stdout.splitlines()[-1])
    assert measured["files"] == len(CASES)
    assert measured["seconds"] < MOST_SECONDS
    assert measured["bytes"] < MOST_BYTES


def main(folder: Path) -> None:
    """Read all of them; the last line has the longest time of the processor and the highest memory."""
    longest, peak = 0.0, 0
    for i, case in enumerate(CASES):
        path = folder / f"{i}{case.suffix}"
        if case.heavy:
            subprocess.run([sys.executable, "-c", MAKE, str(i), str(path)], check=True)
        else:
            path.write_bytes(case.make())
        before = time.process_time()
        found = read(path, case)
        seconds, peak = time.process_time() - before, highest_memory()
        longest = max(longest, seconds)
        said = found if isinstance(found, str) else found.kind
        print(f"{seconds:6.2f} s {peak / 1e6:5.0f} MB  {name_of(case)}: {said}"[:200])
        judge(case, found)
        path.unlink()
    print(json.dumps({"files": len(CASES), "seconds": longest, "bytes": peak}))


def highest_memory() -> int:
    """Bytes. Of this process alone: on Linux `getrusage` counts what its parent had when it was born."""
    status = Path("/proc/self/status")
    if status.is_file() and (found := re.search(r"VmHWM:\s*(\d+) kB", status.read_text())):
        return 1024 * int(found[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


MAKE = """
import sys; from pathlib import Path; from tests.data.bad_files import CASES
Path(sys.argv[2]).write_bytes(CASES[int(sys.argv[1])].make())
"""

if __name__ == "__main__":
    main(Path(sys.argv[1]))
