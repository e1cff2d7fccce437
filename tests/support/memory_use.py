"""Programs of which a test says how much memory they take: measured by the kernel, or refused beyond a limit.

As a program: run a command, then write its exit code and peak to standard error. A process of its own, since a child
counts the pages of the process that started it until it is another program.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

MIB = 1024**2
_LINE = re.compile(r"(-?\d+) (\d+)\n\Z")


def peak_of(*command: str, cwd: Path, environment: Mapping[str, str]) -> tuple[int, str, int]:
    """Return (exit code, standard output and error, bytes): the peak of resident memory of the command, or of the
    largest process that it started and waited for."""
    ran = subprocess.run(
        [sys.executable, "-I", __file__, *command],
        cwd=cwd,
        env=dict(environment),
        check=False,
        capture_output=True,
        text=True,
    )
    last = _LINE.search(ran.stderr)
    assert last is not None, ran.stderr
    return int(last[1]), ran.stdout + ran.stderr[: last.start()], int(last[2])


def in_little_memory(program: str, *arguments: str, megabytes: int) -> str:
    """Run a Python program that may map so much memory and no more; return its standard output."""
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({megabytes * MIB},) * 2)\n{program}"
    ran = subprocess.run([sys.executable, "-P", "-c", limited, *arguments], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


if __name__ == "__main__":
    process = subprocess.Popen(sys.argv[1:])
    _, status, usage = os.wait4(process.pid, 0)
    size = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    sys.stderr.write(f"{os.waitstatus_to_exitcode(status)} {size}\n")
