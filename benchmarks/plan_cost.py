"""What a command costs: wall time, and its and its children's processor time, which a busy machine does not bend."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """Of one process with all its children, in seconds; `memory`: the most that any of them held, in MB."""

    wall: float
    cpu: float
    memory: float


def cost(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Cost:
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as ran:
        _, status, used = os.wait4(ran.pid, 0)
        wall = time.perf_counter() - started
        ran.returncode = os.waitstatus_to_exitcode(status)
    if ran.returncode != 0:
        raise subprocess.CalledProcessError(ran.returncode, command)
    # In KiB on Linux; a process that was just forked from this one seems to hold as much as this one.
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def median_wall(costs: Sequence[Cost]) -> float:
    return statistics.median(one.wall for one in costs)


def tell(name: str, costs: Sequence[Cost]) -> None:
    """One line: medians, and the least and the most."""
    wall, cpu = [one.wall for one in costs], [one.cpu for one in costs]
    print(
        f"{name:24} {statistics.median(wall):7.3f} s  [{min(wall):.3f} - {max(wall):.3f}]"
        f"   cpu {statistics.median(cpu):7.3f} s  [{min(cpu):.3f} - {max(cpu):.3f}]"
        f"   {max(one.memory for one in costs):4.0f} MB",
        flush=True,
    )


def tell_if_busy() -> None:
    if os.getloadavg()[0] > (os.cpu_count() or 1) + 1:
        print("(This machine is busy with other things: believe the cpu column only, and run again when it is quiet.)")
