"""Workers forked from a process that has imported scikit-learn and DuckDB, instead of started cold.

Three quarters of the time of a command that trains, scores or reads tables go into these imports. `WarmWorkers` writes
a program that commands of `tests.support.warm_start` take for their Python. It hands its streams, arguments and
environment to the process that this file is when run as a program, and ends as the worker ends that is forked there: a
fork server of training or scoring, or a worker of data or of headers, which is killed when the program is. Other
modules, and an environment other than that process's, are left to the real Python. What workers import of ours is
imported ahead, too, and four databases are open.

The memory of a worker of data is not seen by the caps: they look at the program.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import marshal
import os
import platform
import runpy
import select
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

if __name__ != "__main__":
    from reconciler.core.spec.runtime import fixed_environment

IMPORTED = (
    *("reconciler.adapters.sources.files", "reconciler.data.in_process", "reconciler.data.tables.header"),
    *("reconciler.scoring.in_process", "reconciler.training.fit", "reconciler.training.score_folds"),
    *("reconciler.workers.fork_server", "encodings.cp437", "pyarrow.pandas_compat", "rfc8785"),
    *("duckdb", "pyarrow.compute", "pyarrow.parquet", "skops.io", "sklearn.compose", "sklearn.ensemble"),
    *("sklearn.impute", "sklearn.linear_model", "sklearn.pipeline", "sklearn.preprocessing"),
)
MAY_DIFFER = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
"""No library looks at them while it is imported; and what a locale decides at a start is decided in UTF-8."""

PROGRAM = """\
#!{python} -IS
import _signal, _socket, marshal, posix, sys
code = b""
if sys.argv[-1] in ("--fork-server", "reconciler.data", "reconciler.data.tables"):
    body = marshal.dumps((sys.argv[1:], dict(posix.environ), posix.getcwd()))
    server = _socket.socket(_socket.AF_UNIX)
    server.connect({address!r})
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    server.sendmsg([len(body).to_bytes(4)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    server.sendall(body)
    code = server.recv(16)
if not code:
    posix.execv({python!r}, [{python!r}, *sys.argv[1:]])
if int(code) < 0:
    _signal.signal(-int(code), _signal.SIG_DFL)
    posix.kill(posix.getpid(), -int(code))
posix._exit(int(code))
"""
"""Each worker starts it, so it imports no module that is written in Python."""


class WarmWorkers:
    """Forks workers of one Python with one environment. In the folder, the program `python` stands for that Python."""

    def __init__(self, python: str, environment: dict[str, str], folder: Path) -> None:
        address = folder / "workers"
        address.unlink(missing_ok=True)
        program = folder / "python"
        program.write_text(PROGRAM.format(python=python, address=str(address)))
        program.chmod(0o755)
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


def _serve(listener: socket.socket, over: int, started: dict[str, str]) -> str:
    """Fork for each request; return the module to run in the process that is to run it."""
    running: dict[int, Running] = {}  # by pidfd
    while True:
        callers = {worker.connection: worker for worker in running.values() if worker.watched}
        for ready in select.select([listener, over, *running, *callers], [], [])[0]:
            if ready == over:
                os._exit(0)
            elif ready is listener:
                connection, _ = listener.accept()
                module = _answer(connection, running, started)
                if module is not None:
                    os.close(over)
                    listener.close()
                    return module
            elif ready in running:
                running.pop(ready).end(ready)
            elif ready.fileno() >= 0:  # not closed a moment ago, when its worker ended
                callers[ready].lose_caller()


@dataclass
class Running:
    """A worker, and the connection to the program that stands for it, as long as that is watched."""

    process: int
    connection: socket.socket
    serves: bool
    watched: bool = True

    def lose_caller(self) -> None:
        """End a worker of data as its program was ended; a fork server sees the end of its caller itself."""
        self.watched = False
        if not self.serves:
            os.kill(self.process, signal.SIGKILL)

    def end(self, pidfd: int) -> None:
        """Tell the program how the worker ended."""
        code = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        with contextlib.suppress(OSError), self.connection:
            self.connection.sendall(str(code).encode())
        os.close(pidfd)


def _answer(connection: socket.socket, running: dict[int, Running], started: dict[str, str]) -> str | None:
    """Fork the worker that is asked for; return its module in that worker, and None here."""
    length, streams, _, _ = socket.recv_fds(connection, 4, 3)
    body = b""
    while (part := connection.recv(int.from_bytes(length) - len(body))) if len(body) < int.from_bytes(length) else b"":
        body += part
    worker = None
    if length and len(body) == int.from_bytes(length):  # else the program was killed while it asked
        arguments, environment, folder = marshal.loads(body)  # noqa: S302  (PROGRAM's own words)
        environment = {os.fsdecode(name): os.fsdecode(text) for name, text in environment.items()}
        # As `reconciler.adapters.executors.worker_process` calls Python.
        flags, (module, *server) = arguments[:3], arguments[3:]
        if flags == ["-P", "-s", "-m"] and _read(environment) == _read(started):
            worker = os.fork()
            if worker == 0:
                for pidfd, other in running.items():
                    os.close(pidfd)
                    other.connection.close()
                connection.close()
                _become(streams, environment, folder, server)
                return str(module)
            running[os.pidfd_open(worker)] = Running(worker, connection, bool(server))
    for stream in streams:
        os.close(stream)
    if worker is None:
        connection.close()  # without an answer: to be started cold
    return None


def _become(streams: list[int], environment: dict[str, str], folder: str, arguments: list[str]) -> None:
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.update({name: environment[name] for name in MAY_DIFFER if name in environment})
    sys.argv[1:] = arguments


def _read(environment: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if name not in MAY_DIFFER}


def _learn_forms() -> None:
    """Let the codec look at every type of a value that crosses to a worker and back."""
    fields = import_module("reconciler.codec.fields")
    for name in [name for name in sys.modules if name.startswith(("reconciler.core.", "reconciler.ports."))]:
        for kind in vars(sys.modules[name]).values():
            if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == name:
                fields.members(kind)


if __name__ == "__main__":
    listener = socket.socket(fileno=os.dup(0))
    started = dict(os.environ)  # libraries add to it
    gc.disable()
    for library in IMPORTED:
        import_module(library)
    _learn_forms()
    import_module("reconciler.training.runtime_check").runtime_here()
    import_module("sklearn.utils").check_array([[0.0]])
    # A worker's parser and its first sessions; opened, they are in no thread but ours, which a fork has.
    from reconciler.data.duckdb_session import open_ahead

    open_ahead(4)
    gc.enable()
    gc.freeze()
    runpy.run_path(str(Path(__file__).with_name("huge_pages.py")))["use_huge_pages"]()
    runpy.run_module(_serve(listener, int(sys.argv[1]), started), run_name="__main__", alter_sys=True)
