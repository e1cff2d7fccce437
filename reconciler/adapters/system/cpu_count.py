"""How much of this machine is ours."""

from __future__ import annotations

import os
from pathlib import Path


def memory() -> int:
    """Bytes that processes here may use: the machine's, or what its control group leaves of them."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):  # not Linux, no such group, or "max"
        return total


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
