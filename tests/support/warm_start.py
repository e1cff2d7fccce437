"""Commands forked from a process that has imported what commands import, instead of started cold.

Half of the time of most commands goes into these imports, and `make test` runs more than a thousand. Run as a program,
this file is that process: one for all workers of a test run, started by the first that needs it. It listens at the
socket that is its standard input, and reads requests from each connection; a request gives a new process its arguments,
its environment and its folder, and four descriptors: standard input, output, error, and a pipe for its exit code. It
ends when the last connection does. Cold, as a person starts them, are the first command of each name in each file of
tests in `make soak`, all that a test sends a signal to, and all in another Python or with other variables of Python's
own.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import fcntl
import gc
import json
import os
import runpy
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

if __name__ != "__main__":  # the program has none of our tests on its path
    from tests.support.effort import FULL
    from tests.support.warm_workers import WarmWorkers

# Of ours, what is below these folders; and the libraries of forges, buckets and plots. That no module forgets an import
# is held by mypy and, with commands started cold, by `make soak`; that their order does not matter, by
# `tests/architecture/test_layers.py`: no module imports itself by way of others.
FOLDERS = ("adapters", "app", "cli", "console", "core", "engine", "manifest", "report")
LIBRARIES = (
    *("email.parser", "encodings.utf_16_be", "github", "gitlab", "matplotlib.backends.backend_svg"),
    *("matplotlib.dates", "matplotlib.figure", "obstore.store", "requests", "rfc8785"),
)
PACKAGE = Path(__file__).resolve().parents[2] / "reconciler"
AT_START = ("PYTHON", "LC_", "LANG", "MALLOC_", "LD_")
"""What only the start of a process reads: with other values, a command starts cold."""


class WarmStart:
    """Forks commands. `command` is the Python of both processes that it starts, `environment` their variables.

    They are shared with all that are given the same folder, and end with the last of them: whoever started them waits.
    """

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self._lock = threading.Lock()
        self._started: tuple[WarmWorkers, subprocess.Popen[bytes]] | None = None
        self.workers = str(folder / "python")
        """The program that stands for Python where workers are started."""
        self._requests = socket.socket(socket.AF_UNIX)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            address = folder / "commands"
            if address.exists():
                with contextlib.suppress(ConnectionRefusedError):  # they ended, with the last that needed them
                    self._requests.connect(str(address))
                    return
                address.unlink()
            workers = WarmWorkers(command[0], environment, folder)
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(address))
                listener.listen(64)
                process = subprocess.Popen([*command, __file__], stdin=listener.fileno(), env=environment)
                self._started = workers, process
                self._requests.connect(str(address))

    def run(
        self, arguments: tuple[str, ...], environment: dict[str, str], folder: Path, timeout: float
    ) -> tuple[int, str, str]:
        """Return a command's exit code (negative: the signal that ended it), its standard output and its errors."""
        status, report = os.pipe()
        place = {"folder": str(folder), "python": self.workers}
        request = json.dumps({"arguments": arguments, "environment": environment, **place}).encode()
        with (
            Path(os.devnull).open("rb") as nothing,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
            os.fdopen(status, "rb") as code,
        ):
            with os.fdopen(report, "wb") as theirs:
                descriptors = [stream.fileno() for stream in (nothing, out, err, theirs)]
                # The length goes with the descriptors; the request itself may not fit into one message.
                with self._lock:
                    socket.send_fds(self._requests, [len(request).to_bytes(4)], descriptors)
                    self._requests.sendall(request)
            if not select.select([code], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(list(arguments), timeout)
            said = code.read()
            assert said, "the process that commands are forked from is gone"
            for stream in (out, err):
                stream.seek(0)
            return int(said), _text(out.read()), _text(err.read())

    def close(self) -> None:
        """Need the processes that commands and workers are forked from no more; end those that this one started."""
        self._requests.close()
        if self._started is not None:
            workers, process = self._started
            process.wait()
            workers.close()


def _text(content: bytes) -> str:
    return content.decode().replace("\r\n", "\n")


_STARTED: list[WarmStart] = []
shared: Path | None = None
"""The folder in which the workers of one test run find the processes that they share; None: this one has its own."""
PYTHON = sys.executable  # a test may let it be another (`warm_workers`)
forked_in_soak = False
"""Whether all commands are forked in `make soak`, too, as a test of very many asks (`forked_commands`)."""
_begun: set[tuple[str, str]] = set()
"""In `make soak`: the file of tests and the name of each command that was started cold."""


def is_first(words: tuple[str, ...]) -> bool:
    """Tell whether no command of this name was asked about for this file of tests: `make soak` starts that one cold."""
    name = words[2:3] if words[:1] == ("-C",) else words[:1]
    kind = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[0], *name
    known = kind in _begun
    _begun.add(kind)
    return not known


def warm_start(python: str, environment: dict[str, str], words: tuple[str, ...] | None = None) -> WarmStart | None:
    """Return what commands are forked from in this test run; None for those that are to start cold.

    `words`: what is to be forked; without them, it is asked for the workers of a command that starts cold.
    """
    if (
        (FULL and not forked_in_soak and (words is None or is_first(words)))
        or sys.platform != "linux"
        or python != PYTHON
        or _read(environment) != _read(os.environ)
    ):
        return None
    if not _STARTED:
        _STARTED.append(WarmStart([python, "-P"], environment, shared or shared_folder()))
    return _STARTED[0]


def warm_workers() -> str:
    """Return the program that stands for Python where a test calls our adapters itself, with one OpenMP thread."""
    starter = warm_start(PYTHON, {**os.environ, "OMP_NUM_THREADS": "1"})
    return starter.workers if starter is not None else PYTHON


def shared_folder() -> Path:
    """Make the folder that the workers of one test run share; it is removed at the end of this process."""
    folder = tempfile.mkdtemp(prefix="warm-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _read(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if name.startswith(AT_START)}


def close_all() -> None:
    """End what this test run started."""
    while _STARTED:
        _STARTED.pop().close()


def _serve(listener: socket.socket) -> None:
    """Fork for each request; return in the process that is the command."""
    connections: set[socket.socket] = set()
    reports: dict[int, tuple[int, int]] = {}  # of each running command by its pidfd: its id, and where its code goes
    while True:
        waited: list[socket.socket | int] = [listener, *connections, *reports]
        for ready in select.select(waited, [], [])[0]:
            if ready is listener:
                connections.add(listener.accept()[0])
            elif isinstance(ready, int):
                process, report = reports.pop(ready)
                code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
                with contextlib.suppress(BrokenPipeError):  # whoever asked waits no longer
                    os.write(report, str(code).encode())
                _close(ready, report)
            elif (request := _request(ready)) is None:
                connections.discard(ready)
                ready.close()
                if not connections:
                    os._exit(0)
            else:
                text, (*streams, report) = request
                command = os.fork()
                if command == 0:
                    for other in (listener, *connections):
                        other.close()
                    _close(report, *reports, *(report for _, report in reports.values()))
                    return _become(json.loads(text), streams)
                _close(*streams)
                reports[os.pidfd_open(command)] = command, report


def _request(connection: socket.socket) -> tuple[bytes, list[int]] | None:
    """Return the next request and its descriptors; None where there will be none."""
    length, descriptors, _, _ = socket.recv_fds(connection, 4, 4)
    request = b""
    missing = int.from_bytes(length)
    while missing and (part := connection.recv(missing)):
        request += part
        missing -= len(part)
    if request and not missing:
        return request, descriptors
    _close(*descriptors)
    return None


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _become(request: dict[str, Any], streams: list[int]) -> None:
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv[1:] = request["arguments"]
    sys.executable = request["python"]


def _modules() -> Iterator[str]:
    for folder in FOLDERS:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            yield ".".join((PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def _learn() -> None:
    """Ask what each command would ask of the program alone: the forms of values, the program's version, its rules."""
    import_module("reconciler.app.planning.unchanged_models").program_version()
    import_module("reconciler.app.wiring").grammar_version()
    fields = import_module("reconciler.codec.fields")
    for name in [name for name in sys.modules if name.startswith(("reconciler.core.", "reconciler.ports."))]:
        for kind in vars(sys.modules[name]).values():
            if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == name:
                with contextlib.suppress(NameError):  # a type that is imported for mypy alone
                    fields.members(kind)


if __name__ == "__main__":
    gc.disable()
    for library in LIBRARIES:
        import_module(library)
    for module in _modules():
        import_module(module)
    _learn()
    gc.enable()
    gc.freeze()
    runpy.run_path(str(Path(__file__).with_name("huge_pages.py")))["use_huge_pages"]()
    _serve(socket.socket(fileno=os.dup(0)))
    from reconciler.cli.main import run

    try:
        run()
    except SystemExit as ended:
        # As Python ends, without taking apart what is shared with the process that this one is forked from.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 0)
