"""A child process that misbehaves on demand, to hold `adapters.children`, `forked` and `crew` against.

It follows `reconciler.workers.request_loop` (with --nursery, `reconciler.workers.fork_server`) until it is asked for
something else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

from reconciler.errors import DataError
from reconciler.workers.fork_server import run

HOARD = 300 * 1024**2  # bytes


def echo(text: str) -> str:
    return text


def environment(_: str) -> tuple[str, ...]:
    """The names in our environment, and where modules come from first."""
    return (*sorted(os.environ), f"path: {sys.path[0]}")


def hang(_: str) -> NoReturn:
    while True:
        time.sleep(3600)


def hoard(_: str) -> NoReturn:
    held = bytearray(HOARD)
    for page in range(0, HOARD, 4096):
        held[page] = 1
    hang("")


def hoard_elsewhere(_: str) -> NoReturn:
    """What we start holds the memory; we hold none."""
    subprocess.Popen([sys.executable, "-c", f"held = bytearray(b'x') * {HOARD}; import time; time.sleep(3600)"])
    hang("")


def remember(text: str) -> tuple[str, ...]:
    """What was remembered here before, and our process, the one that it came from, and our threads."""
    REMEMBERED.append(text)
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    return (*REMEMBERED[:-1], f"process {os.getpid()}", f"of {os.getppid()}", f"threads {threads}")


REMEMBERED: list[str] = []


def share(threads: int) -> None:
    os.environ["OMP_NUM_THREADS"] = str(threads)


def die(number: str) -> NoReturn:
    os.kill(os.getpid(), int(number))
    hang("")


def leave(code: str) -> NoReturn:
    os._exit(int(code))


def leave_somebody(pid_file: str) -> NoReturn:
    """Ends, and what it started does not; whose number is in the file `told`."""
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    Path(pid_file).write_text(str(started.pid))
    os._exit(3)


def refuse(text: str) -> NoReturn:
    raise DataError(text, code="E401", hint="try another", where="t.csv:2")


def break_down(text: str) -> NoReturn:
    raise ZeroDivisionError(text)


def chatter(text: str) -> str:
    """Much on every stream that a library could write to."""
    for _ in range(3000):
        for stream in (sys.stdout, sys.stderr):
            stream.write(text * 10 + "\n")
    return text


if __name__ == "__main__":
    answers = os.dup(1)

    def say(text: str) -> str:
        """These very bytes to the parent, before the answer."""
        os.write(answers, text.encode())
        return text

    run(
        {
            name: (str, operation)
            for name, operation in {
                "echo": echo,
                "environment": environment,
                "hang": hang,
                "hoard": hoard,
                "hoard elsewhere": hoard_elsewhere,
                "remember": remember,
                "die": die,
                "leave": leave,
                "leave somebody": leave_somebody,
                "refuse": refuse,
                "break": break_down,
                "chatter": chatter,
                "say": say,
            }.items()
        },
        share=share,
    )
