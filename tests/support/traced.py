"""Run functions in processes that strace follows from their first call on, and may kill at any of their system calls.

A process costs as little as a fork: it is made by a program that has imported the functions' module, and stands still
until strace has attached to it. Run as a program, this file is the one that forks.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import TracebackType

if sys.platform == "linux":
    _ANYBODY_MAY_TRACE = (0x59616D61, ctypes.c_ulong(-1))  # PR_SET_PTRACER, PR_SET_PTRACER_ANY of prctl(2)


class Traced:
    """Runs the functions of a module, whose arguments are text."""

    def __init__(self, module: str) -> None:
        command = [sys.executable, "-B", "-P", "-m", __name__, module]
        self._forker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Traced:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._forker.communicate()

    def run(self, function: str, *arguments: str, log: Path, options: tuple[str, ...]) -> tuple[int, str]:
        """Return the exit code (negative: the signal that ended it) and the standard output of one run.

        `options` are those of strace: which calls it writes to `log`, and what it injects.
        """
        out = log.with_name(f"{log.name}.out")
        assert self._forker.stdin is not None
        self._forker.stdin.write(json.dumps([function, arguments, str(out)]) + "\n")
        self._forker.stdin.flush()
        process = int(self._said())
        strace = ["strace", "-f", "-o", str(log), *options, "-p", str(process)]
        with subprocess.Popen(strace, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr is not None
            attached = tracer.stderr.readline()
            os.kill(process, signal.SIGCONT if "attached" in attached else signal.SIGKILL)
            complaint = tracer.stderr.read()  # to its end: the log is whole
        assert "attached" in attached, attached + complaint
        return int(self._said()), out.read_text()

    def _said(self) -> str:
        assert self._forker.stdout is not None
        return self._forker.stdout.readline()


def _main(module: str) -> None:
    functions = import_module(module)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            function, arguments, out = json.loads(line)
            output = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            ctypes.CDLL(None).prctl(*_ANYBODY_MAY_TRACE)
            os.kill(os.getpid(), signal.SIGSTOP)
            getattr(functions, function)(*arguments)
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(process, os.WUNTRACED)
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1])
