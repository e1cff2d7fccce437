"""Workers forked from a process that has imported scikit-learn and DuckDB, instead of started cold.

Three quarters of the time of a command that trains, scores or reads tables go into these imports. `WarmWorkers` writes
a program that commands of `tests.support.warm_start` take for their Python. It hands its streams, arguments and
environment to the process that this file is when run as a program, and ends as the worker ends that is forked there: a
fork server of training or scoring, or a worker of data, which is killed when the program is. Other modules, and an
environment other than that process's, are left to the real Python. Of ours, what all workers import is imported ahead.

The memory of a worker of data is not seen by the caps: they look at the program.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import platform
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

if __name__ != "__main__":
    from reconciler.core.spec.runtime import fixed_environment

IMPORTED = (
    *("reconciler.ports", "reconciler.workers.fork_server"),
    *("duckdb", "pyarrow.compute", "pyarrow.parquet"),
    *("sklearn.compose", "sklearn.ensemble", "sklearn.impute", "sklearn.linear_model", "sklearn.pipeline", "skops.io"),
)
MAY_DIFFER = ("HOME", "PATH", "TMPDIR")  # no library looks at them while it is imported

PROGRAM = """\
#!{python} -I
import json, os, signal, socket, sys
code = ""
if sys.argv[-1] in ("--fork-server", "reconciler.data"):
    request = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
    body = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect({address!r})
        socket.send_fds(server, [len(body).to_bytes(4)], [0, 1, 2])
        server.sendall(body)
        code = server.recv(16).decode()
if not code:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
if int(code) < 0:
    signal.signal(-int(code), signal.SIG_DFL)
    os.kill(os.getpid(), -int(code))
os._exit(int(code))
"""


class WarmWorkers:
    """Forks workers of one Python with one environment. `program` stands for that Python."""

    def __init__(self, python: str, environment: dict[str, str]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="warm-"))
        address = self._folder / "workers"
        program = self._folder / "python"
        program.write_text(PROGRAM.format(python=python, address=str(address)))
        program.chmod(0o755)
        self.program = str(program)
        over, self._over = os.pipe()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(address))
            listener.listen(64)
            fixed = fixed_environment(environment, architecture=platform.machine())
            command = [python, "-P", "-s", __file__, str(over)]
            self._process = subprocess.Popen(command, stdin=listener, env=fixed, pass_fds=[over])
        os.close(over)

    def close(self) -> None:
        """End the process that workers are forked from."""
        os.close(self._over)
        self._process.wait()
        shutil.rmtree(self._folder)


def _serve(listener: socket.socket, over: int, started: dict[str, str]) -> str:
    """Fork for each request; return the module to run in the process that is to run it."""
    signal.signal(signal.SIGCHLD, _reap)
    while True:
        if over in select.select([listener, over], [], [])[0]:
            os._exit(0)
        connection, _ = listener.accept()
        if os.fork() == 0:
            os.close(over)
            listener.close()
            return _answer(connection, started)
        connection.close()


def _reap(*_: object) -> None:
    """Wait for the children that have ended: what they used is counted, and nothing of them stays."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _answer(connection: socket.socket, started: dict[str, str]) -> str:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _, _ = socket.recv_fds(connection, 4, 3)
    body = b""
    while len(body) < int.from_bytes(length):
        body += connection.recv(int.from_bytes(length) - len(body))
    request = json.loads(body)
    # As `reconciler.adapters.executors.worker_process` calls Python.
    flags, (module, *server) = request["arguments"][:3], request["arguments"][3:]
    if flags != ["-P", "-s", "-m"] or _read(request["environment"]) != _read(started):
        os._exit(0)  # without an answer: to be started cold
    worker = os.fork()
    if worker:
        for stream in streams:
            os.close(stream)
        with os.fdopen(os.pidfd_open(worker)) as ended:
            if connection in select.select([ended, connection], [], [])[0] and not server:
                os.kill(worker, signal.SIGKILL)  # as the program was; a fork server sees the end of its caller itself
        code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
        with contextlib.suppress(BrokenPipeError):
            connection.sendall(str(code).encode())
        os._exit(0)
    connection.close()
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.update({name: request["environment"][name] for name in MAY_DIFFER if name in request["environment"]})
    sys.argv[1:] = server
    return str(module)


def _read(environment: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if name not in MAY_DIFFER}


if __name__ == "__main__":
    listener = socket.socket(fileno=os.dup(0))
    started = dict(os.environ)  # libraries add to it
    for library in IMPORTED:
        import_module(library)
    gc.freeze()
    runpy.run_module(_serve(listener, int(sys.argv[1]), started), run_name="__main__", alter_sys=True)
