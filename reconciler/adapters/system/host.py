"""Time, ids, processors and memory of this machine. Time and ids are labels: they decide nothing but freshness."""

from __future__ import annotations

import contextlib
import os
import subprocess
import uuid
from datetime import UTC, datetime
from pathlib import Path


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def new_id() -> str:
    return uuid.uuid4().hex


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> int:
    """Return the bytes that processes here may use: the machine's, or the limit of its control group."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):  # not Linux, no such group, or "max"
        return total


def resident_memory(process: int) -> int:
    """Return the bytes of physical memory of a process and all that it started; 0 when that is unknown."""
    return _resident(process) + sum(resident_memory(started) for started in started_by(process))


def started_by(process: int) -> list[int]:
    """Return the ids of the processes that a process started, where the system knows them (Linux)."""
    started: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            started += map(int, (thread / "children").read_text().split())
    return started


def _resident(process: int) -> int:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        pass  # no /proc on this system
    try:
        ran = subprocess.run(["/bin/ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=False)
        return int(ran.stdout.strip() or 0) * 1024
    except (OSError, ValueError):
        return 0
