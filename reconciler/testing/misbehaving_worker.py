"""A worker process that misbehaves on demand, for tests of whatever starts and caps worker processes.

It follows `reconciler.workers.request_loop` (with --fork-server, `reconciler.workers.fork_server`) until a request
makes it do otherwise.
"""

from __future__ import annotations

import os
import runpy
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
    """Return the names in our environment, and the first folder that modules are imported from."""
    return (*sorted(os.environ), f"path: {sys.path[0]}")


def hang(_: str) -> NoReturn:
    while True:
        time.sleep(3600)


def hoard(_: str) -> NoReturn:
    held = bytearray(HOARD)
    for page in range(0, HOARD, 4096):
        held[page] = 1
    hang("")


def grab(_: str) -> NoReturn:
    """Ask for more memory than any machine has."""
    bytearray(2**62)
    hang("")


def hoard_elsewhere(_: str) -> NoReturn:
    """Hold the memory in a process that we start, and none ourselves."""
    subprocess.Popen([sys.executable, "-c", f"held = bytearray(b'x') * {HOARD}; import time; time.sleep(3600)"])
    hang("")


def remember(text: str) -> tuple[str, ...]:
    """Return earlier texts that this process was given, its process id, its parent's, and its OpenMP threads."""
    REMEMBERED.append(text)
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    return (*REMEMBERED[:-1], f"process {os.getpid()}", f"of {os.getppid()}", f"threads {threads}")


REMEMBERED: list[str] = []


def die(number: str) -> NoReturn:
    os.kill(os.getpid(), int(number))
    hang("")


def leave(code: str) -> NoReturn:
    os._exit(int(code))


def leave_orphan(pid_file: str) -> NoReturn:
    """End, and leave a process running, whose id is in `pid_file`."""
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    Path(pid_file).write_text(str(started.pid))
    os._exit(3)


def load(model_file: str) -> str:
    """Load a file as a library with a hole would, which runs whatever it says; return what that raised."""
    try:
        runpy.run_path(model_file)
    except OSError as error:
        return f"{type(error).__name__} {error.errno}"
    return "nothing was raised"


def refuse(text: str) -> NoReturn:
    raise DataError(text, code="E401", hint="try another", where="t.csv:2")


def break_down(text: str) -> NoReturn:
    raise ZeroDivisionError(text)


def chatter(text: str) -> str:
    """Write much to every stream that a library could write to."""
    for _ in range(3000):
        for stream in (sys.stdout, sys.stderr):
            stream.write(text * 10 + "\n")
    return text


if __name__ == "__main__":
    answers = os.dup(1)

    def flood(text: str) -> NoReturn:
        """Write this text to the parent as often as somebody reads it."""
        while True:
            os.write(answers, text.encode() * 4096)

    def nest(count: str) -> NoReturn:
        """Answer with a list of so many empty lists."""
        with os.fdopen(answers, "wb") as stream:
            stream.write(b'{"ok":[' + b"[]," * int(count) + b"[]]}\n")
        hang("")

    def say(text: str) -> str:
        """Write exactly this text to the parent, before the answer."""
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
                "grab": grab,
                "hoard elsewhere": hoard_elsewhere,
                "remember": remember,
                "die": die,
                "leave": leave,
                "leave orphan": leave_orphan,
                "load": load,
                "refuse": refuse,
                "break": break_down,
                "chatter": chatter,
                "say": say,
                "flood": flood,
                "nest": nest,
            }.items()
        },
    )
