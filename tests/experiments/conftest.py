import os
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for stub_worker, here and in the worker processes


@pytest.fixture(scope="session")
def stub_path():
    """The environment in which child processes find `lab` and `stub_worker`."""
    paths = [str(HERE), str(HERE.parents[1])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        yield


@pytest.fixture(scope="module")
def engine(stub_path):
    from lab.experiments.engine import Engine

    engine = Engine("stub_worker")
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def wait_until(claim, seconds=20.0):
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.005)
