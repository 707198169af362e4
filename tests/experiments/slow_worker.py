"""A worker module that takes long to load."""

import time

from stub_worker import compute

time.sleep(2.5)

__all__ = ["compute"]
