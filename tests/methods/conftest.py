"""One thread: tiny batches on two busy cores lose more to a second one than they gain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.core.threads import threads


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threads(1):
        yield
