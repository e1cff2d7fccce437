"""A child process that computes for us: started with a fixed environment and no credentials, capped in time and memory,
and gone when we are. Memory is what is resident, of the child and of all that it started; time is the wall clock's.

The protocol is that of `reconciler.workers.request_loop`: one JSON line per request and per answer. What goes wrong in
the child comes back
as a typed error; what it prints on standard error is kept for a bug report and never shown, since it may quote data.
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
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

from reconciler import codec, errors
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.runtime import fixed_environment
from reconciler.errors import ReconcilerError
from reconciler.workers.request_loop import UNEXPECTED

T = TypeVar("T")
_POLL = 0.05  # seconds between looks at memory and time
_LONGEST_ANSWER = 256 * 1024**2
_LAST_WORDS = 4096
_CROSSING = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, ReconcilerError) and kind is not errors.InvalidManifestsError
}


class RunningWorker(Protocol):
    """What a child needs of its process; it leads a process group. `subprocess.Popen` is one."""

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
    """`python -m <module>`. `failure` is the error class for what the child itself cannot say (killed, out of time).
    `begin` starts it in another way (a fork); once `halt` is set, every call is an interruption.

    `last_words`: the end of what the child wrote to standard error. For a bug report only: it may quote data."""

    def __init__(
        self,
        module: str,
        *,
        failure: type[ReconcilerError],
        begin: Callable[[], RunningWorker] | None = None,
        halt: threading.Event | None = None,
    ) -> None:
        self._module = module
        self._failure = failure
        self._begin = begin or (lambda: spawn(module))
        self._halt = halt or threading.Event()
        self._process: RunningWorker | None = None
        self.last_words = b""

    def start(self) -> None:
        """Start it unless it runs already. What it costs before the first request is nobody's time yet."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        try:
            self._process = self._begin()
        except OSError as error:
            raise self._broken(f"it cannot be started: {error.strerror}") from error
        threading.Thread(target=self._drain, args=(self._process,), daemon=True).start()

    def call(self, operation: str, request: object, kind: type[T] | Any, limits: Limits) -> T:
        """The answer to one request, as a value of `kind`. The child is ended when it breaks a cap or the protocol, and
        when we are interrupted; after an error that it told us itself it serves on."""
        self._go_on()
        self.start()
        line = json.dumps({"operation": operation, "request": codec.to_json(request)}).encode() + b"\n"
        try:
            answer = _document(self._exchange(line, limits))
            if answer is None:
                raise self._broken("its answer cannot be read")
            if "error" not in answer:
                found: T = self._value(kind, answer)
                return found
        except BaseException:
            self.close()
            raise
        raise self._told(answer["error"])

    def close(self) -> None:
        """End the child and everything that it started."""
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
        """Write the request and read one line, looking at the caps all the while: a child may also stop reading."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise self._broken("it is not running")
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
                        received += chunk
                    else:
                        rest = _write_some(process.stdin.fileno(), rest)
                        if not rest:
                            selector.unregister(process.stdin)
                self._go_on()
                self._check_caps(process.pid, limits, late=time.monotonic() > deadline)
                if len(received) > _LONGEST_ANSWER:
                    raise self._broken("its answer has no end")
        return bytes(received)

    def _go_on(self) -> None:
        if self._halt.is_set():
            raise KeyboardInterrupt

    def _check_caps(self, process: int, limits: Limits, *, late: bool) -> None:
        if late:
            raise self._capped(f"ran out of time (limit {limits.seconds:,} s)", "limits.time")
        if (used := held(process)) > limits.memory:
            limit = limits.memory // 1024**2
            raise self._capped(f"used {used // 1024**2:,} MiB of memory (limit {limit:,} MiB)", "limits.memory")

    def _value(self, kind: type[T] | Any, answer: dict[str, Any]) -> T:
        try:
            found: T = codec.from_json(kind, answer["ok"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._broken("its answer is not what was asked for") from error
        return found

    def _drain(self, process: RunningWorker) -> None:
        """Read all of standard error, so that the child never waits for us there; keep the end of it."""
        if process.stderr is not None:
            with process.stderr:
                while chunk := process.stderr.read(1 << 16):
                    self.last_words = (self.last_words + chunk)[-_LAST_WORDS:]

    def _capped(self, what: str, setting: str) -> ReconcilerError:
        return self._failure(
            f"{self._name()} {what}", hint=f"raise {setting} of the environment, or give it less to do"
        )

    def _ended(self, process: RunningWorker) -> ReconcilerError:
        try:
            code = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return self._broken("it closed its output and went on")
        if code < 0:
            name = signal.Signals(-code).name
            hint = (
                "out of memory on this machine?" if -code == signal.SIGKILL else "a library crashed: try other versions"
            )
            return self._failure(f"{self._name()} was ended by {name}", hint=hint)
        return self._broken(f"it ended with exit code {code}")

    def _broken(self, what: str) -> ReconcilerError:
        return self._failure(f"{self._name()} failed: {what}", hint="run again; if it happens again, it is our bug")

    def _told(self, error: object) -> ReconcilerError:
        """The error that the child sent; our bug in it, when that is no error of ours."""
        fields = (
            {name: text for name, text in error.items() if isinstance(text, str)} if isinstance(error, dict) else {}
        )
        message = fields.get("message", "no message")
        kind = _CROSSING.get(fields.get("kind", UNEXPECTED))
        if kind is None:
            return self._broken(message[:80])
        return kind(message, hint=fields.get("hint"), code=fields.get("code"), where=fields.get("where"))

    def _name(self) -> str:
        return self._module.rpartition(".")[2]


def spawn(module: str, *arguments: str, stdin: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """`python -m module`, as every child of ours starts, in a session of its own."""
    return subprocess.Popen(
        # -P and -s: neither the folder that we are called from nor the user's own packages shadow a module.
        [sys.executable, "-P", "-s", "-m", module, *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=fixed_environment(os.environ, architecture=platform.machine()),
        start_new_session=True,
        bufsize=0,
    )


def _document(line: bytes) -> dict[str, Any] | None:
    """The JSON object of an answer line; None when it is none."""
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _write_some(descriptor: int, rest: memoryview) -> memoryview:
    """What is left to write; nothing when nobody reads any more, which the end of the output will tell."""
    try:
        return rest[os.write(descriptor, rest) :]
    except BlockingIOError:
        return rest
    except BrokenPipeError:
        return rest[:0]


def held(process: int) -> int:
    """Bytes of physical memory that a process and all that it started hold; 0 when that cannot be told."""
    return resident(process) + sum(held(child) for child in _started_by(process))


def _started_by(process: int) -> list[int]:
    """Its children, where the system tells (Linux)."""
    found: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def resident(process: int) -> int:
    """Bytes of physical memory that a process holds; 0 when that cannot be told."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        pass  # no /proc here: ask ps
    try:
        ran = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=False)
        return int(ran.stdout.strip() or 0) * 1024
    except (OSError, ValueError):
        return 0
