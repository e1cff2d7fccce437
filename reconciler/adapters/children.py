"""A child process that computes for us: started with a fixed environment and no credentials, capped in time and memory,
and gone when we are.

The protocol is `reconciler.child`'s: one JSON line per request and per answer. What goes wrong in the child comes back
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
from collections import deque
from pathlib import Path
from typing import Any, TypeVar

from reconciler import codec, errors
from reconciler.child import UNEXPECTED
from reconciler.core.environment import Limits
from reconciler.core.runtime import fixed_environment
from reconciler.errors import ReconcilerError

T = TypeVar("T")
_POLL = 0.05  # seconds between looks at memory and time


class Child:
    """`python -m <module>`. `failure` is the error class for what the child itself cannot say (killed, out of time)."""

    def __init__(self, module: str, *, failure: type[ReconcilerError]) -> None:
        self._module = module
        self._failure = failure
        self._process: subprocess.Popen[bytes] | None = None
        self._last_words: deque[bytes] = deque(maxlen=40)

    def start(self) -> None:
        """Start it unless it runs already."""
        if self._process is not None and self._process.poll() is None:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=fixed_environment(os.environ, architecture=platform.machine()),
            start_new_session=True,
        )
        drain = threading.Thread(target=self._drain, args=(self._process,), daemon=True)
        drain.start()

    def send(self, operation: str, request: object) -> None:
        self.start()
        line = json.dumps({"operation": operation, "request": codec.to_json(request)}).encode() + b"\n"
        stdin = self._running().stdin
        assert stdin is not None  # noqa: S101  (a pipe, by construction)
        try:
            stdin.write(line)
            stdin.flush()
        except BrokenPipeError:
            pass  # its end is told by receive

    def receive(self, kind: type[T] | Any, limits: Limits) -> T:
        """The next answer, as a value of `kind`. The child is ended when it breaks a cap or we are interrupted."""
        try:
            line = self._next_line(limits)
        except BaseException:
            self.close()
            raise
        try:
            answer = json.loads(line)
        except ValueError:
            answer = {}
        if "error" in answer:
            raise self._of(answer["error"])
        if "ok" not in answer:
            self.close()
            raise self._broken("its answer cannot be read")
        found: T = codec.from_json(kind, answer["ok"])
        return found

    def call(self, operation: str, request: object, kind: type[T] | Any, limits: Limits) -> T:
        self.send(operation, request)
        found: T = self.receive(kind, limits)
        return found

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

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise self._broken("it is not running")
        return self._process

    def _next_line(self, limits: Limits) -> bytes:
        process = self._running()
        assert process.stdout is not None  # noqa: S101  (a pipe, by construction)
        deadline = time.monotonic() + limits.seconds
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                if selector.select(_POLL):
                    chunk = os.read(process.stdout.fileno(), 1 << 16)
                    if not chunk:
                        raise self._ended(process)
                    received += chunk
                if time.monotonic() > deadline:
                    raise self._capped(f"ran out of time (limit {limits.seconds} s)", "limits.time")
                if (used := resident(process.pid)) > limits.memory:
                    limit = limits.memory // 1024**2
                    raise self._capped(f"used {used // 1024**2:,} MiB of memory (limit {limit:,} MiB)", "limits.memory")
        return bytes(received)

    def _drain(self, process: subprocess.Popen[bytes]) -> None:
        if process.stderr is not None:
            with process.stderr:
                for line in process.stderr:
                    self._last_words.append(line[:200])

    def _capped(self, what: str, setting: str) -> ReconcilerError:
        return self._failure(
            f"{self._name()} {what}", hint=f"raise {setting} of the environment, or give it less to do"
        )

    def _ended(self, process: subprocess.Popen[bytes]) -> ReconcilerError:
        code = process.wait()
        if code < 0:
            name = signal.Signals(-code).name
            hint = (
                "out of memory on this machine?" if -code == signal.SIGKILL else "a library crashed: try other versions"
            )
            return self._failure(f"{self._name()} was ended by {name}", hint=hint)
        return self._broken(f"it ended with exit code {code}")

    def _broken(self, what: str) -> ReconcilerError:
        return self._failure(f"{self._name()} failed: {what}", hint="run again; if it happens again, it is our bug")

    def _of(self, error: dict[str, str]) -> ReconcilerError:
        kind = getattr(errors, error["kind"], None)
        if error["kind"] == UNEXPECTED or not isinstance(kind, type) or not issubclass(kind, ReconcilerError):
            return self._broken(error["message"][:80])
        return kind(error["message"], hint=error.get("hint"), code=error.get("code"), where=error.get("where"))

    def _name(self) -> str:
        return self._module.rpartition(".")[2]


def resident(process: int) -> int:
    """Bytes of physical memory that a process holds; 0 when that cannot be told."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        pass  # no /proc here: ask ps
    out = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=False).stdout
    return int(out.strip() or 0) * 1024
