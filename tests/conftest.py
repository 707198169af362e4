"""What all tests share."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

# No test writes to the history of whoever runs it, and MLflow follows only where a test is about it.
HOME = os.environ["LAB_HOME"] = tempfile.mkdtemp(prefix="lab-tests-")
os.environ["LAB_MLFLOW"] = "off"
SLOW_PATIENCE = 1200  # seconds; a claim trains for minutes, and much longer where the machine is shared


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(HOME, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: what they measure needs the machine, and the quick tests tell more in less time."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    for item in items:
        if item.get_closest_marker("slow") is not None:
            item.add_marker(pytest.mark.timeout(SLOW_PATIENCE))
