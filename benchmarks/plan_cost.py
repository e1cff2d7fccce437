"""Measure a command: wall time, and processor time with its children, which a busy machine does not distort."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """The cost of a process with all its children, in seconds; `memory`: the largest of any of them, in MB."""

    wall: float
    cpu: float
    memory: float


def cost(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command in `folder` and return its cost. Raises CalledProcessError when it fails."""
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    # In KiB on Linux. A process just forked from this one reports at least the memory of this one.
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def median_wall(costs: Sequence[Cost]) -> float:
    """Return the median wall time in seconds."""
    return statistics.median(run.wall for run in costs)


def tell(name: str, costs: Sequence[Cost]) -> None:
    """Print one line: medians, smallest and largest."""
    wall, cpu = [run.wall for run in costs], [run.cpu for run in costs]
    print(
        f"{name:27} {statistics.median(wall):7.3f} s  [{min(wall):.3f} - {max(wall):.3f}]"
        f"   cpu {statistics.median(cpu):7.3f} s  [{min(cpu):.3f} - {max(cpu):.3f}]"
        f"   {max(run.memory for run in costs):4.0f} MB",
        flush=True,
    )


def tell_if_busy() -> None:
    """Warn when the machine is too busy for wall times."""
    if os.getloadavg()[0] > (os.cpu_count() or 1) + 1:
        print("(This machine is busy: compare the cpu column only, or run again when it is idle.)")
