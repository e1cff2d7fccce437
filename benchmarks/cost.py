"""What a command costs: wall time, and its and its children's processor time, which a busy machine does not bend."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """Of one process with all its children, in seconds."""

    wall: float
    cpu: float


def cost(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Cost:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def median_wall(costs: Sequence[Cost]) -> float:
    return statistics.median(one.wall for one in costs)


def tell(name: str, costs: Sequence[Cost]) -> None:
    """One line: medians, and the least and the most."""
    wall, cpu = [one.wall for one in costs], [one.cpu for one in costs]
    print(
        f"{name:24} {statistics.median(wall):7.3f} s  [{min(wall):.3f} - {max(wall):.3f}]"
        f"   cpu {statistics.median(cpu):7.3f} s  [{min(cpu):.3f} - {max(cpu):.3f}]"
    )


def tell_if_busy() -> None:
    if os.getloadavg()[0] > (os.cpu_count() or 1) + 1:
        print("(This machine is busy with other things: believe the cpu column only, and run again when it is quiet.)")
