"""How much memory there is."""

from __future__ import annotations

import os
from pathlib import Path

LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container


def usable_memory() -> int:
    """Bytes of main memory that this process may hope for: the machine's, or the container's if that is less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    texts = [Path(limit).read_text().strip() for limit in LIMITS if Path(limit).is_file()]
    return min([machine, *(int(text) for text in texts if text.isdigit())])
