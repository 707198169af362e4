import pytest

from lab.core.threads import threads


@pytest.fixture(autouse=True)
def one_thread():
    with threads(1):
        yield
