"""A worker process: started with a fixed environment and no credentials, capped in time and memory, gone when we are.

Memory is the resident memory of the worker and of all that it started; time is wall-clock time. The protocol is that of
`reconciler.workers.request_loop`. An error in the worker comes back as a typed error; its standard error is kept for a
bug report and never shown: it may quote data.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import IO, Protocol, TypeVar

from reconciler import codec
from reconciler.adapters.executors.worker_answers import document_of, error_of, value_of
from reconciler.adapters.system.host import resident_memory
from reconciler.core.size_limits import ANSWER_BYTES
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.runtime import fixed_environment
from reconciler.errors import ReconcilerError
from reconciler.workers.request_loop import UNEXPECTED

T = TypeVar("T")
_POLL = 0.05  # seconds between looks at memory and time
_LONGEST_TAIL = 4096
_NO_MEMORY = (
    "this machine has too little free memory: work on fewer models at a time (--jobs 1), select fewer rows, or set "
    "limits.memory of the environment below what the machine has"
)
_OUR_BUG = "run the same command again; if that fails too, please report it"


class RunningWorker(Protocol):
    """The process of a worker, which leads a process group. `subprocess.Popen` is one."""

    @property
    def pid(self) -> int: ...
    @property
    def stdin(self) -> IO[bytes] | None: ...
    @property
    def stdout(self) -> IO[bytes] | None: ...
    @property
    def stderr(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...


class WorkerProcess:
    """`python -m <module>`.

    `failure` is the error class for a worker that was killed, ran out of time or broke the protocol. `begin` starts it
    in another way (a fork); once `halt` is set, every call is interrupted. `error_tail` is the end of its standard
    error, for a bug report only: it may quote data.
    """

    def __init__(
        self,
        module: str,
        *,
        failure: type[ReconcilerError],
        begin: Callable[[], RunningWorker] | None = None,
        halt: threading.Event | None = None,
    ) -> None:
        self._name = f"the {module.rpartition('.')[2]} worker process"
        self._failure = failure
        self._begin = begin or (lambda: spawn(module))
        self._halt = halt or threading.Event()
        self._process: RunningWorker | None = None
        self.error_tail = bytearray()

    def start(self) -> None:
        """Start it unless it is running. No cap counts before the first request."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        try:
            self._process = self._begin()
        except OSError as error:
            raise self._failed(f"it cannot be started: {error.strerror}") from error
        drain(self._process.stderr, self.error_tail)

    def call(self, operation: str, request: object, kind: type[T], limits: Limits) -> T:
        """Return the answer to one request, as a value of `kind`.

        The worker is ended when it exceeds a cap or breaks the protocol, and when we are interrupted; it serves on
        after an error that it reported itself.
        """
        self._check_halt()
        self.start()
        line = json.dumps({"operation": operation, "request": codec.to_json(request)}).encode() + b"\n"
        try:
            answer = document_of(self._exchange(line, limits))
            if answer is None:
                raise self._failed("its answer cannot be read")
            if "error" not in answer:
                return value_of(answer, kind, self._failed)
        except BaseException:
            self.close()
            raise
        raise self._reported(answer["error"])

    def close(self) -> None:
        """End the worker and everything that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    # --- inside --------------------------------------------------------------------------------------------------

    def _exchange(self, request: bytes, limits: Limits) -> bytes:
        """Write the request and read one line, checking the caps all the while: a worker may also stop reading."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise self._failed("it is not running")
        deadline = time.monotonic() + limits.seconds
        rest, received = memoryview(request), bytearray()
        os.set_blocking(process.stdin.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            selector.register(process.stdin, selectors.EVENT_WRITE)
            while not received.endswith(b"\n"):
                for key, _ in selector.select(_POLL):
                    if key.fileobj is process.stdout:
                        chunk = os.read(process.stdout.fileno(), 1 << 16)
                        if not chunk:
                            raise self._ended(process)
                        if len(received) + len(chunk) > ANSWER_BYTES:
                            raise self._failed(f"its answer has more than {ANSWER_BYTES:,} bytes")
                        received += chunk
                    else:
                        rest = _write_some(process.stdin.fileno(), rest)
                        if not rest:
                            selector.unregister(process.stdin)
                self._check_halt()
                self._check_caps(process.pid, limits, late=time.monotonic() > deadline)
        return bytes(received)

    def _check_halt(self) -> None:
        if self._halt.is_set():
            raise KeyboardInterrupt

    def _check_caps(self, process: int, limits: Limits, *, late: bool) -> None:
        excess, setting = "", ""
        if late:
            excess, setting = f"ran out of time (limit {limits.seconds:,} s)", "limits.time"
        elif (used := resident_memory(process)) > limits.memory:
            limit = limits.memory // 1024**2
            excess, setting = f"used {used // 1024**2:,} MiB of memory (limit {limit:,} MiB)", "limits.memory"
        if excess:
            hint = f"raise {setting} of the environment, or give it less to do"
            raise self._failure(f"{self._name} {excess}", hint=hint)

    def _ended(self, process: RunningWorker) -> ReconcilerError:
        try:
            code = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return self._failed("it closed its output and went on")
        if code >= 0:
            return self._failed(f"it ended with exit code {code}")
        killed = -code == signal.SIGKILL
        hint = _NO_MEMORY if killed else "a library crashed: try other versions"
        return self._failure(f"{self._name} was ended by {signal.Signals(-code).name}", hint=hint)

    def _failed(self, reason: str) -> ReconcilerError:
        return self._failure(f"{self._name} failed: {reason}", hint=_OUR_BUG)

    def _reported(self, error: object) -> ReconcilerError:
        """Return the error that the worker reported."""
        unexpected = isinstance(error, dict) and error.get("kind") == UNEXPECTED
        if unexpected and isinstance(error, dict) and error.get("message") in ("MemoryError", "_ArrayMemoryError"):
            return self._failure(f"{self._name} ran out of memory", hint=_NO_MEMORY)  # the latter is numpy's
        return error_of(error, self._failed)


def spawn(
    module: str,
    *arguments: str,
    stdin: int = subprocess.PIPE,
    more: Mapping[str, str] | None = None,
    keep: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """Start `python -m module` in a session of its own, with the fixed environment of all worker processes, and what
    this one needs `more`. `keep`: descriptors that it inherits."""
    return subprocess.Popen(
        # -P and -s: neither the folder that we are called from nor the user's own packages shadow a module.
        [sys.executable, "-P", "-s", "-m", module, *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**(more or {}), **fixed_environment(os.environ, architecture=platform.machine())},
        start_new_session=True,
        bufsize=0,
        pass_fds=keep,
    )


def drain(stream: IO[bytes] | None, tail: bytearray) -> None:
    """Read all of a standard error in a thread, so that its process never waits for us; keep the end in `tail`."""

    def read() -> None:
        if stream is not None:
            with stream:
                while chunk := stream.read(1 << 16):
                    tail[:] = (tail + chunk)[-_LONGEST_TAIL:]

    threading.Thread(target=read, daemon=True).start()


def _write_some(descriptor: int, rest: memoryview) -> memoryview:
    """Write some of `rest` and return what is left; nothing when the other end is closed, as its output will show."""
    try:
        return rest[os.write(descriptor, rest) :]
    except BlockingIOError:
        return rest
    except BrokenPipeError:
        return rest[:0]
